// A loaded model: look-ups and threads.
#include "runtime/model/Model.h"
#include "runtime/support/Error.h"

namespace keel::runtime {

Model::Model(Library opened)
    : library(std::move(opened)), selected(library.artifact->programs), states(library.artifact->num_states),
      threadCount(availableThreads()) {
  for (std::uint32_t i = artifact().num_programs; i-- > 0;)
    if (artifact().programs[i].kind == KEEL_PROGRAM_CPU)
      selected = &artifact().programs[i];
  if (selected->kind == KEEL_PROGRAM_CPU)
    checkCpu(*selected, library.name);
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
}

} // namespace keel::runtime
