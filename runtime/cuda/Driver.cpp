// Finding the CUDA driver and its functions.
#include "runtime/cuda/Driver.h"

#include <cstdlib>
#include <dlfcn.h>

namespace keel::runtime {

Driver::Driver() {
  const char *named = std::getenv("KEEL_CUDA_DRIVER");
  const char *path = named && *named ? named : "libcuda.so.1";
  handle = std::shared_ptr<void>(::dlopen(path, RTLD_NOW | RTLD_LOCAL), [](void *library) {
    if (library)
      ::dlclose(library);
  });
  if (!handle) {
    std::string reason = ::dlerror();
    for (char &c : reason)
      c = c == '\n' ? ' ' : c;
    fail(KEEL_DEVICE, "no CUDA driver: ", reason);
  }
  auto find = [&](const char *name, bool isNeeded) {
    void *function = ::dlsym(handle.get(), name);
    if (!function && isNeeded)
      fail(KEEL_DEVICE, "the CUDA driver '", path, "' is too old: it lacks ", name, ", which is there from CUDA 11.4 on");
    return function;
  };
#define KEEL_FIND(name, parameters) name = reinterpret_cast<decltype(name)>(find(#name, true));
  KEEL_CUDA_FUNCTIONS(KEEL_FIND)
#undef KEEL_FIND
  cuLaunchKernelEx = reinterpret_cast<keel_cuLaunchKernelEx>(find("cuLaunchKernelEx", false));
  cuTensorMapEncodeTiled = reinterpret_cast<keel_cuTensorMapEncodeTiled>(find("cuTensorMapEncodeTiled", false));
  cuOccupancyMaxActiveClusters =
      reinterpret_cast<keel_cuOccupancyMaxActiveClusters>(find("cuOccupancyMaxActiveClusters", false));
  check(cuInit(0), "the CUDA driver cannot be used");
}

std::string Driver::errorText(CUresult result) const {
  const char *name = nullptr, *description = nullptr;
  if (cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
    return text("CUDA error ", result);
  if (cuGetErrorString(result, &description) != CUDA_SUCCESS || !description)
    return name;
  return text(name, ": ", description);
}

} // namespace keel::runtime
