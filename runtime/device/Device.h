// A device that holds a model's memory and runs the programs compiled for it: a GPU, or the emulator of one. (A CPU's
// program needs none: it works in the model's own memory.)
//
// Copies, fills and runs happen in the order they were asked for, and later than that: only wait() says that they are
// done, and only then may host memory that takes part in a copy be used. One thread at a time.
#ifndef KEEL_DEVICE_DEVICE_H
#define KEEL_DEVICE_DEVICE_H

#include "keel/artifact.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace keel::runtime {

class Device {
public:
  virtual ~Device() = default;

  /// For people: "NVIDIA H100 (sm_90)".
  virtual std::string description() const = 0;
  /// Host threads for what runs on the host.
  virtual void setThreads(unsigned) {}
  /// Calls that may be under way at a time to keep the device busy.
  virtual unsigned queueDepth() const { return 1; }

  struct Space {
    std::uint64_t free, total;
  };
  /// Nothing where it is not limited.
  virtual std::optional<Space> space() { return std::nullopt; }
  /// Memory of the device, aligned to KEEL_ARTIFACT_ALIGNMENT, not initialised. `what` names it in errors. What was asked
  /// for before it is freed must be done.
  virtual std::shared_ptr<void> allocate(std::size_t bytes, const std::string &what) = 0;
  /// Host memory that is copied fast.
  virtual std::shared_ptr<std::uint8_t> allocateHost(std::size_t bytes) = 0;

  virtual void copyIn(void *device, const void *host, std::size_t bytes) = 0;
  virtual void copyOut(void *host, const void *device, std::size_t bytes) = 0;
  virtual void zero(void *device, std::size_t bytes) = 0;
  /// Whatever is there is no longer meant to be read.
  virtual void discard(void *device, std::size_t bytes) = 0;

  /// Runs an entry of the program: its buffers in the order of keel_artifact_entry::call, in the device's memory.
  virtual void run(const keel_artifact_entry &entry, std::span<void *const> buffers, void *arena,
                   std::int64_t batch) = 0;
  /// Buffers that calls have used are about to be freed.
  virtual void forgetRuns() {}

  /// A point in the order of things, as wait() takes it: everything asked for so far.
  using Mark = std::uint64_t;
  virtual Mark mark() { return 0; }
  virtual void wait(Mark) {}
  /// For everything.
  virtual void wait() {}

  /// Runs measured kernel by kernel from here on, or not.
  virtual void record(bool on) = 0;
  struct Event {
    const keel_artifact_entry *entry;
    std::uint32_t kernel;
    std::uint64_t begin, end; // nanoseconds since recording began
  };
  /// What was recorded since the last time; after a wait().
  virtual std::vector<Event> takeEvents() = 0;

  /// Whether runs are measured as a whole, and what the last one took, in seconds; after a wait().
  virtual void timeRuns(bool) {}
  virtual std::optional<double> runTime() { return std::nullopt; }
};

/// Keeps the exception that a launch raised until the compiled code, which nothing may unwind, has returned.
struct LaunchEnvironment : keel_env {
  std::exception_ptr failure;

  /// keel_env::launch of an Environment that derives from this and has the `device` and `entry` of the call.
  template <typename Environment>
  static void launchKernel(keel_env *self, std::uint32_t index, std::uint32_t blocks, const std::uint64_t *arguments) {
    auto &env = *static_cast<Environment *>(self);
    if (env.failure || blocks == 0)
      return;
    try {
      if (index >= env.entry->num_kernels)
        fail(KEEL_INTERNAL, "'", env.entry->name, "' launched kernel ", index, ", which it does not have");
      env.device->launch(*env.entry, index, blocks, arguments);
    } catch (...) {
      env.failure = std::current_exception();
    }
  }
};

/// What a device specification leads to.
struct Selection {
  const keel_artifact_program *program = nullptr;
  std::unique_ptr<Device> device; // none: the CPU
  std::string name;               // "cpu", "cuda", "emulator"
};

/// `specification`: "cpu", "cuda", "cuda:ORDINAL", "emulator" or "emulator:TARGET"; throws where the model or the machine
/// lacks what is needed. `model` names the model in errors.
Selection selectDevice(const std::string &specification, const keel_artifact &artifact, const std::string &model);
/// The CPU where there is a program for it, else the GPU.
Selection selectDefaultDevice(const keel_artifact &artifact, const std::string &model);

/// "kernel 'f' (model.mlir:3:5)"
std::string kernelText(const keel_artifact_kernel &kernel);
/// "1.50 GiB"
std::string bytesText(std::uint64_t bytes);

} // namespace keel::runtime

#endif
