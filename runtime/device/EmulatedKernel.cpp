// What a kernel's table and a launch's words say of memory.
#include "runtime/device/EmulatedKernel.h"
#include "runtime/data/Tensor.h"

#include <algorithm>

namespace keel::runtime {

EmulatedKernel::EmulatedKernel(const keel_artifact_kernel &described, const std::uint64_t *arguments) {
  const std::uint64_t *extent = arguments + described.num_parameters;
  for (std::uint32_t i = 0; i < described.num_parameters; ++i) {
    const keel_artifact_tensor &type = described.parameters[i];
    if (type.dtype == 0)
      continue;
    std::uint64_t bytes = keel_dtype_size(type.dtype);
    for (std::uint32_t d = 0; d < type.rank; ++d)
      bytes *= type.shape[d] == -1 ? *extent++ : static_cast<std::uint64_t>(type.shape[d]);
    if (bytes)
      buffers.push_back({arguments[i], bytes});
  }
  kernel.name = described.name;
  kernel.location = described.location ? described.location : "";
  kernel.entry = described.emulated;
  kernel.threads = described.threads;
  kernel.sharedBytes = kernel.dynamicBytes = described.shared_bytes;
  kernel.cluster = std::max(described.cluster, 1u);
  kernel.registers = described.registers;
  kernel.buffers = buffers;
}

} // namespace keel::runtime
