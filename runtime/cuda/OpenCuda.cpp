// Finding a GPU and the program for it.
#include "runtime/cuda/OpenCuda.h"
#include "runtime/cuda/CudaDevice.h"

#include <algorithm>

namespace keel::runtime {

Context::Context(std::shared_ptr<const Driver> driver, int ordinal) : driver(std::move(driver)) {
  const Driver &cu = *this->driver;
  int count = 0;
  CUresult result = cu.cuDeviceGetCount(&count);
  if (result != CUDA_ERROR_NO_DEVICE)
    cu.check(result, "the CUDA driver cannot count its devices");
  if (count == 0)
    fail(KEEL_DEVICE, "there is a CUDA driver, but it finds no GPU");
  if (ordinal >= count)
    fail(KEEL_INVALID_ARGUMENT, "there is no GPU number ", ordinal, ": the CUDA driver finds ", count);
  cu.check(cu.cuDeviceGet(&device, ordinal), "GPU ", ordinal);
  char buffer[256] = "";
  cu.check(cu.cuDeviceGetName(buffer, sizeof buffer - 1, device), "GPU ", ordinal);
  name = buffer;
  sm = static_cast<std::uint32_t>(10 * attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                                  attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
}

Context::~Context() {
  if (handle)
    driver->cuDevicePrimaryCtxRelease_v2(device);
}

void Context::open() {
  driver->check(driver->cuDevicePrimaryCtxRetain(&handle, device), "'", name, "' cannot be used");
}

int Context::attribute(int which) const {
  int value = 0;
  driver->check(driver->cuDeviceGetAttribute(&value, which, device), "'", name, "'");
  return value;
}

bool runsOn(const keel_artifact_program &program, std::uint32_t sm) {
  return program.sm_specific ? program.sm == sm : program.sm / 10 == sm / 10 && program.sm <= sm;
}

std::unique_ptr<Device> openCuda(int ordinal, std::span<const keel_artifact_program *const> candidates,
                                 const std::string &model, const keel_artifact_program *&chosen) {
  auto context = std::make_shared<Context>(std::make_shared<Driver>(), ordinal);
  std::string targets;
  chosen = nullptr;
  std::uint32_t oldest = ~0u;
  for (const keel_artifact_program *program : candidates) {
    targets += (targets.empty() ? "" : ", ") + std::string(program->target);
    oldest = std::min(oldest, program->sm);
    // The newest that runs; of two for the same one, the one that uses all it has.
    if (runsOn(*program, context->sm) &&
        (!chosen || std::pair(program->sm, program->sm_specific) > std::pair(chosen->sm, chosen->sm_specific)))
      chosen = program;
  }
  if (!chosen) {
    std::string device = text("'", context->name, "' has compute capability ", smText(context->sm));
    if (context->sm < 80)
      fail(KEEL_INCOMPATIBLE, device, ", older than all of ", model, "'s code (", targets,
           ") and than what can be compiled for: GPUs need 8.0 or later");
    fail(KEEL_INCOMPATIBLE, model, " holds code for ", targets, ", and ", device, ": compile it with --target=sm_",
         context->sm, context->sm < oldest ? ", which is older" : "");
  }
  context->open();
  return std::make_unique<CudaDevice>(context, *chosen);
}

} // namespace keel::runtime
