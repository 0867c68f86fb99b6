// Which program of a model runs, and on what.
#include "runtime/cuda/OpenCuda.h"
#include "runtime/device/Device.h"
#include "runtime/device/EmulatorDevice.h"
#include "runtime/model/Library.h"
#include "runtime/support/Error.h"

#include <charconv>
#include <exception>

namespace keel::runtime {

std::string kernelText(const keel_artifact_kernel &kernel) {
  return text("kernel '", kernel.name, "'",
              kernel.location && *kernel.location ? text(" (", kernel.location, ")") : std::string());
}

std::string bytesText(std::uint64_t bytes) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  unsigned unit = 0;
  while (value >= 1024 && unit < 4)
    value /= 1024, ++unit;
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, unit ? "%.2f %s" : "%.0f %s", value, units[unit]);
  return buffer;
}

namespace {
std::span<const keel_artifact_program> programsOf(const keel_artifact &artifact) {
  return {artifact.programs, artifact.num_programs};
}

std::string listTargets(const keel_artifact &artifact) {
  std::string list;
  for (const keel_artifact_program &program : programsOf(artifact))
    list += (list.empty() ? "" : ", ") + std::string(program.target);
  return list;
}

bool isEmulated(const keel_artifact_program &program) {
  if (program.kind != KEEL_PROGRAM_CUDA)
    return false;
  for (std::uint32_t i = 0; i < program.num_entries; ++i)
    for (std::uint32_t k = 0; k < program.entries[i].num_kernels; ++k)
      if (!program.entries[i].kernels[k].emulated)
        return false;
  return true;
}

Selection selectCpu(const keel_artifact &artifact, const std::string &model) {
  std::exception_ptr reason;
  for (const keel_artifact_program &program : programsOf(artifact))
    if (program.kind == KEEL_PROGRAM_CPU) {
      try {
        checkCpu(program, model);
        return {&program, nullptr, "cpu"};
      } catch (const Error &) {
        reason = reason ? reason : std::current_exception();
      }
    }
  if (reason)
    std::rethrow_exception(reason);
  fail(KEEL_INCOMPATIBLE, model, " holds code for ", listTargets(artifact),
       " only: to run it on a CPU, compile it with --target=native, too");
}

/// The program for the newest GPU, or the one for `target`.
Selection selectEmulator(const keel_artifact &artifact, const std::string &model, const std::string &target) {
  const keel_artifact_program *best = nullptr;
  bool isPresent = false;
  for (const keel_artifact_program &program : programsOf(artifact)) {
    if (program.kind != KEEL_PROGRAM_CUDA || (!target.empty() && target != program.target))
      continue;
    isPresent = true;
    if (isEmulated(program) && (!best || program.sm > best->sm))
      best = &program;
  }
  if (!isPresent)
    fail(KEEL_INCOMPATIBLE, model, " holds code for ", listTargets(artifact), " only: to emulate a GPU, compile it with --target=",
         target.empty() ? "sm_80" : target, " --emulate");
  if (!best)
    fail(KEEL_INCOMPATIBLE, model, " holds code for GPUs, but not for the emulator: compile it with --emulate");
  return {best, openEmulator(*best), "emulator"};
}

Selection selectCuda(const keel_artifact &artifact, const std::string &model, int ordinal) {
  std::vector<const keel_artifact_program *> candidates;
  for (const keel_artifact_program &program : programsOf(artifact))
    if (program.kind == KEEL_PROGRAM_CUDA && program.image)
      candidates.push_back(&program);
  if (candidates.empty())
    fail(KEEL_INCOMPATIBLE, model, " holds code for ", listTargets(artifact),
         " only: to run it on a GPU, compile it with --target=sm_80, or whatever the GPU is");
  const keel_artifact_program *chosen = nullptr;
  std::unique_ptr<Device> device = openCuda(ordinal, candidates, model, chosen);
  return {chosen, std::move(device), "cuda"};
}
} // namespace

Selection selectDevice(const std::string &specification, const keel_artifact &artifact, const std::string &model) {
  std::size_t colon = specification.find(':');
  std::string kind = specification.substr(0, colon);
  std::string detail = colon == std::string::npos ? "" : specification.substr(colon + 1);
  if (specification == "cpu")
    return selectCpu(artifact, model);
  if (kind == "emulator" && (colon == std::string::npos || !detail.empty()))
    return selectEmulator(artifact, model, detail);
  if (kind == "cuda") {
    int ordinal = 0;
    const char *last = detail.data() + detail.size();
    auto [end, error] = std::from_chars(detail.data(), last, ordinal);
    if (colon == std::string::npos || (error == std::errc() && end == last && ordinal >= 0))
      return selectCuda(artifact, model, ordinal);
  }
  fail(KEEL_INVALID_ARGUMENT, "there is no device '", specification,
       "', only cpu, cuda (cuda:1 for the second GPU) and emulator (emulator:sm_80 for one target)");
}

Selection selectDefaultDevice(const keel_artifact &artifact, const std::string &model) {
  bool hasGpu = false;
  for (const keel_artifact_program &program : programsOf(artifact)) {
    if (program.kind == KEEL_PROGRAM_CPU)
      return selectCpu(artifact, model);
    hasGpu |= program.image != nullptr;
  }
  std::string emulator;
  for (const keel_artifact_program &program : programsOf(artifact))
    if (isEmulated(program))
      emulator = "; without a GPU it runs with --device emulator";
  if (!hasGpu)
    fail(KEEL_INCOMPATIBLE, model, " holds code for the emulator only", emulator);
  try {
    return selectCuda(artifact, model, 0);
  } catch (const Error &error) {
    fail(error.status, error.what(), emulator);
  }
}

} // namespace keel::runtime
