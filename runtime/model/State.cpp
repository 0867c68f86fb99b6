// The state of a model: lazily initialised, set and read by name, saved and loaded whole.
//
// Derived state is a function of the other state that the entry `prepare` computes. It is stale after any other state
// is set, and after an entry that wrote other state but not this one; `prepare` runs before an entry that reads stale
// state.
#include "runtime/data/Formats.h"
#include "runtime/model/Initialize.h"
#include "runtime/model/Model.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>

namespace keel::runtime {

namespace {
void checkType(const keel_artifact_state &state, const keel_view &view, const std::string &prefix = "") {
  if (view.dtype != state.type.dtype || !std::ranges::equal(shapeOf(view), shapeOf(state.type)))
    fail(KEEL_INVALID_ARGUMENT, prefix, "state '", state.name, "' is ", typeText(state.type), ", not ", typeText(view));
}

Tensor makeTensor(const keel_artifact_state &state) {
  std::span<const std::int64_t> shape = shapeOf(state.type);
  return Tensor(state.type.dtype, Shape(shape.begin(), shape.end()));
}
} // namespace

void Model::seed(std::uint64_t value) {
  seedValue = value;
  for (State &state : states)
    state.ready = false;
}

void Model::invalidateDerived() {
  for (std::size_t i = 0; i < states.size(); ++i)
    if (isPrepared(i))
      states[i].ready = false;
}

/// Gives a state tensor a value from outside.
void Model::setHost(std::size_t index, Tensor tensor) {
  states[index] = {std::move(tensor), true, false};
  if (placement)
    placement->setCurrent(index, false);
}

void Model::initializeState(std::size_t index) {
  const keel_artifact_state &type = artifact().states[index];
  Tensor tensor = makeTensor(type);
  initialize(type, seedValue, tensor);
  if (type.role == KEEL_STATE_SETTING && std::string_view(type.name) == "seed" && isInteger(type.type.dtype)) // of dropout's masks
    std::memcpy(tensor.data(), &seedValue, std::min(tensor.bytes(), sizeof seedValue));
  setHost(index, std::move(tensor));
}

void Model::runPrepare() {
  const keel_artifact_entry &prepare = entry("prepare");
  prepareState(prepare);
  if (placement)
    placement->finish(placement->start(prepare, {}, 1), {});
  else
    invoke(prepare, {}, 1);
  noteWrites(prepare);
}

const Tensor &Model::state(std::string_view name) {
  std::size_t index = stateIndex(name);
  State &state = states[index];
  if (!state.ready && isPrepared(index))
    runPrepare();
  else if (!state.ready)
    initializeState(index);
  if (state.hostStale) {
    if (!state.tensor.memory)
      state.tensor = makeTensor(artifact().states[index]);
    placement->download(index, state.tensor);
    state.hostStale = false;
  }
  return state.tensor;
}

void Model::setState(std::string_view name, const keel_view &view) {
  std::size_t index = stateIndex(name);
  const keel_artifact_state &type = artifact().states[index];
  if (isDerived(index))
    fail(KEEL_INVALID_ARGUMENT, "state '", name, "' is computed from other state and cannot be set");
  checkType(type, view);
  Tensor tensor = states[index].tensor.memory ? states[index].tensor : makeTensor(type);
  if (tensor.bytes())
    std::memmove(tensor.data(), view.data, tensor.bytes());
  setHost(index, std::move(tensor));
  invalidateDerived();
}

void Model::setValue(std::string_view name, double value) {
  const keel_artifact_state &type = artifact().states[stateIndex(name)];
  Tensor tensor = makeTensor(type);
  for (std::size_t i = 0; i < tensor.elements; ++i)
    storeElement(tensor.data(), tensor.dtype, i, value);
  if (isInteger(tensor.dtype) && tensor.elements && loadElement(tensor.data(), tensor.dtype, 0) != value)
    fail(KEEL_INVALID_ARGUMENT, "state '", name, "' is ", typeText(type.type), ", which cannot hold ", value);
  setState(name, tensor.view());
}

void Model::loadState(const std::string &path) {
  std::vector<std::uint8_t> bytes = readFile(path);
  NamedTensors loaded;
  try {
    loaded = parseSafetensors(bytes);
  } catch (const Error &error) {
    fail(error.status, "'", path, "': ", error.what());
  }
  std::string prefix = text("'", path, "': ");
  std::vector<bool> found(states.size());
  for (const auto &[name, tensor] : loaded) {
    const keel_artifact_state *state = findState(name);
    if (!state || state->role == KEEL_STATE_DERIVED)
      fail(KEEL_INVALID_ARGUMENT, prefix, "tensor '", name, "' is no state of this model");
    checkType(*state, tensor.view(), prefix);
    found[static_cast<std::size_t>(state - artifact().states)] = true;
  }
  for (std::size_t i = 0; i < states.size(); ++i)
    if (!found[i] && !isDerived(i))
      fail(KEEL_INVALID_ARGUMENT, prefix, "state '", artifact().states[i].name, "' is missing");
  for (auto &[name, tensor] : loaded)
    setHost(stateIndex(name), std::move(tensor));
  invalidateDerived();
}

void Model::saveState(const std::string &path) {
  std::vector<std::pair<std::string, keel_view>> tensors;
  for (std::size_t i = 0; i < states.size(); ++i)
    if (!isDerived(i))
      tensors.emplace_back(artifact().states[i].name, state(artifact().states[i].name).view());
  writeSafetensors(path, tensors);
}

/// Brings everything that an entry reads into being, where the entry will run.
void Model::prepareState(const keel_artifact_entry &called) {
  if (missingDevice)
    std::rethrow_exception(missingDevice);
  if (placement)
    placement->makeRoom(called);
  bool stale = false;
  for (std::uint32_t i = 0; i < called.num_state; ++i) {
    std::uint32_t index = called.state[i];
    State &wanted = states[index];
    if (isPrepared(index)) {
      if (!wanted.ready && placement && !placement->isCurrent(index)) {
        // Zeroed: padding that `prepare` leaves alone stays what it was compiled to be.
        placement->zero(index);
      } else if (!wanted.ready && !placement && !wanted.tensor.memory) {
        wanted.tensor = makeTensor(artifact().states[index]);
        std::memset(wanted.tensor.data(), 0, wanted.tensor.bytes());
      }
      stale |= !wanted.ready && (called.state_access[i] & 1) != 0;
      continue;
    }
    if (!wanted.ready)
      initializeState(index);
    if (placement && !placement->isCurrent(index))
      placement->upload(index, wanted.tensor);
  }
  if (stale && std::string_view(called.name) != "prepare")
    runPrepare();
}

void Model::noteWrites(const keel_artifact_entry &called) {
  bool wrote = false;
  for (std::uint32_t i = 0; i < called.num_state; ++i)
    wrote |= (called.state_access[i] & 2) && !isDerived(called.state[i]);
  if (wrote)
    invalidateDerived();
  for (std::uint32_t i = 0; i < called.num_state; ++i)
    if (called.state_access[i] & 2) {
      states[called.state[i]].ready = true;
      states[called.state[i]].hostStale = placement != nullptr;
    }
}

} // namespace keel::runtime
