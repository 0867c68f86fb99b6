// A launch of a compiled model's kernel as the emulator takes it.
#ifndef KEEL_DEVICE_EMULATEDKERNEL_H
#define KEEL_DEVICE_EMULATEDKERNEL_H

#include "keel/artifact.h"
#include "runtime/emulator/Emulator.h"

#include <vector>

namespace keel::runtime {

/// `kernel` refers to `buffers`: what the launch's pointers point to.
struct EmulatedKernel {
  EmulatedKernel(const keel_artifact_kernel &kernel, const std::uint64_t *arguments);
  EmulatedKernel(const EmulatedKernel &) = delete;
  EmulatedKernel &operator=(const EmulatedKernel &) = delete;

  std::vector<emulator::Buffer> buffers;
  emulator::Kernel kernel;
};

} // namespace keel::runtime

#endif
