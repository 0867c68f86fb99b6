// Tensor maps: what cuTensorMapEncodeTiled makes and the TMA instructions read. The hardware's encoding is not public, so the
// emulator has its own in the same 128 bytes.
#ifndef KEEL_EMULATOR_TENSORMAP_H
#define KEEL_EMULATOR_TENSORMAP_H

#include <cstdint>

namespace keel::emulator {

/// CUtensorMapSwizzle's numbers. The 16-byte pieces of shared memory are permuted by their address (PTX ISA 5.5.7).
enum class Swizzle : std::uint8_t { None, Bytes32, Bytes64, Bytes128 };

/// The arguments of cuTensorMapEncodeTiled that matter; innermost dimension first.
struct TensorMap {
  std::uint32_t magic;
  std::uint8_t rank, elementBytes;
  Swizzle swizzle;
  std::uint8_t fillsWithNaN;
  std::uint64_t base;
  std::uint32_t extents[5];
  std::uint32_t box[5]; // elements, up to 256 each
  std::uint64_t strides[4]; // bytes, of the dimensions but the first: multiples of 16
  static constexpr std::uint32_t expectedMagic = 0x50414d54;
};
static_assert(sizeof(TensorMap) <= 128);

/// Writes the map into `opaque` (128 bytes, aligned to 64). Returns what is wrong with it, or null.
const char *encode(const TensorMap &map, void *opaque);

/// The place in a swizzled tile that holds the byte at `address`, when it would be at `address` without.
constexpr std::uint64_t swizzled(std::uint64_t address, Swizzle swizzle) {
  std::uint64_t bits = (1u << static_cast<int>(swizzle)) - 1;
  return address ^ ((address >> 7 & bits) << 4);
}

} // namespace keel::emulator

#endif
