// A dense row-major host tensor that owns its memory or shares someone else's.
#ifndef KEEL_DATA_TENSOR_H
#define KEEL_DATA_TENSOR_H

#include "keel/keel.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace keel::runtime {

using Shape = std::vector<std::int64_t>;

/// Memory aligned to KEEL_ARTIFACT_ALIGNMENT, not initialised; large blocks ask for huge pages.
std::shared_ptr<std::uint8_t> allocate(std::size_t bytes);

/// Elements of a shape (all extents >= 0); throws Error(status) if the bytes would not fit 63 bits.
std::size_t countElements(std::span<const std::int64_t> shape, std::uint32_t dtype,
                          keel_status status = KEEL_INVALID_ARGUMENT);

struct Tensor {
  Tensor() = default;
  /// Not initialised.
  Tensor(std::uint32_t dtype, Shape shape);

  std::uint32_t dtype = KEEL_DTYPE_F32;
  Shape shape;
  std::shared_ptr<std::uint8_t> memory;
  std::size_t elements = 0;

  std::uint8_t *data() const { return memory.get(); }
  std::size_t bytes() const { return elements * keel_dtype_size(dtype); }
  keel_view view() const { return {data(), shape.data(), static_cast<std::uint32_t>(shape.size()), dtype}; }
};

inline std::span<const std::int64_t> shapeOf(const keel_view &view) { return {view.shape, view.rank}; }
inline std::span<const std::int64_t> shapeOf(const keel_artifact_tensor &type) { return {type.shape, type.rank}; }
std::size_t bytesOf(const keel_view &view);

/// "f32[?x64]"
std::string typeText(std::uint32_t dtype, std::span<const std::int64_t> shape);
inline std::string typeText(const keel_view &view) { return typeText(view.dtype, shapeOf(view)); }
inline std::string typeText(const keel_artifact_tensor &type) { return typeText(type.dtype, shapeOf(type)); }

/// One element as a double (an i64 beyond 2^53 is rounded), and the reverse: rounded to nearest, integers saturated.
double loadElement(const void *data, std::uint32_t dtype, std::size_t index);
void storeElement(void *data, std::uint32_t dtype, std::size_t index, double value);

bool isInteger(std::uint32_t dtype);

/// The same values in another dtype and with the same number of elements in `shape`; throws where an integer would not
/// survive. `what` names the tensor in errors.
Tensor convert(const keel_view &view, std::uint32_t dtype, Shape shape, const std::string &what);

} // namespace keel::runtime

struct keel_tensor {
  keel::runtime::Tensor tensor;
};

#endif
