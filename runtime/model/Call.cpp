// Calling an entry: checks shapes, splits large batches, and lends the compiled code its memory and threads.
#include "runtime/model/Model.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cstring>
#include <deque>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

namespace keel::runtime {

namespace {
/// The caller's rounding and denormal modes would apply to its own share of the work alone: set them aside.
class DefaultFloatingPoint {
#ifdef __SSE__
public:
  DefaultFloatingPoint() : saved(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~DefaultFloatingPoint() { _mm_setcsr(saved); }

private:
  unsigned saved;
#else
public:
  DefaultFloatingPoint() {}
#endif
};

bool matches(const keel_artifact_tensor &type, const keel_view &view, std::int64_t &batch) {
  if (type.dtype != view.dtype || type.rank != view.rank)
    return false;
  for (std::uint32_t d = 0; d < type.rank; ++d) {
    if (type.shape[d] == -1 && batch == -1)
      batch = view.shape[d];
    if (view.shape[d] != (type.shape[d] == -1 ? batch : type.shape[d]))
      return false;
  }
  return true;
}

bool isBatched(const keel_artifact_tensor &type) { return std::ranges::count(shapeOf(type), std::int64_t(-1)) > 0; }
bool isAligned(const void *pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % KEEL_ARTIFACT_ALIGNMENT == 0; }

/// One argument of a call: where the caller has it, and an aligned copy where that is needed.
struct Argument {
  std::uint8_t *data;
  std::size_t bytes;    // of the whole argument
  std::size_t rowBytes; // 0: it is passed whole to every part
  std::shared_ptr<std::uint8_t> staged;

  std::uint8_t *at(std::int64_t row) const { return data + rowBytes * static_cast<std::size_t>(row); }
  std::size_t size(std::int64_t rows) const { return rowBytes ? rowBytes * static_cast<std::size_t>(rows) : bytes; }
};
} // namespace

Shape Model::outputShape(const keel_artifact_entry &called, std::uint32_t output, std::int64_t batch) const {
  if (output >= called.num_outputs)
    fail(KEEL_INVALID_ARGUMENT, "entry '", called.name, "' has ", called.num_outputs, " outputs, no number ", output);
  std::span<const std::int64_t> extents = shapeOf(called.outputs[output]);
  Shape shape(extents.begin(), extents.end());
  std::ranges::replace(shape, std::int64_t(-1), batch);
  return shape;
}

/// Throws unless an entry takes these arguments; returns the batch, 0 where there is nothing to compute.
std::int64_t Model::checkCall(const keel_artifact_entry &called, std::span<const keel_view> inputs,
                              std::span<const keel_view> outputs) const {
  auto checkCount = [&](std::size_t found, std::size_t expected, const char *what) {
    if (found != expected)
      fail(KEEL_INVALID_ARGUMENT, "entry '", called.name, "' has ", expected, " ", what, expected == 1 ? "" : "s", ", ",
           found, " given");
  };
  checkCount(inputs.size(), called.num_inputs, "input");
  checkCount(outputs.size(), called.num_outputs, "output");

  std::int64_t batch = -1;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!matches(called.inputs[i], inputs[i], batch))
      fail(KEEL_INVALID_ARGUMENT, "input ", i, " of '", called.name, "' is ", typeText(called.inputs[i]),
           batch >= 0 && isBatched(called.inputs[i]) ? text(" with a batch of ", batch) : "", ", not ",
           typeText(inputs[i]));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!matches(called.outputs[i], outputs[i], batch))
      fail(KEEL_INVALID_ARGUMENT, "output ", i, " of '", called.name, "' is ", typeText(called.outputs[i]),
           batch >= 0 && isBatched(called.outputs[i]) ? text(" with a batch of ", batch) : "", ", not ",
           typeText(outputs[i]));

  bool splittable = called.splittable;
  std::int64_t capacity = called.batch_capacity;
  if (capacity == 0)
    return 1;
  if (batch == 0 && splittable)
    return 0; // no rows
  if (batch <= 0)
    fail(KEEL_INVALID_ARGUMENT, "'", called.name, "' needs a batch of at least 1");
  if (batch > capacity && !splittable)
    fail(KEEL_INVALID_ARGUMENT, "a batch of ", batch, " is too large for '", called.name, "', which takes at most ",
         capacity, " and cannot be split: compile the model with --batch=", batch);
  return batch;
}

void Model::call(const keel_artifact_entry &called, std::span<const keel_view> inputs,
                 std::span<const keel_view> outputs) {
  if (missingDevice)
    std::rethrow_exception(missingDevice);
  std::int64_t batch = checkCall(called, inputs, outputs);
  std::int64_t capacity = std::max<std::int64_t>(called.batch_capacity, 1);
  if (batch == 0)
    return;
  prepareState(called);
  std::vector<Argument> arguments;
  auto addArgument = [&](const keel_artifact_tensor &type, const keel_view &view) {
    std::size_t bytes = bytesOf(view);
    std::size_t rowBytes = batch > capacity && isBatched(type) ? bytes / static_cast<std::size_t>(batch) : 0;
    Argument argument{static_cast<std::uint8_t *>(view.data), bytes, rowBytes, nullptr};
    bool stage = !placement && (!isAligned(view.data) ||
                 (rowBytes && rowBytes * static_cast<std::size_t>(capacity) % KEEL_ARTIFACT_ALIGNMENT != 0));
    if (stage)
      argument.staged = allocate(argument.size(std::min(batch, capacity)));
    arguments.push_back(std::move(argument));
  };
  for (std::size_t i = 0; i < inputs.size(); ++i)
    addArgument(called.inputs[i], inputs[i]);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    addArgument(called.outputs[i], outputs[i]);
  auto overlap = [](const Argument &a, const Argument &b) {
    return a.data < b.data + b.bytes && b.data < a.data + a.bytes;
  };
  for (std::size_t i = inputs.size(); i < arguments.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (overlap(arguments[i], arguments[j]))
        fail(KEEL_INVALID_ARGUMENT, "output ", i - inputs.size(), " of '", called.name, "' overlaps another argument");

  if (placement)
    return callOnDevice(called, inputs, outputs, batch);
  std::vector<void *> pointers(arguments.size());
  for (std::int64_t row = 0; row < batch; row += capacity) {
    std::int64_t rows = std::min(capacity, batch - row);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      Argument &argument = arguments[i];
      pointers[i] = argument.staged ? argument.staged.get() : argument.at(row);
      if (argument.staged && i < inputs.size())
        std::memcpy(argument.staged.get(), argument.at(row), argument.size(rows));
    }
    invoke(called, pointers, rows);
    noteWrites(called);
    for (std::size_t i = inputs.size(); i < arguments.size(); ++i)
      if (arguments[i].staged)
        std::memcpy(arguments[i].at(row), arguments[i].staged.get(), arguments[i].size(rows));
  }
}

namespace {
/// The part of an argument that belongs to some rows of a batch; all of it where it has no batch or the batch is whole.
Placement::Argument rowsOf(const keel_artifact_tensor &type, const keel_view &view, std::int64_t batch,
                           std::int64_t row, std::int64_t rows) {
  Placement::Argument all{static_cast<std::uint8_t *>(view.data), bytesOf(view)};
  if (rows == batch || !isBatched(type))
    return all;
  std::size_t rowBytes = all.bytes / static_cast<std::size_t>(batch);
  return {all.data + rowBytes * static_cast<std::size_t>(row), rowBytes * static_cast<std::size_t>(rows)};
}
} // namespace

void Model::callOnDevice(const keel_artifact_entry &called, std::span<const keel_view> inputs,
                         std::span<const keel_view> outputs, std::int64_t batch) {
  std::int64_t capacity = std::max<std::int64_t>(called.batch_capacity, 1);
  struct Part {
    Placement::Ticket ticket;
    std::int64_t row, rows;
  };
  std::deque<Part> started;
  std::vector<Placement::Argument> arguments;
  auto finishOne = [&] {
    Part part = started.front();
    started.pop_front();
    arguments.clear();
    for (std::size_t i = 0; i < outputs.size(); ++i)
      arguments.push_back(rowsOf(called.outputs[i], outputs[i], batch, part.row, part.rows));
    placement->finish(part.ticket, arguments);
  };
  for (std::int64_t row = 0; row < batch; row += capacity) {
    std::int64_t rows = std::min(capacity, batch - row);
    arguments.clear();
    for (std::size_t i = 0; i < inputs.size(); ++i)
      arguments.push_back(rowsOf(called.inputs[i], inputs[i], batch, row, rows));
    started.push_back({placement->start(called, arguments, rows), row, rows});
    noteWrites(called);
    if (started.size() >= queueDepth())
      finishOne();
  }
  while (!started.empty())
    finishOne();
  collectEvents();
}

Placement::Ticket Model::start(const keel_artifact_entry &called, std::span<const keel_view> inputs) {
  std::vector<Placement::Argument> arguments;
  std::int64_t batch = -1;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!matches(called.inputs[i], inputs[i], batch))
      fail(KEEL_INVALID_ARGUMENT, "input ", i, " of '", called.name, "' is ", typeText(called.inputs[i]), ", not ",
           typeText(inputs[i]));
  prepareState(called);
  for (const keel_view &input : inputs)
    arguments.push_back({static_cast<std::uint8_t *>(input.data), bytesOf(input)});
  Placement::Ticket ticket = placement->start(called, arguments, batch < 0 ? 1 : batch);
  noteWrites(called);
  return ticket;
}

void Model::finish(const Placement::Ticket &ticket, std::span<const keel_view> outputs) {
  std::vector<Placement::Argument> arguments;
  for (const keel_view &output : outputs)
    arguments.push_back({static_cast<std::uint8_t *>(output.data), bytesOf(output)});
  placement->finish(ticket, arguments);
  collectEvents();
}

void Model::invoke(const keel_artifact_entry &called, std::span<void *const> arguments, std::int64_t batch) {
  if (!pool) {
    pool.emplace(threadCount);
    pool->record(recording);
  }
  pool->reserveScratch(called.scratch_bytes);
  if (called.arena_bytes > arenaBytes || !arena) {
    arena.reset();
    arena = allocate(called.arena_bytes);
    arenaBytes = called.arena_bytes;
  }
  std::vector<void *> buffers;
  buffers.reserve(called.num_state + arguments.size());
  for (std::uint32_t i = 0; i < called.num_state; ++i)
    buffers.push_back(states[called.state[i]].tensor.data());
  buffers.insert(buffers.end(), arguments.begin(), arguments.end());

  Environment environment;
  environment.arena = arena.get();
  environment.parallel = [](keel_env *self, std::uint32_t kernel, keel_kernel_body body, const void *captured,
                            std::int64_t count) {
    auto *env = static_cast<Environment *>(self);
    if (!env->model->recording) [[likely]]
      env->model->pool->run(body, captured, count);
    else
      env->model->runKernel(*env->entry, kernel, body, captured, count);
  };
  environment.model = this;
  environment.entry = &called;
  {
    DefaultFloatingPoint guard;
    called.call(&environment, buffers.data(), batch);
  }
}

} // namespace keel::runtime
