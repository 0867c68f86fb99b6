// What a launch's arguments say of the matrices that its tensor maps describe.
#ifndef KEEL_DEVICE_TENSORMAPS_H
#define KEEL_DEVICE_TENSORMAPS_H

#include "keel/artifact.h"

#include <bit>
#include <cstdint>
#include <span>

namespace keel::runtime {

/// What the kernel gets by value: a CUtensorMap, or the emulator's own encoding.
struct alignas(64) EncodedTensorMap {
  std::uint64_t opaque[16];
};

/// A row-major matrix of elements of 16 bits, or of f32.
struct MappedMatrix {
  std::uint64_t address, rows, columns;
  std::uint32_t elementBytes;
  int swizzle; // CUtensorMapSwizzle: over a box's row, of 32, 64 or 128 bytes

  MappedMatrix(const keel_artifact_tensor_map &map, const std::uint64_t *arguments)
      : address(arguments[map.argument]), rows(extent(map.extents[0], arguments)),
        columns(extent(map.extents[1], arguments)), elementBytes(map.dtype == KEEL_DTYPE_F32 ? 4 : 2),
        swizzle(std::countr_zero(map.box[1] * elementBytes / 16)) {}

private:
  static std::uint64_t extent(std::int64_t known, const std::uint64_t *arguments) {
    return known < 0 ? arguments[-1 - known] : static_cast<std::uint64_t>(known);
  }
};

inline std::span<const keel_artifact_tensor_map> tensorMapsOf(const keel_artifact_kernel &kernel) {
  return {kernel.tensor_maps, kernel.num_tensor_maps};
}

} // namespace keel::runtime

#endif
