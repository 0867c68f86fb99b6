// DLPack in and out. Without the header (Debian: libdlpack-dev) both are errors.
#include "runtime/data/Dlpack.h"
#include "runtime/support/Error.h"

#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#define KEEL_HAS_DLPACK 1
#endif

namespace keel::runtime {

#ifdef KEEL_HAS_DLPACK

namespace {
constexpr std::uint8_t boolCode = 6; // kDLBool, younger than some installed headers

struct Type {
  std::uint8_t code, bits;
  keel_dtype dtype;
};
constexpr Type types[] = {
    {boolCode, 8, KEEL_DTYPE_BOOL}, {kDLInt, 8, KEEL_DTYPE_I8},       {kDLInt, 16, KEEL_DTYPE_I16},
    {kDLInt, 32, KEEL_DTYPE_I32},   {kDLInt, 64, KEEL_DTYPE_I64},     {kDLUInt, 8, KEEL_DTYPE_U8},
    {kDLFloat, 16, KEEL_DTYPE_F16}, {kDLBfloat, 16, KEEL_DTYPE_BF16}, {kDLFloat, 32, KEEL_DTYPE_F32},
    {kDLFloat, 64, KEEL_DTYPE_F64},
};

struct Export {
  DLManagedTensor managed;
  Tensor tensor;
};
} // namespace

Tensor importDlpack(DLManagedTensor *managed) {
  if (!managed)
    fail(KEEL_INVALID_ARGUMENT, "no DLPack tensor given");
  // The owner of the memory from here on, whatever happens.
  std::shared_ptr<DLManagedTensor> owner(managed, [](DLManagedTensor *tensor) {
    if (tensor->deleter)
      tensor->deleter(tensor);
  });
  const DLTensor &source = managed->dl_tensor;
  if (source.device.device_type != kDLCPU && source.device.device_type != kDLCUDAHost)
    fail(KEEL_INVALID_ARGUMENT, "the DLPack tensor is on device type ", static_cast<int>(source.device.device_type),
         ", not in host memory");
  Tensor result;
  result.dtype = 0;
  for (const Type &type : types)
    if (source.dtype.lanes == 1 && source.dtype.code == type.code && source.dtype.bits == type.bits)
      result.dtype = type.dtype;
  if (!result.dtype)
    fail(KEEL_INVALID_ARGUMENT, "the DLPack tensor's element type (code ", unsigned(source.dtype.code), ", ",
         unsigned(source.dtype.bits), " bits, ", source.dtype.lanes, " lanes) is not supported");
  if (source.ndim < 0 || (source.ndim && !source.shape))
    fail(KEEL_INVALID_ARGUMENT, "the DLPack tensor has no shape");
  result.shape.assign(source.shape, source.shape + source.ndim);
  result.elements = countElements(result.shape, result.dtype);
  std::int64_t stride = 1;
  for (int d = source.ndim; source.strides && result.elements && d-- > 0;) {
    if (source.shape[d] != 1 && source.strides[d] != stride)
      fail(KEEL_INVALID_ARGUMENT, "the DLPack tensor is not dense and row-major: make it contiguous first");
    stride *= source.shape[d];
  }
  result.memory = {owner, static_cast<std::uint8_t *>(source.data) + source.byte_offset};
  return result;
}

DLManagedTensor *exportDlpack(const Tensor &tensor) {
  auto *result = new Export{{}, tensor};
  DLTensor &target = result->managed.dl_tensor;
  target.data = result->tensor.data();
  target.device = {kDLCPU, 0};
  target.ndim = static_cast<std::int32_t>(tensor.shape.size());
  target.shape = result->tensor.shape.data(); // no strides: dense and row-major
  for (const Type &type : types)
    if (type.dtype == tensor.dtype)
      target.dtype = {type.code, type.bits, 1};
  result->managed.manager_ctx = result;
  result->managed.deleter = [](DLManagedTensor *self) { delete static_cast<Export *>(self->manager_ctx); };
  return &result->managed;
}

#else

Tensor importDlpack(DLManagedTensor *) { fail(KEEL_INVALID_ARGUMENT, "this runtime was built without DLPack"); }
DLManagedTensor *exportDlpack(const Tensor &) { fail(KEEL_INVALID_ARGUMENT, "this runtime was built without DLPack"); }

#endif

} // namespace keel::runtime
