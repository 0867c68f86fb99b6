// A GPU's context, and making it current.
#ifndef KEEL_CUDA_CONTEXT_H
#define KEEL_CUDA_CONTEXT_H

#include "runtime/cuda/Driver.h"

#include <cstdint>
#include <memory>
#include <string>

namespace keel::runtime {

/// A GPU's primary context, which the process's other users of CUDA share.
class Context {
public:
  Context(std::shared_ptr<const Driver> driver, int ordinal);
  ~Context();
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;

  /// Nothing is taken from the GPU before.
  void open();
  int attribute(int which) const;

  std::shared_ptr<const Driver> driver;
  CUdevice device = 0;
  CUcontext handle = nullptr;
  std::string name;
  std::uint32_t sm = 0; // compute capability: 90 for 9.0
};

/// "9.0"
inline std::string smText(std::uint32_t sm) { return text(sm / 10, ".", sm % 10); }

/// Makes a context this thread's for a while, and leaves the caller's own as it was.
class Current {
public:
  explicit Current(const Context &context) : driver(*context.driver) {
    driver.check(driver.cuCtxPushCurrent_v2(context.handle), "'", context.name, "'");
  }
  ~Current() {
    CUcontext popped;
    driver.cuCtxPopCurrent_v2(&popped);
  }
  Current(const Current &) = delete;
  Current &operator=(const Current &) = delete;

private:
  const Driver &driver;
};

} // namespace keel::runtime

#endif
