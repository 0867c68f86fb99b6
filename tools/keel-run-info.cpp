// keel-run info: entries, kernels, state and memory of a model.
#include "tools/keel-run.h"

#include <algorithm>
#include <cstring>
#include <iostream>
#include <iterator>
#include <sstream>

namespace keel::tool {

namespace {
std::string typeText(const keel_artifact_tensor &type) {
  std::string result = std::string(keel_dtype_name(type.dtype)) + "[";
  for (std::uint32_t d = 0; d < type.rank; ++d)
    result += (d ? "x" : "") + (type.shape[d] < 0 ? "?" : std::to_string(type.shape[d]));
  return result + "]";
}

std::string initText(const keel_artifact_state &state) {
  static const char *const names[] = {
      "data",           "zeros",          "ones",          "constant",   "uniform", "normal", "kaiming_uniform",
      "kaiming_normal", "xavier_uniform", "xavier_normal", "orthogonal", "extern"};
  static const int counts[] = {0, 0, 0, 1, 2, 2, 2, 2, 3, 3, 1, 0};
  if (state.init >= std::size(names))
    return "?";
  std::ostringstream stream;
  auto value = [&](auto number) { // a scalar's value says more than "data"
    std::memcpy(&number, state.data, sizeof number);
    stream << number;
    return stream.str();
  };
  if (state.init == KEEL_INIT_DATA && state.type.rank == 0 && state.type.dtype == KEEL_DTYPE_F32)
    return value(float());
  if (state.init == KEEL_INIT_DATA && state.type.rank == 0 && state.type.dtype == KEEL_DTYPE_F64)
    return value(double());
  if (state.init == KEEL_INIT_DATA && state.type.rank == 0 && state.type.dtype == KEEL_DTYPE_I64)
    return value(std::int64_t());
  stream << names[state.init];
  for (int i = 0; i < counts[state.init]; ++i)
    stream << (i ? ", " : "(") << state.args[i] << (i + 1 == counts[state.init] ? ")" : "");
  return stream.str();
}

std::string tensorList(const keel_artifact_tensor *types, std::uint32_t count) {
  std::string result = "(";
  for (std::uint32_t i = 0; i < count; ++i)
    result += (i ? ", " : "") + typeText(types[i]);
  return result + ")";
}

void showTarget(const keel_artifact_program &program) {
  std::cout << "\ntarget     " << program.target << "\n";
  if (program.kind == KEEL_PROGRAM_CPU) {
    std::cout << "features   " << (program.features && *program.features ? program.features : "(any CPU)") << "\n";
    return;
  }
  std::uint32_t major = program.sm / 10, minor = program.sm % 10;
  bool isEmulated = program.num_entries && program.entries[0].num_kernels && program.entries[0].kernels[0].emulated;
  std::cout << "runs on    ";
  if (program.image) {
    std::cout << "GPUs of compute capability " << major << "." << minor;
    if (!program.sm_specific && minor < 9)
      std::cout << " to " << major << ".9";
  }
  std::cout << (program.image && isEmulated ? ", " : "") << (isEmulated ? "the emulator" : "") << "\ncode       "
            << program.image_bytes << " bytes\n";
}

void showKernel(const keel_artifact_kernel &kernel) {
  std::cout << "    " << kernel.name;
  if (kernel.location && *kernel.location)
    std::cout << "  " << kernel.location;
  std::cout << "\n";
  if (!kernel.threads)
    return;
  std::cout << "      " << kernel.threads << " threads";
  if (kernel.registers)
    std::cout << ", " << kernel.registers << " registers";
  if (kernel.shared_bytes)
    std::cout << ", " << kernel.shared_bytes << " bytes of shared memory";
  if (kernel.cluster > 1)
    std::cout << ", clusters of " << kernel.cluster;
  if (kernel.waits)
    std::cout << ", starts before the one ahead has ended";
  if (kernel.stays)
    std::cout << ", blocks stay for several tiles";
  std::cout << (kernel.schedule && *kernel.schedule ? "; " : "") << (kernel.schedule ? kernel.schedule : "") << "\n";
}

void showEntry(const keel_artifact &artifact, const keel_artifact_program &program, const keel_artifact_entry &entry) {
  std::cout << "\nentry      " << entry.name << tensorList(entry.inputs, entry.num_inputs) << " -> "
            << tensorList(entry.outputs, entry.num_outputs) << "\n  batch    ";
  if (entry.batch_capacity)
    std::cout << "up to " << entry.batch_capacity << "\n";
  else
    std::cout << "fixed\n";
  std::cout << "  arena    " << entry.arena_bytes << " bytes\n";
  if (program.kind == KEEL_PROGRAM_CPU)
    std::cout << "  scratch  " << entry.scratch_bytes << " bytes a thread\n";
  for (int access : {1, 2, 3}) {
    std::string list;
    for (std::uint32_t i = 0; i < entry.num_state; ++i)
      if (entry.state_access[i] == static_cast<std::uint32_t>(access))
        list += std::string(" ") + artifact.states[entry.state[i]].name;
    if (!list.empty())
      std::cout << (access == 1 ? "  reads   " : access == 2 ? "  writes  " : "  updates ") << list << "\n";
  }
  std::cout << "  kernels  " << entry.num_kernels << "\n";
  for (std::uint32_t i = 0; i < entry.num_kernels; ++i)
    showKernel(entry.kernels[i]);
}

} // namespace

void info(const Options &options) {
  keel::Model model(options.model);
  const keel_artifact &artifact = model.artifact();
  std::cout << "model      " << options.model << "\nversion    " << artifact.version << "\n";
  static const char *const roles[] = {"?", "parameter", "buffer", "optimizer", "setting", "derived"};
  std::uint64_t arena = 0;
  for (const keel_artifact_program &program : model.programs()) {
    showTarget(program);
    for (std::uint32_t i = 0; i < program.num_entries; ++i) {
      showEntry(artifact, program, program.entries[i]);
      arena = std::max(arena, program.entries[i].arena_bytes);
    }
  }
  std::uint64_t parameters = 0, bytes = 0;
  if (artifact.num_states)
    std::cout << "\nstate\n";
  for (const keel_artifact_state &state : model.states()) {
    std::uint64_t elements = 1;
    for (std::uint32_t d = 0; d < state.type.rank; ++d)
      elements *= static_cast<std::uint64_t>(state.type.shape[d]);
    bytes += elements * keel_dtype_size(state.type.dtype);
    parameters += state.role == KEEL_STATE_PARAMETER ? elements : 0;
    std::string role = state.role < std::size(roles) ? roles[state.role] : "?", type = typeText(state.type);
    std::cout << "  " << state.name
              << std::string(std::max<int>(1, 28 - static_cast<int>(std::strlen(state.name))), ' ') << type
              << std::string(std::max<int>(1, 18 - static_cast<int>(type.size())), ' ') << role
              << std::string(std::max<int>(1, 11 - static_cast<int>(role.size())), ' ')
              << (state.role == KEEL_STATE_DERIVED && state.init != KEEL_INIT_DATA ? "by prepare" : initText(state)) << "\n";
  }
  std::cout << "\nparameters " << parameters << "\nstate      " << bytes << " bytes\narena      " << arena
            << " bytes\n";
}

} // namespace keel::tool
