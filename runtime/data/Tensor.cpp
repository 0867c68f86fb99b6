// Host tensors: memory, element access, conversion.
#include "runtime/data/Tensor.h"
#include "runtime/support/Error.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <sys/mman.h>

namespace keel::runtime {

std::shared_ptr<std::uint8_t> allocate(std::size_t bytes) {
  constexpr std::size_t hugePage = std::size_t(2) << 20;
  std::size_t alignment = bytes >= 2 * hugePage ? hugePage : KEEL_ARTIFACT_ALIGNMENT;
  if (bytes > std::numeric_limits<std::size_t>::max() - alignment)
    throw std::bad_alloc();
  std::size_t rounded = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  void *memory = std::aligned_alloc(alignment, rounded);
  if (!memory)
    throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (alignment == hugePage)
    ::madvise(memory, rounded, MADV_HUGEPAGE); // only a hint
#endif
  return {static_cast<std::uint8_t *>(memory), [](std::uint8_t *pointer) { std::free(pointer); }};
}

std::size_t countElements(std::span<const std::int64_t> shape, std::uint32_t dtype, keel_status status) {
  std::int64_t size = static_cast<std::int64_t>(keel_dtype_size(dtype));
  if (size == 0)
    fail(status, "unknown element type ", dtype);
  std::int64_t bytes = size;
  bool empty = false;
  for (std::int64_t extent : shape) {
    if (extent < 0)
      fail(status, "negative extent ", extent, " in a shape");
    // An empty tensor may have any other extents, but their product must not overflow either: strides are made of them.
    empty |= extent == 0;
    if (extent != 0 && __builtin_mul_overflow(bytes, extent, &bytes))
      fail(status, "a tensor of ", typeText(dtype, shape), " is too large");
  }
  return empty ? 0 : static_cast<std::size_t>(bytes / size);
}

Tensor::Tensor(std::uint32_t dtype, Shape extents)
    : dtype(dtype), shape(std::move(extents)), elements(countElements(shape, dtype)) {
  memory = allocate(bytes());
}

std::size_t bytesOf(const keel_view &view) {
  return countElements(shapeOf(view), view.dtype) * keel_dtype_size(view.dtype);
}

std::string typeText(std::uint32_t dtype, std::span<const std::int64_t> shape) {
  std::string result = keel_dtype_name(dtype);
  result += '[';
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i)
      result += 'x';
    result += shape[i] < 0 ? "?" : std::to_string(shape[i]);
  }
  return result + ']';
}

bool isInteger(std::uint32_t dtype) { return dtype >= KEEL_DTYPE_BOOL && dtype <= KEEL_DTYPE_U8; }

namespace {
template <class T> double load(const void *data, std::size_t index) {
  T value;
  std::memcpy(&value, static_cast<const char *>(data) + index * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

template <class T> void store(void *data, std::size_t index, T value) {
  std::memcpy(static_cast<char *>(data) + index * sizeof(T), &value, sizeof(T));
}

template <class T> T saturate(double value) {
  if (std::isnan(value))
    return 0;
  // 2^63 is a double and INT64_MAX is not: compare from outside.
  if (value >= std::ldexp(1.0, std::numeric_limits<T>::digits))
    return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min()))
    return std::numeric_limits<T>::min();
  return static_cast<T>(std::nearbyint(value));
}

double fromHalf(std::uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double value = exponent == 0 ? std::ldexp(fraction, -24)
                 : exponent == 31
                     ? (fraction ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity())
                     : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -value : value;
}

/// Rounds to nearest, ties to even, in one step from double.
std::uint16_t toHalf(double value) {
  std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double magnitude = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7e00;
  if (magnitude >= 65520) // halfway between the largest finite value and 2^16
    return sign | 0x7c00;
  int exponent = magnitude < std::ldexp(1.0, -14) ? -14 : std::ilogb(magnitude);
  // In units of the last place; a carry runs into the exponent as it should.
  auto units = static_cast<std::uint16_t>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  return static_cast<std::uint16_t>(sign | (((exponent + 14) << 10) + units));
}

std::uint16_t toBfloat(double value) {
  // Through float rounded to odd, so that rounding twice equals rounding once.
  float nearest = static_cast<float>(value);
  std::uint32_t bits = std::bit_cast<std::uint32_t>(nearest);
  if (std::isnan(value))
    return static_cast<std::uint16_t>(bits >> 16 | 64);
  if (std::isinf(nearest))
    return static_cast<std::uint16_t>(bits >> 16);
  if (static_cast<double>(nearest) != value) {
    if (std::fabs(static_cast<double>(nearest)) > std::fabs(value))
      --bits;
    bits |= 1;
  }
  bits += 0x7fff + (bits >> 16 & 1);
  return static_cast<std::uint16_t>(bits >> 16);
}
} // namespace

double loadElement(const void *data, std::uint32_t dtype, std::size_t index) {
  switch (dtype) {
  case KEEL_DTYPE_BOOL:
  case KEEL_DTYPE_U8:
    return load<std::uint8_t>(data, index);
  case KEEL_DTYPE_I8:
    return load<std::int8_t>(data, index);
  case KEEL_DTYPE_I16:
    return load<std::int16_t>(data, index);
  case KEEL_DTYPE_I32:
    return load<std::int32_t>(data, index);
  case KEEL_DTYPE_I64:
    return load<std::int64_t>(data, index);
  case KEEL_DTYPE_F16:
    return fromHalf(static_cast<std::uint16_t>(load<std::uint16_t>(data, index)));
  case KEEL_DTYPE_BF16: {
    auto bits = static_cast<std::uint32_t>(load<std::uint16_t>(data, index)) << 16;
    return std::bit_cast<float>(bits);
  }
  case KEEL_DTYPE_F32:
    return load<float>(data, index);
  case KEEL_DTYPE_F64:
    return load<double>(data, index);
  }
  fail(KEEL_INTERNAL, "unknown element type ", dtype);
}

void storeElement(void *data, std::uint32_t dtype, std::size_t index, double value) {
  switch (dtype) {
  case KEEL_DTYPE_BOOL:
    return store<std::uint8_t>(data, index, value != 0);
  case KEEL_DTYPE_U8:
    return store(data, index, saturate<std::uint8_t>(value));
  case KEEL_DTYPE_I8:
    return store(data, index, saturate<std::int8_t>(value));
  case KEEL_DTYPE_I16:
    return store(data, index, saturate<std::int16_t>(value));
  case KEEL_DTYPE_I32:
    return store(data, index, saturate<std::int32_t>(value));
  case KEEL_DTYPE_I64:
    return store(data, index, saturate<std::int64_t>(value));
  case KEEL_DTYPE_F16:
    return store(data, index, toHalf(value));
  case KEEL_DTYPE_BF16:
    return store(data, index, toBfloat(value));
  case KEEL_DTYPE_F32:
    return store(data, index, static_cast<float>(value));
  case KEEL_DTYPE_F64:
    return store(data, index, value);
  }
  fail(KEEL_INTERNAL, "unknown element type ", dtype);
}

Tensor convert(const keel_view &view, std::uint32_t dtype, Shape shape, const std::string &what) {
  Tensor result(dtype, std::move(shape));
  if (dtype == view.dtype) {
    std::memcpy(result.data(), view.data, result.bytes());
    return result;
  }
  for (std::size_t i = 0; i < result.elements; ++i) {
    double value = loadElement(view.data, view.dtype, i);
    storeElement(result.data(), dtype, i, value);
    if (isInteger(dtype) && loadElement(result.data(), dtype, i) != value)
      fail(KEEL_INVALID_ARGUMENT, what, ": element ", i, " is ", value, ", which is no ", keel_dtype_name(dtype));
  }
  return result;
}

} // namespace keel::runtime

extern "C" size_t keel_dtype_size(uint32_t dtype) {
  static constexpr std::uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 2, 2, 4, 8};
  return dtype < sizeof(sizes) ? sizes[dtype] : 0;
}

extern "C" const char *keel_dtype_name(uint32_t dtype) {
  static constexpr const char *names[] = {"?", "bool", "i8", "i16", "i32", "i64", "u8", "f16", "bf16", "f32", "f64"};
  return dtype < sizeof(names) / sizeof(*names) ? names[dtype] : "?";
}
