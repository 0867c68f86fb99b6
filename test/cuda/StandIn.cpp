// The functions of the CUDA driver that the runtime uses, as a shared library to be named by KEEL_CUDA_DRIVER: devices,
// contexts and modules.
#include "test/cuda/Functions.h"

#include <cstdio>
#include <map>
#include <memory>

using namespace keel::stand_in;

namespace keel::stand_in {
Driver driver;
std::recursive_mutex mutex;

void checkFunction(CUfunction function, const char *where) {
  for (CUmodule module : driver.modules)
    for (const auto &[name, known] : module->functions)
      if (known.get() == function)
        return;
  fault(std::string(where) + ": a function of no loaded module");
}
} // namespace keel::stand_in

extern "C" {

CUresult cuInit(unsigned flags) {
  ENTER(false);
  if (flags)
    return CUDA_ERROR_INVALID_VALUE;
  driver.isInitialised = true;
  return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version) {
  ENTER(false);
  *version = driver.version;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult result, const char **name) {
  static const std::map<CUresult, const char *> names = {
      {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
      {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
      {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED"},
      {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
      {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
      {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE"},
      {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
      {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
      {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
      {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"}};
  auto found = names.find(result);
  *name = found == names.end() ? nullptr : found->second;
  return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult result, const char **text) {
  *text = "as the stand-in was told";
  return result ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

// --- Devices and contexts -------------------------------------------------------------------------------------------

CUresult cuDeviceGetCount(int *count) {
  ENTER(false);
  *count = driver.numDevices;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  ENTER(false);
  if (ordinal < 0 || ordinal >= driver.numDevices)
    return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int bytes, CUdevice) {
  ENTER(false);
  std::snprintf(name, static_cast<std::size_t>(bytes), "Stand-in GPU");
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  ENTER(false);
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    *value = driver.sm / 10;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    *value = driver.sm % 10;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: // CUDA C++ Programming Guide, "Technical specifications"
    *value = (driver.sm == 80 ? 163 : driver.sm < 90 ? 99 : 227) << 10;
    return CUDA_SUCCESS;
  }
  fault("cuDeviceGetAttribute: an attribute that the stand-in does not have");
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  ENTER(false);
  ++driver.context.retained;
  *context = &driver.context;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  ENTER(false);
  if (driver.context.retained-- == 0)
    fault("cuDevicePrimaryCtxRelease of a context that was not retained");
  return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
  std::scoped_lock lock(mutex);
  if (context != &driver.context || driver.context.retained == 0)
    fault("cuCtxPushCurrent of what is no context");
  driver.current.push_back(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  std::scoped_lock lock(mutex);
  if (driver.current.empty())
    fault("cuCtxPopCurrent without a push");
  *context = driver.current.back();
  driver.current.pop_back();
  return CUDA_SUCCESS;
}

// --- Modules --------------------------------------------------------------------------------------------------------

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned numOptions, int *, void **) {
  ENTER(true);
  if (numOptions)
    fault("cuModuleLoadDataEx: the stand-in takes no options");
  auto loaded = std::make_unique<CUmod_st>();
  if (CUresult result = driver.load(*loaded, image); result != CUDA_SUCCESS)
    return result;
  *module = loaded.release();
  driver.modules.insert(*module);
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  ENTER(true);
  checkHandle(driver.modules, module, __func__);
  driver.modules.erase(module);
  delete module;
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  ENTER(true, name);
  checkHandle(driver.modules, module, __func__);
  auto found = module->functions.find(name);
  if (found == module->functions.end())
    return CUDA_ERROR_NOT_FOUND;
  *function = found->second.get();
  return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction function) {
  ENTER(true);
  checkFunction(function, __func__);
  *value = attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024
           : attribute == CU_FUNC_ATTRIBUTE_NUM_REGS           ? static_cast<int>(function->kernel->registers)
                                                                : 0;
  return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
  ENTER(true);
  checkFunction(function, __func__);
  if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
    function->dynamicBytes = value;
  return CUDA_SUCCESS;
}

} // extern "C"
