// Runs a fuzz target without libFuzzer: over every file of a corpus, its prefixes, and mutations that are the same in
// every run.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

int main(int argc, char **argv) {
  std::size_t runs = 0;
  std::uint32_t bits = 1;
  auto random = [&](std::size_t bound) { return ((bits = bits * 1664525u + 1013904223u) >> 8) % bound; };
  for (int i = 1; i < argc; ++i)
    for (const auto &entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
      // A buffer of the exact size, so that the address sanitizer sees a read beyond it.
      auto run = [&](std::vector<std::uint8_t> bytes) {
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
        ++runs;
      };
      std::vector<std::uint8_t> bytes(text.begin(), text.end());
      for (std::size_t length = 0; length <= bytes.size(); ++length)
        run({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)});
      for (int round = 0; round < 2000 && !bytes.empty(); ++round) {
        std::vector<std::uint8_t> mutant = bytes;
        for (std::size_t changes = 1 + random(4); changes-- > 0;)
          mutant[random(mutant.size())] =
              static_cast<std::uint8_t>(round % 2 ? random(256) : "0123456789-,\":[]{}\xff"[random(19)]);
        run(mutant);
      }
    }
  std::printf("%zu runs\n", runs);
  return runs == 0;
}
