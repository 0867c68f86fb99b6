// What a kernel's table and a launch's words say of memory.
#include "runtime/device/EmulatedKernel.h"
#include "runtime/data/Tensor.h"
#include "runtime/device/Device.h"
#include "runtime/emulator/TensorMap.h"

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
  kernel.early = described.waits;
  kernel.buffers = buffers;
}

EmulatedArguments::EmulatedArguments(const keel_artifact_kernel &kernel, const std::uint64_t *arguments)
    : words(arguments, arguments + kernel.num_arguments) {
  maps.reserve(kernel.num_tensor_maps);
  for (const keel_artifact_tensor_map &map : tensorMapsOf(kernel)) {
    MappedMatrix matrix(map, arguments);
    emulator::TensorMap tiled{};
    tiled.rank = 2;
    tiled.elementBytes = static_cast<std::uint8_t>(matrix.elementBytes);
    tiled.swizzle = static_cast<emulator::Swizzle>(matrix.swizzle);
    tiled.base = matrix.address;
    tiled.extents[0] = static_cast<std::uint32_t>(matrix.columns);
    tiled.extents[1] = static_cast<std::uint32_t>(matrix.rows);
    tiled.box[0] = map.box[1];
    tiled.box[1] = map.box[0];
    tiled.strides[0] = matrix.columns * matrix.elementBytes;
    if (const char *problem = emulator::encode(tiled, &maps.emplace_back()))
      fail(KEEL_DEVICE, kernelText(kernel), ": ", problem);
    words.push_back(reinterpret_cast<std::uint64_t>(&maps.back()));
  }
}

} // namespace keel::runtime
