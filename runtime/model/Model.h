// A loaded model: its artefact, its state, the memory and threads that its calls use.
#ifndef KEEL_MODEL_MODEL_H
#define KEEL_MODEL_MODEL_H

#include "runtime/data/Tensor.h"
#include "runtime/model/Library.h"
#include "runtime/model/Placement.h"
#include "runtime/model/ThreadPool.h"

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keel::runtime {

class Model {
public:
  explicit Model(Library library);

  const keel_artifact &artifact() const { return *library.artifact; }
  /// The program that calls run.
  const keel_artifact_program &program() const { return *selection.program; }
  const keel_artifact_entry *findEntry(std::string_view name) const;
  const keel_artifact_state *findState(std::string_view name) const;
  /// These throw, and tell what there is.
  const keel_artifact_entry &entry(std::string_view name) const;
  std::size_t stateIndex(std::string_view name) const;

  /// See selectDevice.
  void setDevice(const std::string &specification);
  /// "" while there is none.
  const std::string &deviceName() const { return selection.name; }
  void setThreads(unsigned count);
  unsigned threads() const { return threadCount; }

  // State (State.cpp)
  void seed(std::uint64_t value);
  const Tensor &state(std::string_view name);
  void setState(std::string_view name, const keel_view &view);
  void setValue(std::string_view name, double value);
  void loadState(const std::string &path);
  void saveState(const std::string &path);

  // Calls (Call.cpp)
  Shape outputShape(const keel_artifact_entry &entry, std::uint32_t output, std::int64_t batch) const;
  void call(const keel_artifact_entry &entry, std::span<const keel_view> inputs, std::span<const keel_view> outputs);
  /// Calls that may be under way at a time; 1: start() returns when the call is done.
  unsigned queueDepth() const { return placement ? placement->device().queueDepth() : 1; }
  /// The two halves of a call whose batch is not split. Only for a device.
  Placement::Ticket start(const keel_artifact_entry &entry, std::span<const keel_view> inputs);
  void finish(const Placement::Ticket &ticket, std::span<const keel_view> outputs);

  // Profiles (Profile.cpp)
  void record(bool on);
  std::span<const keel_kernel_event> events() const { return kernelEvents; }
  void timeCalls(bool on);
  double callSeconds();
  void writeTrace(const std::string &path) const;

  std::recursive_mutex mutex; // of the C API: one call at a time; a training callback may call the model

private:
  struct State {
    Tensor tensor;
    bool ready = false;     // has a value; for derived state: the one that fits the other state
    bool hostStale = false; // that value is the device's
  };
  struct Environment : keel_env {
    Model *model;
    const keel_artifact_entry *entry;
  };

  bool isDerived(std::size_t index) const { return artifact().states[index].role == KEEL_STATE_DERIVED; }
  /// Derived state that `prepare` computes. What it does not write, a kernel's counters, lives on as it is.
  bool isPrepared(std::size_t index) const { return isDerived(index) && prepared[index]; }
  void select(Selection chosen);
  void setHost(std::size_t index, Tensor tensor);
  void initializeState(std::size_t index);
  void runPrepare();
  void prepareState(const keel_artifact_entry &entry);
  void invalidateDerived();
  void noteWrites(const keel_artifact_entry &entry);
  std::int64_t checkCall(const keel_artifact_entry &entry, std::span<const keel_view> inputs,
                         std::span<const keel_view> outputs) const;
  void callOnDevice(const keel_artifact_entry &entry, std::span<const keel_view> inputs,
                    std::span<const keel_view> outputs, std::int64_t batch);
  void collectEvents();
  void invoke(const keel_artifact_entry &entry, std::span<void *const> arguments, std::int64_t batch);
  void runKernel(const keel_artifact_entry &entry, std::uint32_t kernel, keel_kernel_body body, const void *captured,
                 std::int64_t count);

  Library library;
  Selection selection;               // its device is the placement's
  std::exception_ptr missingDevice;   // why there is none
  std::unique_ptr<Placement> placement; // none: calls run on the CPU, in the state's own memory
  std::vector<State> states;
  std::vector<bool> prepared; // by the selected program's `prepare`
  std::uint64_t seedValue = 0;
  unsigned threadCount = 1;
  std::optional<ThreadPool> pool; // made by the first call
  std::shared_ptr<std::uint8_t> arena;
  std::size_t arenaBytes = 0;
  bool recording = false, timing = false;
  std::uint64_t recordStart = 0;
  std::vector<keel_kernel_event> kernelEvents;
};

} // namespace keel::runtime

struct keel_model {
  keel::runtime::Model model;
};

#endif
