// Finding and checking an artefact.
#include "runtime/model/Library.h"
#include "runtime/data/Tensor.h"
#include "runtime/support/Error.h"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <set>
#ifdef __linux__
#include <elf.h>
#endif

namespace keel::runtime {

namespace {
/// dlopen maps what the program headers promise; in a truncated file those pages fault. So it is checked before.
void checkFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file)
    fail(KEEL_IO, "cannot open '", path, "': ", std::strerror(errno));
#ifdef __linux__
  auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(0, file.tellg()));
  Elf64_Ehdr header;
  file.seekg(0);
  if (!file.read(reinterpret_cast<char *>(&header), sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr))
    fail(KEEL_BAD_FORMAT, "'", path, "' is not a compiled model: not a shared object");
  file.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!file.read(reinterpret_cast<char *>(&segment), sizeof segment) || segment.p_offset > size ||
        segment.p_filesz > size - segment.p_offset)
      fail(KEEL_BAD_FORMAT, "'", path, "' is truncated");
  }
#endif
}

/// The CPU's features as /proc/cpuinfo lists them; empty where there is none.
std::set<std::string> cpuFeatures() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("flags") || line.starts_with("Features")) {
      std::istringstream words(line.substr(line.find(':') + 1));
      return {std::istream_iterator<std::string>(words), {}};
    }
  return {};
}

void checkType(const keel_artifact_tensor &type, bool mayBeDynamic, const std::string &where) {
  if (keel_dtype_size(type.dtype) == 0 || type.rank > 32 || (type.rank && !type.shape))
    fail(KEEL_BAD_FORMAT, where, ": malformed tensor type");
  Shape shape(type.shape, type.shape + type.rank);
  for (std::int64_t &extent : shape) {
    if (extent < (mayBeDynamic ? -1 : 0))
      fail(KEEL_BAD_FORMAT, where, ": malformed shape ", typeText(type));
    extent = std::max<std::int64_t>(extent, 0);
  }
  countElements(shape, type.dtype, KEEL_BAD_FORMAT);
}

/// What a launch of a GPU's kernel relies on.
void checkKernel(const keel_artifact_program &program, const keel_artifact_kernel &kernel, const std::string &where) {
  // CUDA C++ Programming Guide: a kernel takes 32764 bytes of parameters from CUDA 12.1 and sm_70 on.
  constexpr std::uint32_t mostThreads = 1024, mostArguments = 32764 / 8;
  if (!kernel.name || (program.image && !kernel.symbol) || (!program.image && !kernel.emulated) || kernel.threads == 0 ||
      kernel.threads > mostThreads || kernel.num_arguments + 16ull * kernel.num_tensor_maps > mostArguments || (kernel.num_tensor_maps && !kernel.tensor_maps))
    fail(KEEL_BAD_FORMAT, where, ": malformed kernel");
  auto isWord = [&](std::int64_t number) { return number < static_cast<std::int64_t>(kernel.num_arguments); };
  for (std::uint32_t i = 0; i < kernel.num_tensor_maps; ++i) {
    const keel_artifact_tensor_map &map = kernel.tensor_maps[i];
    if (!isWord(map.argument) || !isWord(-1 - map.extents[0]) || !isWord(-1 - map.extents[1]))
      fail(KEEL_BAD_FORMAT, where, ": malformed tensor map ", i);
  }
}

void checkEntry(const keel_artifact &artifact, const keel_artifact_program &program, const keel_artifact_entry &entry,
                const std::string &where) {
  if (!entry.call || entry.batch_capacity < 0 || (entry.num_state && (!entry.state || !entry.state_access)) ||
      (entry.num_inputs && !entry.inputs) || (entry.num_outputs && !entry.outputs) ||
      (entry.num_kernels && !entry.kernels))
    fail(KEEL_BAD_FORMAT, where, ": malformed table");
  bool hasBatch = entry.batch_capacity > 0;
  for (std::uint32_t i = 0; i < entry.num_inputs; ++i)
    checkType(entry.inputs[i], hasBatch, text(where, ", input ", i));
  for (std::uint32_t i = 0; i < entry.num_outputs; ++i)
    checkType(entry.outputs[i], hasBatch, text(where, ", output ", i));
  for (std::uint32_t i = 0; i < entry.num_state; ++i)
    if (entry.state[i] >= artifact.num_states)
      fail(KEEL_BAD_FORMAT, where, ": malformed state table");
  for (std::uint32_t i = 0; i < entry.num_kernels; ++i)
    if (program.kind == KEEL_PROGRAM_CUDA)
      checkKernel(program, entry.kernels[i], text(where, ", kernel ", i));
    else if (!entry.kernels[i].name)
      fail(KEEL_BAD_FORMAT, where, ": malformed kernel ", i);
}

void checkProgram(const keel_artifact &artifact, const keel_artifact_program &program, const std::string &where) {
  bool isGpu = program.kind == KEEL_PROGRAM_CUDA;
  if (!program.target || (!isGpu && program.kind != KEEL_PROGRAM_CPU) || (program.num_entries && !program.entries) ||
      (isGpu && program.sm == 0) || (program.image && program.image_bytes == 0) ||
      (program.num_imports && !program.imports))
    fail(KEEL_BAD_FORMAT, where, ": malformed tables");
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < program.num_entries; ++i) {
    const keel_artifact_entry &entry = program.entries[i];
    if (!entry.name || !names.insert(entry.name).second)
      fail(KEEL_BAD_FORMAT, where, ": malformed entry ", i);
    checkEntry(artifact, program, entry, text(where, ", entry '", entry.name, "'"));
  }
}
} // namespace

void checkCpu(const keel_artifact_program &program, const std::string &name) {
  std::istringstream needed(program.features ? program.features : "");
  std::string missing;
  std::set<std::string> present;
  for (std::string feature; std::getline(needed, feature, ',');) {
    if (present.empty() && (present = cpuFeatures()).empty())
      return;
    if (!feature.empty() && !present.contains(feature))
      missing += (missing.empty() ? "" : ", ") + feature;
  }
  if (!missing.empty())
    fail(KEEL_INCOMPATIBLE, name, " was compiled for a CPU that has ", missing,
         ", which this one lacks: compile it with --target=native on this machine");
}

void checkArtifact(const keel_artifact *artifact, const std::string &name) {
  if (!artifact || artifact->magic != KEEL_ARTIFACT_MAGIC)
    fail(KEEL_BAD_FORMAT, name, " is not a compiled model: wrong magic number");
  if (artifact->version != KEEL_ARTIFACT_VERSION)
    fail(KEEL_INCOMPATIBLE, name, " has artefact version ", artifact->version, ", this runtime needs version ",
         KEEL_ARTIFACT_VERSION, ": compile it again with the keel-compile of this runtime");
  if ((artifact->num_states && !artifact->states) || artifact->num_programs == 0 || !artifact->programs)
    fail(KEEL_BAD_FORMAT, name, ": malformed tables");
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < artifact->num_states; ++i) {
    const keel_artifact_state &state = artifact->states[i];
    if (!state.name || !names.insert(state.name).second || (state.init == KEEL_INIT_DATA && !state.data))
      fail(KEEL_BAD_FORMAT, name, ": malformed state ", i);
    checkType(state.type, false, text(name, ", state '", state.name, "'"));
  }
  for (std::uint32_t i = 0; i < artifact->num_programs; ++i)
    checkProgram(*artifact, artifact->programs[i], artifact->num_programs > 1 ? text(name, ", program ", i) : name);
}

Library openLibrary(const std::string &path) {
  checkFile(path);
  // Without a slash dlopen would search the system's library folders.
  char absolute[PATH_MAX];
  if (!::realpath(path.c_str(), absolute))
    fail(KEEL_IO, "cannot open '", path, "': ", std::strerror(errno));
  std::shared_ptr<void> handle(::dlopen(absolute, RTLD_NOW | RTLD_LOCAL), [](void *library) {
    if (library)
      ::dlclose(library);
  });
  if (!handle) {
    std::string reason = ::dlerror();
    for (char &c : reason)
      c = c == '\n' ? ' ' : c;
    fail(KEEL_BAD_FORMAT, "cannot load '", path, "': ", reason);
  }
  auto *query = reinterpret_cast<decltype(&keel_artifact_query)>(::dlsym(handle.get(), "keel_artifact_query"));
  if (!query)
    fail(KEEL_BAD_FORMAT, "'", path, "' is not a compiled model: it exports no keel_artifact_query");
  Library library{std::move(handle), query(), text("'", path, "'")};
  checkArtifact(library.artifact, library.name);
  return library;
}

} // namespace keel::runtime
