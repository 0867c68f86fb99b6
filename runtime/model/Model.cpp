// A loaded model: look-ups and threads.
#include "runtime/model/Model.h"
#include "runtime/support/Error.h"

namespace keel::runtime {

Model::Model(Library opened)
    : library(std::move(opened)), states(library.artifact->num_states), prepared(states.size()),
      threadCount(availableThreads()) {
  try {
    select(selectDefaultDevice(artifact(), library.name));
  } catch (const Error &) {
    // The model can be looked at, and a device may be set; calls say what is missing. What is for CPUs only is refused.
    if (artifact().programs[0].kind == KEEL_PROGRAM_CPU)
      throw;
    missingDevice = std::current_exception();
    select({artifact().programs, nullptr, ""});
  }
}

void Model::select(Selection chosen) {
  placement.reset();
  std::unique_ptr<Device> device = std::move(chosen.device);
  selection = std::move(chosen);
  // What `prepare` makes is for one program.
  for (std::size_t i = 0; i < states.size(); ++i)
    if (isDerived(i))
      states[i] = {};
  std::fill(prepared.begin(), prepared.end(), false);
  if (const keel_artifact_entry *prepare = findEntry("prepare"))
    for (std::uint32_t i = 0; i < prepare->num_state; ++i)
      if (prepare->state_access[i] & 2)
        prepared[prepare->state[i]] = true;
  if (device) {
    device->setThreads(threadCount);
    placement = std::make_unique<Placement>(std::move(device), artifact());
    pool.reset();
    arena.reset();
    arenaBytes = 0;
  }
}

void Model::setDevice(const std::string &specification) {
  Selection chosen = selectDevice(specification, artifact(), library.name);
  // The old device's state comes home first.
  for (std::size_t i = 0; i < states.size(); ++i)
    if (states[i].ready && !isDerived(i))
      state(artifact().states[i].name);
  kernelEvents.clear();
  recording = timing = false;
  missingDevice = nullptr;
  select(std::move(chosen));
}

const keel_artifact_entry *Model::findEntry(std::string_view name) const {
  for (std::uint32_t i = 0; i < program().num_entries; ++i)
    if (program().entries[i].name == name)
      return &program().entries[i];
  return nullptr;
}

const keel_artifact_state *Model::findState(std::string_view name) const {
  for (std::uint32_t i = 0; i < artifact().num_states; ++i)
    if (artifact().states[i].name == name)
      return &artifact().states[i];
  return nullptr;
}

const keel_artifact_entry &Model::entry(std::string_view name) const {
  if (const keel_artifact_entry *found = findEntry(name))
    return *found;
  std::string list;
  for (std::uint32_t i = 0; i < program().num_entries; ++i)
    list += (i ? ", " : "") + std::string(program().entries[i].name);
  fail(KEEL_INVALID_ARGUMENT, library.name, " has no entry '", name, "', only: ", list);
}

std::size_t Model::stateIndex(std::string_view name) const {
  if (const keel_artifact_state *found = findState(name))
    return static_cast<std::size_t>(found - artifact().states);
  std::string list;
  for (std::uint32_t i = 0; i < artifact().num_states; ++i)
    if (!isDerived(i))
      list += (list.empty() ? "" : ", ") + std::string(artifact().states[i].name);
  fail(KEEL_INVALID_ARGUMENT, library.name, " has no state '", name, "', only: ", list.empty() ? "(none)" : list);
}

void Model::setThreads(unsigned count) {
  if (count > 4096)
    fail(KEEL_INVALID_ARGUMENT, count, " threads are too many (at most 4096)");
  count = count ? count : availableThreads();
  if (count != threadCount)
    pool.reset();
  threadCount = count;
  if (placement)
    placement->device().setThreads(count);
}

} // namespace keel::runtime
