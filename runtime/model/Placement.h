// What a model keeps on a device: its state, the arena, and for each entry the inputs and outputs with the host memory
// through which they go. None of it moves while calls run, so that a device may record a call and replay it.
#ifndef KEEL_MODEL_PLACEMENT_H
#define KEEL_MODEL_PLACEMENT_H

#include "runtime/data/Tensor.h"
#include "runtime/device/Device.h"

#include <array>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace keel::runtime {

class Placement {
public:
  Placement(std::unique_ptr<Device> device, const keel_artifact &artifact);
  ~Placement();

  Device &device() { return *owned; }

  /// Takes the memory that an entry needs; where the device has too little of it, an error that says so comes first.
  void makeRoom(const keel_artifact_entry &entry);

  // State. The device's copy may be older than the host's, or the other way round.
  bool isCurrent(std::size_t state) const { return states[state].isCurrent; }
  void setCurrent(std::size_t state, bool value) { states[state].isCurrent = value; }
  /// Both need makeRoom() for an entry that has the state; upload returns when the tensor may change again.
  void upload(std::size_t state, const Tensor &tensor);
  void zero(std::size_t state);
  void download(std::size_t state, const Tensor &tensor);

  /// An argument on the host: what of it takes part in the call.
  struct Argument {
    std::uint8_t *data;
    std::size_t bytes;
  };
  struct Ticket {
    const keel_artifact_entry *entry;
    unsigned slot;
  };
  /// Starts a call; its inputs may be reused at once. At most device().queueDepth() calls of an entry are under way.
  Ticket start(const keel_artifact_entry &entry, std::span<const Argument> inputs, std::int64_t batch);
  /// Waits for a call and brings its outputs.
  void finish(const Ticket &ticket, std::span<const Argument> outputs);

private:
  struct StateMemory {
    std::shared_ptr<void> memory;
    bool isCurrent = false;
  };
  /// Host memory of a call under way: inputs, then outputs.
  struct Slot {
    std::shared_ptr<std::uint8_t> memory;
    Device::Mark mark = 0;
    bool isBusy = false;
  };
  struct EntryMemory {
    std::shared_ptr<void> memory; // inputs, then outputs
    std::vector<std::size_t> offsets, sizes;
    std::array<Slot, 2> slots;
    unsigned next = 0;
  };

  std::size_t stateBytes(std::size_t state) const;
  EntryMemory layOut(const keel_artifact_entry &entry, std::size_t &bytes) const;

  const keel_artifact &artifact;
  std::unique_ptr<Device> owned;
  std::vector<StateMemory> states;
  std::shared_ptr<void> arena;
  std::size_t arenaBytes = 0;
  std::map<const keel_artifact_entry *, EntryMemory> entries;
};

} // namespace keel::runtime

#endif
