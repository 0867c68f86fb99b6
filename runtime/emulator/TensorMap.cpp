// The limits that the driver checks (CUDA driver API, cuTensorMapEncodeTiled).
#include "runtime/emulator/TensorMap.h"

#include <cstring>

namespace keel::emulator {

const char *encode(const TensorMap &map, void *opaque) {
  if (map.rank < 1 || map.rank > 5)
    return "a tensor map has 1 to 5 dimensions";
  if (map.base % 16)
    return "the tensor's address must be a multiple of 16";
  std::uint32_t inner = map.box[0] * map.elementBytes;
  if (inner % 16)
    return "the box's innermost dimension must be a multiple of 16 bytes";
  if (map.swizzle != Swizzle::None && inner > 16u << static_cast<int>(map.swizzle))
    return "the box's innermost dimension must fit the swizzle";
  for (std::uint32_t d = 0; d < map.rank; ++d) {
    if (map.box[d] == 0 || map.box[d] > 256)
      return "each dimension of the box must be 1 to 256";
    if (map.extents[d] == 0)
      return "a dimension of the tensor is empty";
    if (d && (map.strides[d - 1] % 16 || map.strides[d - 1] >> 40))
      return "strides must be multiples of 16 bytes, below 2^40";
  }
  TensorMap copy = map;
  copy.magic = TensorMap::expectedMagic;
  std::memset(opaque, 0, 128);
  std::memcpy(opaque, &copy, sizeof copy);
  return nullptr;
}

} // namespace keel::emulator
