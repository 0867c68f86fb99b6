// What the driver's functions share.
#ifndef KEEL_TEST_CUDA_FUNCTIONS_H
#define KEEL_TEST_CUDA_FUNCTIONS_H

#include "test/cuda/StandIn.h"

#include <mutex>
#include <string>

namespace keel::stand_in {

// A driver is one for a process: it lives from its loading to its unloading.
extern Driver driver;
extern std::recursive_mutex mutex;

inline std::uint8_t *toPointer(CUdeviceptr address) { return reinterpret_cast<std::uint8_t *>(address); }

template <class Set, class Handle> void checkHandle(const Set &set, Handle handle, const char *function) {
  if (!set.contains(handle))
    fault(std::string(function) + ": a handle that is none, or no longer");
}
void checkFunction(CUfunction function, const char *where);

} // namespace keel::stand_in

// Logs, checks, and leaves the function if it is meant to fail.
#define ENTER(needsContext, ...)                                                                                       \
  std::scoped_lock lock(mutex);                                                                                        \
  if (CUresult injected = driver.enter(__func__, needsContext __VA_OPT__(, ) __VA_ARGS__); injected != CUDA_SUCCESS)   \
  return injected

#endif
