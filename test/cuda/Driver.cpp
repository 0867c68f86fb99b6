// The stand-in's memory, streams and kernels.
#include "test/cuda/StandIn.h"

#include "runtime/device/EmulatedKernel.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sstream>

namespace keel::stand_in {

void fault(const std::string &message) {
  std::fprintf(stderr, "stand-in: %s\n", message.c_str());
  std::fflush(stderr);
  std::abort();
}

namespace {
std::string setting(const char *name) {
  const char *value = std::getenv((std::string("KEEL_STAND_IN_") + name).c_str());
  return value ? value : "";
}
} // namespace

Driver::Driver() {
  if (std::string value = setting("SM"); !value.empty())
    sm = std::atoi(value.c_str());
  if (std::string value = setting("VERSION"); !value.empty())
    version = std::atoi(value.c_str());
  if (std::string value = setting("DEVICES"); !value.empty())
    numDevices = std::atoi(value.c_str());
  if (std::string value = setting("MEMORY"); !value.empty())
    totalBytes = std::strtoull(value.c_str(), nullptr, 10);
  faulting = setting("FAULT");
  if (std::string value = setting("LOG"); !value.empty())
    log.open(value, std::ios::app);
  options.residentBlocks = 16;
  if (std::string value = setting("BLOCKS"); !value.empty())
    options.residentBlocks = static_cast<unsigned>(std::atoi(value.c_str()));
  if (setting("CHECKS") == "fast")
    options.checks = emulator::Checks::Fast;
  std::istringstream list(setting("FAIL"));
  for (std::string item; std::getline(list, item, ',');) {
    char name[64];
    unsigned call, result;
    if (std::sscanf(item.c_str(), "%63[^:]:%u:%u", name, &call, &result) != 3)
      fault("KEEL_STAND_IN_FAIL: '" + item + "' is not FUNCTION:CALL:RESULT");
    failures.push_back({name, call, static_cast<CUresult>(result)});
  }
}

Driver::~Driver() {
  if (sticky != CUDA_SUCCESS)
    return; // after that nothing can be given back
  auto check = [](std::size_t left, const char *what) {
    if (left)
      fault("at the end " + std::to_string(left) + " " + what + " left");
  };
  check(current.size(), "context(s) pushed and not popped are");
  check(modules.size(), "module(s) are");
  check(graphs.size(), "graph(s) are");
  check(executables.size(), "executable graph(s) are");
  check(events.size(), "event(s) are");
  check(streams.size(), "stream(s) are");
  check(allocations.size(), "allocation(s) are");
  check(static_cast<std::size_t>(context.retained), "retained context(s) are");
}

CUresult Driver::enter(const char *function, bool needsContext, const std::string &detail) {
  if (log)
    log << function << (detail.empty() ? "" : " ") << detail << std::endl;
  unsigned call = ++calls[function];
  if (!isInitialised && std::strcmp(function, "cuInit") != 0)
    fault(std::string(function) + " before cuInit");
  if (needsContext && current.empty())
    fault(std::string(function) + " without a current context");
  for (const Failure &failure : failures)
    if (failure.function == function && failure.call == call)
      return failure.result;
  return needsContext ? sticky : CUDA_SUCCESS;
}

Allocation &Driver::allocate(std::size_t bytes, bool isHost) {
  constexpr std::size_t alignment = 256;
  Allocation allocation;
  allocation.memory = std::make_unique<std::uint8_t[]>(bytes + alignment);
  allocation.base = allocation.memory.get();
  allocation.base += alignment - reinterpret_cast<std::uintptr_t>(allocation.base) % alignment;
  std::memset(allocation.base, 0xa5, bytes); // what nobody wrote is visibly so
  allocation.bytes = bytes;
  allocation.serial = nextSerial++;
  allocation.isHost = isHost;
  if (!isHost) {
    usedBytes += bytes;
    emulator.registerMemory(allocation.base, bytes, false, "device memory");
  }
  const std::uint8_t *base = allocation.base;
  return allocations[base] = std::move(allocation);
}

void Driver::free(const void *base, bool isHost) {
  auto found = allocations.find(static_cast<const std::uint8_t *>(base));
  if (found == allocations.end() || found->second.isHost != isHost)
    fault(std::string(isHost ? "cuMemFreeHost" : "cuMemFree") + " of what is no such allocation");
  for (CUstream stream : streams)
    for (const Work &work : stream->pending)
      if (std::ranges::count(work.uses, base))
        fault("memory is freed while work that uses it is pending");
  if (!isHost) {
    usedBytes -= found->second.bytes;
    emulator.unregisterMemory(found->second.base);
  }
  allocations.erase(found);
}

Allocation *Driver::find(const void *address, std::size_t bytes) {
  auto *wanted = static_cast<const std::uint8_t *>(address);
  auto after = allocations.upper_bound(wanted);
  if (after == allocations.begin())
    return nullptr;
  Allocation &candidate = std::prev(after)->second;
  std::size_t offset = static_cast<std::size_t>(wanted - candidate.base);
  return offset < candidate.bytes && bytes <= candidate.bytes - offset ? &candidate : nullptr;
}

void Driver::write(std::uint8_t *to, const void *from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
  emulator.markInitialised(to, bytes);
}

/// The model that holds an image knows its program, and the program its kernels.
CUresult Driver::load(CUmod_st &module, const void *image) {
  Dl_info info;
  if (!::dladdr(image, &info) || !info.dli_fname)
    fault("a module's image lies in no library");
  void *library = ::dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  auto *query = library ? reinterpret_cast<decltype(&keel_artifact_query)>(::dlsym(library, "keel_artifact_query")) : nullptr;
  if (!query)
    fault(std::string("a module's image lies in ") + info.dli_fname + ", which is no compiled model");
  const keel_artifact *artifact = query();
  ::dlclose(library); // whoever loads an image keeps it loaded
  for (std::uint32_t i = 0; i < artifact->num_programs; ++i)
    if (artifact->programs[i].image == image)
      module.program = &artifact->programs[i];
  if (!module.program)
    fault(std::string("a module's image is none of those of ") + info.dli_fname);
  const keel_artifact_program &program = *module.program;
  bool fits = program.sm_specific ? static_cast<int>(program.sm) == sm
                                  : static_cast<int>(program.sm) / 10 == sm / 10 && static_cast<int>(program.sm) <= sm;
  if (!fits)
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  if (program.num_imports)
    module.imports = emulator::resolve(program.imports, program.num_imports);
  for (std::uint32_t e = 0; e < program.num_entries; ++e)
    for (std::uint32_t k = 0; k < program.entries[e].num_kernels; ++k) {
      const keel_artifact_kernel &kernel = program.entries[e].kernels[k];
      auto &function = module.functions[kernel.symbol];
      if (function)
        continue;
      function = std::make_unique<CUfunc_st>();
      function->kernel = &kernel;
      CubinKernel &cubin = function->cubin;
      function->isCubin = readCubin(program.image, program.image_bytes, kernel.symbol, cubin);
      if (function->isCubin && cubin.parameterBytes.size() != kernel.num_arguments + kernel.num_tensor_maps)
        fault(std::string("kernel '") + kernel.symbol + "' takes " + std::to_string(cubin.parameterBytes.size()) +
              " parameters in the image, " + std::to_string(kernel.num_arguments + kernel.num_tensor_maps) + " in the table");
      if (cubin.threads && cubin.threads != kernel.threads)
        fault(std::string("kernel '") + kernel.symbol + "' has blocks of " + std::to_string(cubin.threads) +
              " threads in the image, of " + std::to_string(kernel.threads) + " in the table");
    }
  return CUDA_SUCCESS;
}

CUresult Driver::launch(CUstream stream, Launch launch) {
  const keel_artifact_kernel &kernel = *launch.function->kernel;
  if (launch.threads != kernel.threads || launch.cluster != std::max(kernel.cluster, 1u))
    fault(std::string("kernel '") + kernel.symbol + "' is launched with other blocks than it was compiled for");
  if (launch.early) {
    if (!kernel.waits)
      fault(std::string("kernel '") + kernel.symbol + "' is launched early, and its table does not say that it waits");
    if (stream->isCapturing ? stream->captured.launches.empty() : stream->pending.empty() || !stream->pending.back().isLaunch)
      fault(std::string("kernel '") + kernel.symbol + "' is launched early, and what is ahead of it is no kernel");
    if (stream->isCapturing && version < 12030)
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  if (launch.sharedBytes > static_cast<std::uint32_t>(std::max(launch.function->dynamicBytes, 48 << 10)))
    return CUDA_ERROR_INVALID_VALUE;
  if (launch.blocks == 0 || launch.threads > 1024)
    return CUDA_ERROR_INVALID_VALUE;
  for (std::uint64_t word : launch.arguments)
    if (const Allocation *allocation = find(reinterpret_cast<const void *>(word), 1)) {
      if (allocation->isHost)
        fault(std::string("kernel '") + kernel.symbol + "' is given a pointer to host memory");
      launch.uses.emplace_back(allocation->base, allocation->serial);
    }
  if (stream->isCapturing)
    stream->captured.launches.push_back(std::move(launch));
  else
    enqueue(stream, launch);
  return CUDA_SUCCESS;
}

void Driver::enqueue(CUstream stream, const Launch &launch) {
  std::vector<const void *> uses;
  for (const auto &[base, serial] : launch.uses)
    uses.push_back(base);
  enqueue(stream, [this, launch] { execute(launch); }, std::move(uses));
  stream->pending.back().isLaunch = true;
}

void Driver::enqueue(CUstream stream, std::function<void()> work, std::vector<const void *> uses) {
  if (stream->isCapturing)
    fault("a copy, an event or a graph is captured: the runtime captures launches alone");
  stream->pending.push_back({std::move(work), std::move(uses)});
}

CUresult Driver::drain(CUstream stream, const CUevent_st *event) {
  if (stream->isCapturing)
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  while (!stream->pending.empty() && !(event && event->pending == 0)) {
    Work work = std::move(stream->pending.front());
    stream->pending.pop_front();
    work.run();
  }
  return sticky;
}

void Driver::checkUses(const Launch &launch, const char *when) {
  for (const auto &[base, serial] : launch.uses) {
    auto found = allocations.find(base);
    if (found == allocations.end() || found->second.serial != serial)
      fault(std::string("kernel '") + launch.function->kernel->symbol + "' " + when + " with memory that was freed");
  }
}

void Driver::execute(const Launch &launch) {
  const keel_artifact_kernel &kernel = *launch.function->kernel;
  if (sticky != CUDA_SUCCESS)
    return;
  checkUses(launch, "runs");
  clock += 10; // microseconds
  if (faulting == kernel.symbol) {
    sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
    return;
  }
  if (!kernel.emulated)
    fault(std::string("kernel '") + kernel.symbol + "' has no emulated form: compile the model with --emulate");
  runtime::EmulatedKernel emulated(kernel, launch.arguments.data());
  emulated.kernel.sharedBytes = emulated.kernel.dynamicBytes = launch.sharedBytes;
  emulated.kernel.threads = launch.threads;
  emulated.kernel.cluster = launch.cluster;
  emulated.kernel.early = launch.early;
  std::vector<std::uint64_t> words = launch.arguments;
  for (const runtime::EncodedTensorMap &map : launch.maps)
    words.push_back(reinterpret_cast<std::uint64_t>(&map));
  try {
    emulator.launch(emulated.kernel, launch.blocks, words.data(), options);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "stand-in: %s\n", error.what());
    sticky = CUDA_ERROR_LAUNCH_FAILED;
  }
}

} // namespace keel::stand_in
