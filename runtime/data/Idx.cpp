// IDX, the format of MNIST (http://yann.lecun.com/exdb/mnist): two zero bytes, a type, the rank, big-endian 32-bit
// extents, then big-endian data.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>

namespace keel::runtime {

Tensor parseIdx(Bytes bytes) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0)
    fail(KEEL_BAD_FORMAT, "not an IDX file");
  std::uint32_t dtype = 0;
  switch (bytes[2]) {
  case 0x08:
    dtype = KEEL_DTYPE_U8;
    break;
  case 0x09:
    dtype = KEEL_DTYPE_I8;
    break;
  case 0x0B:
    dtype = KEEL_DTYPE_I16;
    break;
  case 0x0C:
    dtype = KEEL_DTYPE_I32;
    break;
  case 0x0D:
    dtype = KEEL_DTYPE_F32;
    break;
  case 0x0E:
    dtype = KEEL_DTYPE_F64;
    break;
  default:
    fail(KEEL_BAD_FORMAT, "IDX element type ", unsigned(bytes[2]), " is unknown");
  }
  std::size_t rank = bytes[3], start = 4 + 4 * rank;
  if (bytes.size() < start)
    fail(KEEL_BAD_FORMAT, "truncated IDX header: ", start, " bytes expected, ", bytes.size(), " found");
  Shape shape;
  for (std::size_t at = 4; at < start; at += 4)
    shape.push_back(std::int64_t(bytes[at]) << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);

  std::size_t size = keel_dtype_size(dtype), expected = countElements(shape, dtype, KEEL_BAD_FORMAT) * size;
  if (bytes.size() - start != expected)
    fail(KEEL_BAD_FORMAT, bytes.size() - start < expected ? "truncated: " : "too long: ", typeText(dtype, shape),
         " takes ", expected, " bytes, ", bytes.size() - start, " found");
  Tensor result(dtype, std::move(shape));
  if (expected)
    std::memcpy(result.data(), bytes.data() + start, expected);
  if (size > 1)
    for (std::size_t i = 0; i < result.elements; ++i)
      std::reverse(result.data() + i * size, result.data() + (i + 1) * size);
  return result;
}

} // namespace keel::runtime
