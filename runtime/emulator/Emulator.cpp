// Launches: the blocks in an order drawn from the seed, spread over host threads.
#include "runtime/emulator/Emulator.h"
#include "runtime/emulator/Worker.h"

#include <algorithm>
#include <dlfcn.h>
#include <numeric>
#include <span>
#include <thread>

namespace keel::emulator {

using runtime::fail;
using runtime::text;

const char *name(Fault fault) {
  switch (fault) {
  case Fault::Race:
    return "race";
  case Fault::MissingWait:
    return "missing wait";
  case Fault::OutOfBounds:
    return "out of bounds";
  case Fault::Uninitialised:
    return "uninitialised";
  case Fault::Misaligned:
    return "misaligned";
  case Fault::Divergence:
    return "divergence";
  case Fault::Deadlock:
    return "deadlock";
  case Fault::Trap:
    return "trap";
  case Fault::Invalid:
    return "invalid";
  }
  return "?";
}

EmulationError::EmulationError(Fault fault, std::string kernel, std::uint32_t block, std::uint32_t thread,
                               std::string location, const std::string &message)
    : Error(KEEL_INTERNAL, text(location, location.empty() ? "" : ": ", "kernel ", kernel, ", block ", block, ", thread ",
                                thread, ": ", name(fault), ": ", message)),
      fault(fault), kernel(std::move(kernel)), location(std::move(location)), block(block), thread(thread) {}

struct Emulator::State {
  GlobalMemory memory;
  PastReaders pastReaders;
  std::vector<std::unique_ptr<ClusterSlot>> slots;
  std::atomic<std::uint32_t> instances{1};
  std::uint32_t launches = 0;

  std::uint16_t nextLaunch() {
    if (++launches == 0x10000) { // the tags of old accesses would look like new ones
      memory.forgetAccesses();
      for (auto &slot : slots)
        slot->shadow.clear();
      launches = 1;
    }
    return static_cast<std::uint16_t>(launches);
  }
};

Emulator::Emulator() : state(std::make_unique<State>()) {}
Emulator::~Emulator() = default;

void Emulator::registerMemory(const void *base, std::size_t bytes, bool initialised, std::string name) {
  state->memory.add(reinterpret_cast<std::uint64_t>(base), bytes, initialised, std::move(name));
}
void Emulator::unregisterMemory(const void *base) { state->memory.remove(reinterpret_cast<std::uint64_t>(base)); }
void Emulator::markInitialised(const void *base, std::size_t bytes) {
  state->memory.mark(reinterpret_cast<std::uint64_t>(base), bytes, true);
}
void Emulator::markUninitialised(const void *base, std::size_t bytes) {
  state->memory.mark(reinterpret_cast<std::uint64_t>(base), bytes, false);
}

namespace {
void validate(const Kernel &kernel, std::uint32_t blocks) {
  auto refuse = [&](const auto &...what) { fail(KEEL_INVALID_ARGUMENT, "kernel ", kernel.name, ": ", what...); };
  if (!kernel.entry)
    refuse("has no emulated code: compile the model with --emulate");
  if (kernel.threads == 0 || kernel.threads > 1024)
    refuse(kernel.threads, " threads in a block: must be 1 to 1024");
  if (kernel.sharedBytes > largestShared)
    refuse(kernel.sharedBytes, " bytes of shared memory: at most ", largestShared);
  if (kernel.cluster == 0 || kernel.cluster > largestCluster)
    refuse("clusters of ", kernel.cluster, " blocks: must be 1 to ", largestCluster);
  if (blocks % kernel.cluster)
    refuse(blocks, " blocks are no whole number of clusters of ", kernel.cluster);
}
} // namespace

Report Emulator::launch(const Kernel &kernel, std::uint32_t blocks, const std::uint64_t *arguments, const Options &options) {
  validate(kernel, blocks);
  std::uint32_t clusters = blocks / kernel.cluster;
  if (clusters == 0)
    return {};
  std::uint32_t residents = std::clamp(options.residentBlocks / kernel.cluster, 1u, clusters);
  std::uint32_t hosts = options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  hosts = std::min(hosts, residents);

  Grid grid{};
  grid.kernel = &kernel;
  grid.options = &options;
  grid.arguments = arguments;
  grid.blocks = blocks;
  grid.numWarps = (kernel.threads + warpSize - 1) / warpSize;
  grid.launch = state->nextLaunch();
  grid.full = options.checks == Checks::Full;
  grid.parallel = hosts > 1;
  grid.memory = &state->memory;
  grid.pastReaders = &state->pastReaders;
  state->pastReaders.clear();
  grid.instances = &state->instances;
  grid.order.resize(clusters);
  std::iota(grid.order.begin(), grid.order.end(), 0u);
  if (options.seed) { // seed 0 is the order that one would expect
    RandomOrder random(options.seed);
    for (std::uint32_t i = clusters; i > 1; --i)
      std::swap(grid.order[i - 1], grid.order[random.below(i)]);
  }

  while (state->slots.size() < residents)
    state->slots.push_back(std::make_unique<ClusterSlot>());
  // A guard is two mappings, of which a process has some tens of thousands (vm.max_map_count).
  constexpr std::uint32_t mostGuards = 8192;
  std::uint32_t guards = std::max(1u, mostGuards / std::max(1u, options.residentBlocks));
  for (std::uint32_t i = 0; i < residents; ++i)
    state->slots[i]->prepare(kernel.cluster, kernel.threads, options.stackBytes, guards);
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::uint32_t i = 0; i < hosts; ++i)
    workers.push_back(std::make_unique<Worker>(grid, i, options.seed * 0x10001 + i));
  for (std::uint32_t i = 0; i < residents; ++i)
    workers[i % hosts]->idle.push_back(state->slots[i].get());

  std::vector<std::thread> threads;
  for (std::uint32_t i = 1; i < hosts; ++i)
    threads.emplace_back([&, i] { workers[i]->run(workers); });
  workers[0]->run(workers);
  for (std::thread &thread : threads)
    thread.join();
  if (grid.error)
    std::rethrow_exception(grid.error);
  if (kernel.early && !grid.waited)
    throw EmulationError(Fault::MissingWait, kernel.name, 0, 0, kernel.location,
                         "the kernel is launched early and never waits (griddepcontrol.wait) for those before it, so nor does who "
                         "waits for it");

  Report report;
  for (const auto &worker : workers) {
    report.blocks += worker->report.blocks;
    report.switches += worker->report.switches;
    report.accesses += worker->report.accesses;
    report.collectives += worker->report.collectives;
    report.barriers += worker->report.barriers;
  }
  return report;
}

// ---- Modules.
Module::Module(const std::string &path) {
  library = ::dlopen(path.find('/') == std::string::npos ? ("./" + path).c_str() : path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(KEEL_IO, ::dlerror());
  auto query = reinterpret_cast<decltype(&keel_emulator_query)>(::dlsym(library, "keel_emulator_query"));
  module = query ? query() : nullptr;
  const char *problem = !module                                  ? "is no emulated device code: it exports no keel_emulator_query"
                        : module->magic != KEEL_EMULATOR_MAGIC   ? "is no emulated device code"
                        : module->version != KEEL_EMULATOR_VERSION ? "is made for another version of the emulator"
                                                                 : nullptr;
  if (problem) {
    ::dlclose(library);
    fail(KEEL_INCOMPATIBLE, path, " ", problem);
  }
  try {
    decoded = resolve(module->imports, module->num_imports);
  } catch (...) {
    ::dlclose(library);
    throw;
  }
}

Module::Module(const keel_emulator_module &linked) : module(&linked), decoded(resolve(linked.imports, linked.num_imports)) {}

Module::~Module() {
  if (library)
    ::dlclose(library);
}

Kernel Module::kernel(const std::string &name, std::uint32_t threads, std::uint32_t dynamicBytes) const {
  std::string known;
  for (const keel_emulator_kernel &kernel : std::span(module->kernels, module->num_kernels)) {
    if (name == kernel.name) {
      if (kernel.threads && threads && kernel.threads != threads)
        fail(KEEL_INVALID_ARGUMENT, "kernel ", name, " needs ", kernel.threads, " threads a block, not ", threads);
      return {kernel.name,         kernel.location, kernel.entry, kernel.threads ? kernel.threads : threads,
              kernel.shared_bytes + dynamicBytes, dynamicBytes,    kernel.cluster ? kernel.cluster : 1};
    }
    known += (known.empty() ? "" : ", ") + std::string(kernel.name);
  }
  fail(KEEL_INVALID_ARGUMENT, "no kernel ", name, "; there are: ", known);
}

void Module::registerGlobals(Emulator &emulator) const {
  for (const keel_emulator_global &global : std::span(module->globals, module->num_globals))
    emulator.registerMemory(global.address, global.bytes, global.initialised, global.name);
}

} // namespace keel::emulator
