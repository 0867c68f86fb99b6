// Random numbers that are a function of (seed, name, index): Philox4x32-10 (Salmon et al., "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011). No state, so any element can be computed alone and in any order.
#ifndef KEEL_MODEL_RANDOM_H
#define KEEL_MODEL_RANDOM_H

#include <cstdint>
#include <string_view>

namespace keel::runtime {

struct PhiloxBlock {
  std::uint32_t word[4];
};
PhiloxBlock philox(std::uint64_t counter, std::uint64_t key);

class RandomStream {
public:
  RandomStream(std::uint64_t seed, std::string_view name);

  std::uint64_t bits(std::uint64_t index) const;
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform(std::uint64_t index) const;
  /// Standard normal; uses the bits of `index` in a way of its own (Box-Muller).
  double normal(std::uint64_t index) const;
  /// Uniform in [0, bound).
  std::uint64_t below(std::uint64_t index, std::uint64_t bound) const;

private:
  std::uint64_t key;
};

} // namespace keel::runtime

#endif
