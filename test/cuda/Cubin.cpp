// What a cubin says of a kernel: an ELF file whose sections .nv.info.<kernel> list attributes. Their layout is that of the
// files ptxas writes (cuobjdump -elf shows the same): format, number, 16 bits of size or value, then the value.
#include "test/cuda/StandIn.h"

#include <algorithm>
#include <cstring>
#include <elf.h>

namespace keel::stand_in {

namespace {
constexpr std::uint8_t sizedFormat = 4, parameterInfo = 0x17, requiredThreads = 0x10;

template <class T> T read(const std::uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
} // namespace

bool readCubin(const void *image, std::size_t bytes, const std::string &symbol, CubinKernel &kernel) {
  auto *data = static_cast<const std::uint8_t *>(image);
  if (bytes < sizeof(Elf64_Ehdr) || std::memcmp(data, ELFMAG, SELFMAG) != 0)
    return false;
  auto header = read<Elf64_Ehdr>(data);
  auto section = [&](unsigned index) { return read<Elf64_Shdr>(data + header.e_shoff + index * sizeof(Elf64_Shdr)); };
  const char *names = reinterpret_cast<const char *>(data) + section(header.e_shstrndx).sh_offset;
  std::vector<std::pair<std::uint16_t, std::uint32_t>> parameters; // ordinal and bytes
  bool hasCode = false;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr found = section(i);
    std::string name = names + found.sh_name;
    hasCode |= name == ".text." + symbol;
    if (name != ".nv.info." + symbol)
      continue;
    const std::uint8_t *at = data + found.sh_offset, *end = at + found.sh_size;
    while (at + 4 <= end) {
      const std::uint8_t *value = at + 4;
      if (at[0] == sizedFormat && at[1] == parameterInfo) // index, 16 bits of ordinal, of offset, and the size from bit 18 on
        parameters.emplace_back(read<std::uint16_t>(value + 4), read<std::uint32_t>(value + 8) >> 18);
      if (at[0] == sizedFormat && at[1] == requiredThreads)
        kernel.threads = read<std::uint32_t>(value);
      at = value + (at[0] == sizedFormat ? read<std::uint16_t>(at + 2) : 0);
    }
  }
  if (!hasCode)
    fault("the image has no kernel '" + symbol + "'");
  std::sort(parameters.begin(), parameters.end());
  for (const auto &[ordinal, size] : parameters)
    kernel.parameterBytes.push_back(size);
  return true;
}

} // namespace keel::stand_in
