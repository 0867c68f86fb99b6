// The emulator as a device: host memory that it knows of, launches that are over when they return.
#include "runtime/device/EmulatorDevice.h"
#include "runtime/data/Tensor.h"
#include "runtime/device/EmulatedKernel.h"
#include "runtime/model/ThreadPool.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

namespace keel::runtime {

namespace {
std::uint64_t numberFromEnvironment(const char *name, std::uint64_t otherwise) {
  const char *value = std::getenv(name);
  if (!value || !*value)
    return otherwise;
  std::uint64_t number = 0;
  const char *end = value + std::strlen(value);
  auto [stopped, error] = std::from_chars(value, end, number);
  if (error != std::errc() || stopped != end)
    fail(KEEL_INVALID_ARGUMENT, name, " must be a number, not '", value, "'");
  return number;
}

emulator::Options optionsFromEnvironment() {
  emulator::Options options;
  options.seed = numberFromEnvironment("KEEL_EMULATOR_SEED", options.seed);
  // As many as the smallest GPU has multiprocessors, about: blocks of a kernel may wait for so many others.
  options.residentBlocks =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(1, numberFromEnvironment("KEEL_EMULATOR_BLOCKS", 64)));
  if (const char *checks = std::getenv("KEEL_EMULATOR_CHECKS"); checks && *checks) {
    if (std::string_view(checks) != "full" && std::string_view(checks) != "fast")
      fail(KEEL_INVALID_ARGUMENT, "KEEL_EMULATOR_CHECKS must be full or fast, not '", checks, "'");
    options.checks = std::string_view(checks) == "full" ? emulator::Checks::Full : emulator::Checks::Fast;
  }
  return options;
}

/// The table belongs to the loaded library, which several models may share: it is resolved once for all of them, and
/// what it points to lives as long as the last.
std::shared_ptr<const void> resolveImports(const keel_artifact_program &program) {
  static std::mutex mutex;
  static std::map<const keel_emulator_import *, std::weak_ptr<const void>> tables;
  std::scoped_lock lock(mutex);
  std::erase_if(tables, [](const auto &entry) { return entry.second.expired(); });
  std::weak_ptr<const void> &table = tables[program.imports];
  std::shared_ptr<const void> resolved = table.lock();
  if (!resolved)
    table = resolved = emulator::resolve(program.imports, program.num_imports);
  return resolved;
}

class EmulatorDevice final : public Device {
public:
  explicit EmulatorDevice(const keel_artifact_program &program)
      : program(program), options(optionsFromEnvironment()), emulator(std::make_shared<emulator::Emulator>()),
        imports(program.num_imports ? resolveImports(program) : nullptr) {}

  std::string description() const override { return text("the emulator (", program.target, ")"); }

  void setThreads(unsigned count) override { options.threads = count; }

  std::shared_ptr<void> allocate(std::size_t bytes, const std::string &what) override {
    std::shared_ptr<std::uint8_t> memory = runtime::allocate(bytes);
    if (bytes == 0)
      return memory;
    emulator->registerMemory(memory.get(), bytes, false, what);
    void *address = memory.get();
    return {address, [memory, emulator = emulator](void *base) { emulator->unregisterMemory(base); }};
  }
  std::shared_ptr<std::uint8_t> allocateHost(std::size_t bytes) override { return runtime::allocate(bytes); }

  void copyIn(void *device, const void *host, std::size_t bytes) override {
    if (bytes == 0)
      return;
    std::memcpy(device, host, bytes);
    emulator->markInitialised(device, bytes);
  }
  void copyOut(void *host, const void *device, std::size_t bytes) override {
    if (bytes)
      std::memcpy(host, device, bytes);
  }
  void zero(void *device, std::size_t bytes) override {
    if (bytes == 0)
      return;
    std::memset(device, 0, bytes);
    emulator->markInitialised(device, bytes);
  }
  void discard(void *device, std::size_t bytes) override {
    if (bytes)
      emulator->markUninitialised(device, bytes);
  }

  void run(const keel_artifact_entry &entry, std::span<void *const> buffers, void *arena,
           std::int64_t batch) override {
    Environment environment;
    environment.arena = arena;
    environment.parallel = nullptr;
    environment.launch = LaunchEnvironment::launchKernel<Environment>;
    environment.device = this;
    environment.entry = &entry;
    entry.call(&environment, buffers.data(), batch);
    if (environment.failure)
      std::rethrow_exception(environment.failure);
  }

  void record(bool on) override {
    recording = on;
    events.clear();
    recordStart = now();
  }
  std::vector<Event> takeEvents() override { return std::exchange(events, {}); }

private:
  friend LaunchEnvironment;
  struct Environment : LaunchEnvironment {
    EmulatorDevice *device;
    const keel_artifact_entry *entry;
  };

  void launch(const keel_artifact_entry &entry, std::uint32_t index, std::uint32_t blocks,
              const std::uint64_t *arguments) {
    EmulatedKernel emulated(entry.kernels[index], arguments);
    if (std::uint32_t stays = entry.kernels[index].stays) // where fewer run than must, the emulator reports a deadlock
      blocks =
          std::min(blocks, std::max(options.residentBlocks / emulated.kernel.cluster * emulated.kernel.cluster, stays));
    std::uint64_t begin = recording ? now() : 0;
    emulator->launch(emulated.kernel, blocks, EmulatedArguments(entry.kernels[index], arguments).words.data(), options);
    if (recording)
      events.push_back({&entry, index, begin - recordStart, now() - recordStart});
  }

  const keel_artifact_program &program;
  emulator::Options options;
  std::shared_ptr<emulator::Emulator> emulator; // shared by the memory it must forget
  std::shared_ptr<const void> imports;
  bool recording = false;
  std::uint64_t recordStart = 0;
  std::vector<Event> events;
};
} // namespace

std::unique_ptr<Device> openEmulator(const keel_artifact_program &program) {
  return std::make_unique<EmulatorDevice>(program);
}

} // namespace keel::runtime
