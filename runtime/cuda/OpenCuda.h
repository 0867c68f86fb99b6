// An NVIDIA GPU, through the driver API.
#ifndef KEEL_CUDA_OPENCUDA_H
#define KEEL_CUDA_OPENCUDA_H

#include "runtime/device/Device.h"

namespace keel::runtime {

/// Whether a cubin for `program` runs on a device of compute capability `sm` (90: 9.0). A cubin runs on its own and on
/// later minor versions of the same major one; one for sm_90a on that one alone (CUDA C++ Programming Guide, "Binary
/// compatibility").
bool runsOn(const keel_artifact_program &program, std::uint32_t sm);

/// Opens GPU number `ordinal` with the best of the candidates, which is written to `chosen`. `model` names the model in
/// errors. With KEEL_CUDA_CHECK=1 in the environment the device is waited for after each kernel, so that an error is
/// its own.
std::unique_ptr<Device> openCuda(int ordinal, std::span<const keel_artifact_program *const> candidates,
                                 const std::string &model, const keel_artifact_program *&chosen);

} // namespace keel::runtime

#endif
