// A model's memory on a device, and calls through it.
#include "runtime/model/Placement.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>

namespace keel::runtime {

namespace {
std::size_t bytesAt(const keel_artifact_tensor &type, std::int64_t batch) {
  Shape shape(type.shape, type.shape + type.rank);
  std::ranges::replace(shape, std::int64_t(-1), batch);
  return countElements(shape, type.dtype) * keel_dtype_size(type.dtype);
}

std::size_t aligned(std::size_t bytes) {
  constexpr std::size_t alignment = 256; // KEEL_ARTIFACT_ALIGNMENT, and what a GPU copies in one piece
  return (bytes + alignment - 1) / alignment * alignment;
}
} // namespace

Placement::Placement(std::unique_ptr<Device> device, const keel_artifact &artifact)
    : artifact(artifact), owned(std::move(device)), states(artifact.num_states) {}

Placement::~Placement() {
  try {
    owned->wait(); // memory that is in use is not freed
  } catch (const Error &) {
    // It was reported to whoever asked for results.
  }
}

std::size_t Placement::stateBytes(std::size_t state) const { return bytesAt(artifact.states[state].type, 1); }

Placement::EntryMemory Placement::layOut(const keel_artifact_entry &entry, std::size_t &bytes) const {
  EntryMemory memory;
  std::int64_t batch = std::max<std::int64_t>(entry.batch_capacity, 1);
  auto add = [&](const keel_artifact_tensor &type) {
    memory.offsets.push_back(bytes);
    memory.sizes.push_back(bytesAt(type, batch));
    bytes += aligned(memory.sizes.back());
  };
  for (std::uint32_t i = 0; i < entry.num_inputs; ++i)
    add(entry.inputs[i]);
  for (std::uint32_t i = 0; i < entry.num_outputs; ++i)
    add(entry.outputs[i]);
  return memory;
}

void Placement::makeRoom(const keel_artifact_entry &entry) {
  bool isKnown = entries.contains(&entry);
  if (isKnown)
    return; // its memory was taken by an earlier call, and nothing gives memory back
  std::size_t forState = 0, forArguments = 0;
  for (std::uint32_t i = 0; i < entry.num_state; ++i)
    if (!states[entry.state[i]].memory)
      forState += aligned(stateBytes(entry.state[i]));
  EntryMemory memory = layOut(entry, forArguments);
  std::size_t forArena = !arena || entry.arena_bytes > arenaBytes ? entry.arena_bytes : 0;
  if (std::optional<Device::Space> space = owned->space()) {
    std::uint64_t free = space->free + (forArena ? arenaBytes : 0); // the old arena is given back
    std::uint64_t needed = forState + forArguments + forArena;
    if (needed > free)
      fail(KEEL_OUT_OF_MEMORY, "'", entry.name, "' needs ", bytesText(needed), " (", needed, " bytes) of the memory of ",
           owned->description(), ": ", bytesText(forState), " for state, ", bytesText(forArena),
           " for intermediate results, ", bytesText(forArguments), " for inputs and outputs",
           entry.batch_capacity ? text(" at a batch of ", entry.batch_capacity) : "", "; ", bytesText(free), " of ",
           bytesText(space->total), " are free",
           entry.batch_capacity > 1 ? ": compile the model with a smaller --batch" : "");
  }
  if (forArena || !arena) {
    owned->wait();
    owned->forgetRuns();
    arena.reset();
    arenaBytes = 0;
    arena = owned->allocate(entry.arena_bytes, text("the intermediate results of '", entry.name, "'"));
    arenaBytes = entry.arena_bytes;
  }
  for (std::uint32_t i = 0; i < entry.num_state; ++i)
    if (StateMemory &state = states[entry.state[i]]; !state.memory)
      state.memory = owned->allocate(stateBytes(entry.state[i]),
                                     text("state '", artifact.states[entry.state[i]].name, "'"));
  memory.memory = owned->allocate(forArguments, text("the inputs and outputs of '", entry.name, "'"));
  for (unsigned i = 0; i < std::min<std::size_t>(owned->queueDepth(), memory.slots.size()); ++i)
    memory.slots[i].memory = owned->allocateHost(forArguments);
  entries.emplace(&entry, std::move(memory));
}

void Placement::upload(std::size_t state, const Tensor &tensor) {
  owned->copyIn(states[state].memory.get(), tensor.data(), tensor.bytes());
  owned->wait();
  states[state].isCurrent = true;
}

void Placement::zero(std::size_t state) {
  owned->zero(states[state].memory.get(), stateBytes(state));
  states[state].isCurrent = true;
}

void Placement::download(std::size_t state, const Tensor &tensor) {
  owned->copyOut(tensor.data(), states[state].memory.get(), tensor.bytes());
  owned->wait();
}

Placement::Ticket Placement::start(const keel_artifact_entry &entry, std::span<const Argument> inputs,
                                   std::int64_t batch) {
  EntryMemory &memory = entries.at(&entry);
  unsigned index = memory.next;
  memory.next = (index + 1) % std::min<unsigned>(owned->queueDepth(), static_cast<unsigned>(memory.slots.size()));
  Slot &slot = memory.slots[index];
  if (slot.isBusy) // an earlier call's results, which nobody fetched
    owned->wait(slot.mark);
  auto *base = static_cast<std::uint8_t *>(memory.memory.get());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].bytes)
      std::memcpy(slot.memory.get() + memory.offsets[i], inputs[i].data, inputs[i].bytes);
    owned->discard(base + memory.offsets[i], memory.sizes[i]);
    owned->copyIn(base + memory.offsets[i], slot.memory.get() + memory.offsets[i], inputs[i].bytes);
  }
  std::vector<void *> buffers;
  for (std::uint32_t i = 0; i < entry.num_state; ++i)
    buffers.push_back(states[entry.state[i]].memory.get());
  for (std::size_t offset : memory.offsets)
    buffers.push_back(base + offset);
  for (std::size_t i = inputs.size(); i < memory.offsets.size(); ++i)
    owned->discard(base + memory.offsets[i], memory.sizes[i]);
  owned->discard(arena.get(), arenaBytes);
  owned->run(entry, buffers, arena.get(), batch);
  for (std::uint32_t i = 0; i < entry.num_outputs; ++i) {
    std::size_t offset = memory.offsets[entry.num_inputs + i];
    owned->copyOut(slot.memory.get() + offset, base + offset, bytesAt(entry.outputs[i], batch));
  }
  slot.mark = owned->mark();
  slot.isBusy = true;
  return {&entry, index};
}

void Placement::finish(const Ticket &ticket, std::span<const Argument> outputs) {
  EntryMemory &memory = entries.at(ticket.entry);
  Slot &slot = memory.slots[ticket.slot];
  owned->wait(slot.mark);
  slot.isBusy = false;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].bytes)
      std::memcpy(outputs[i].data, slot.memory.get() + memory.offsets[ticket.entry->num_inputs + i], outputs[i].bytes);
}

} // namespace keel::runtime
