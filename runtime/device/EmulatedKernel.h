// A launch of a compiled model's kernel as the emulator takes it.
#ifndef KEEL_DEVICE_EMULATEDKERNEL_H
#define KEEL_DEVICE_EMULATEDKERNEL_H

#include "keel/artifact.h"
#include "runtime/device/TensorMaps.h"
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

/// A launch's words, with the addresses of its tensor maps behind them.
struct EmulatedArguments {
  EmulatedArguments(const keel_artifact_kernel &kernel, const std::uint64_t *arguments);
  EmulatedArguments(const EmulatedArguments &) = delete;
  EmulatedArguments &operator=(const EmulatedArguments &) = delete;

  std::vector<std::uint64_t> words;
  std::vector<EncodedTensorMap> maps;
};

} // namespace keel::runtime

#endif
