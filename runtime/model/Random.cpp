// Philox4x32-10 and the distributions made of it.
#include "runtime/model/Random.h"

#include <cmath>
#include <numbers>

namespace keel::runtime {

__extension__ using Wide = unsigned __int128;

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a of the name
  for (char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  // Mixed (SplitMix64's finalizer), so that neighbouring seeds share nothing.
  std::uint64_t z = hash + 0x9e3779b97f4a7c15 * (seed + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  key = z ^ (z >> 31);
}

PhiloxBlock philox(std::uint64_t index, std::uint64_t key) {
  std::uint32_t c0 = static_cast<std::uint32_t>(index), c1 = static_cast<std::uint32_t>(index >> 32), c2 = 0, c3 = 0;
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    std::uint64_t p0 = std::uint64_t(0xD2511F53) * c0, p1 = std::uint64_t(0xCD9E8D57) * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {{c0, c1, c2, c3}};
}

std::uint64_t RandomStream::bits(std::uint64_t index) const {
  PhiloxBlock words = philox(index, key);
  return std::uint64_t(words.word[1]) << 32 | words.word[0];
}

double RandomStream::uniform(std::uint64_t index) const { return static_cast<double>(bits(index) >> 11) * 0x1p-53; }

double RandomStream::normal(std::uint64_t index) const {
  PhiloxBlock words = philox(index, key);
  std::uint64_t first = std::uint64_t(words.word[1]) << 32 | words.word[0];
  std::uint64_t second = std::uint64_t(words.word[3]) << 32 | words.word[2];
  double u = static_cast<double>((first >> 11) + 1) * 0x1p-53; // in (0, 1]
  double angle = 2 * std::numbers::pi * static_cast<double>(second >> 11) * 0x1p-53;
  return std::sqrt(-2 * std::log(u)) * std::cos(angle);
}

std::uint64_t RandomStream::below(std::uint64_t index, std::uint64_t bound) const {
  // The high half of the product (Lemire 2019); its bias is below bound / 2^64.
  return static_cast<std::uint64_t>(static_cast<Wide>(bits(index)) * bound >> 64);
}

} // namespace keel::runtime
