// The C++ wrapper of keel.h: header-only, errors as exceptions, memory owned by objects. C++20.
//
//   keel::Model model("digits.so");
//   model.set("learning_rate", 1e-3);
//   keel::train(model, {.data = keel::read("images.npy"), .labels = keel::read("labels.npy"), .epochs = 20});
//   keel::Tensor scores = model("forward", {keel::read("test.npy")});
//   std::span<const float> values = scores.values<float>();
#ifndef KEEL_KEEL_HPP
#define KEEL_KEEL_HPP

#include "keel/keel.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace keel {

/// What every function here throws.
struct Error : std::runtime_error {
  Error(keel_status status, const char *message) : std::runtime_error(message), status(status) {}
  keel_status status;
};

namespace detail {
/// Calls a C function whose last parameter is the error.
template <class Function, class... Arguments> void check(Function function, Arguments... arguments) {
  keel_error error;
  if (function(arguments..., &error) != KEEL_OK)
    throw Error(error.status, error.message);
}

template <class T> constexpr std::uint32_t dtypeOf() {
  if constexpr (std::is_same_v<T, bool>)
    return KEEL_DTYPE_BOOL;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return KEEL_DTYPE_I8;
  else if constexpr (std::is_same_v<T, std::int16_t>)
    return KEEL_DTYPE_I16;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return KEEL_DTYPE_I32;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return KEEL_DTYPE_I64;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return KEEL_DTYPE_U8;
  else if constexpr (std::is_same_v<T, float>)
    return KEEL_DTYPE_F32;
  else {
    static_assert(std::is_same_v<T, double>, "no element type of a tensor");
    return KEEL_DTYPE_F64;
  }
}
} // namespace detail

/// A dense row-major host tensor. Copies share memory.
class Tensor {
public:
  Tensor() = default;
  /// Zeros.
  Tensor(std::uint32_t dtype, const std::vector<std::int64_t> &shape) {
    keel_tensor *created;
    detail::check(keel_tensor_create, dtype, static_cast<std::uint32_t>(shape.size()), shape.data(), &created);
    *this = Tensor(created);
  }
  /// A copy of the values of a span or a vector, of a given shape.
  template <class Range> static Tensor of(const Range &source, const std::vector<std::int64_t> &shape) {
    using T = std::remove_cvref_t<decltype(*std::data(source))>;
    Tensor result(detail::dtypeOf<T>(), shape);
    if (result.size() != std::size(source))
      throw Error(KEEL_INVALID_ARGUMENT, "the values do not fill the shape");
    std::copy(std::begin(source), std::end(source), result.values<T>().begin());
    return result;
  }
  /// Takes over a tensor of the C API.
  explicit Tensor(keel_tensor *owned) : handle(owned, keel_tensor_free) {}
  /// Takes over a DLPack tensor, without a copy.
  static Tensor fromDlpack(DLManagedTensor *managed) {
    keel_tensor *imported;
    detail::check(keel_tensor_from_dlpack, managed, &imported);
    return Tensor(imported);
  }
  /// Shares this tensor's memory; the receiver calls the result's deleter.
  DLManagedTensor *toDlpack() const {
    DLManagedTensor *managed;
    detail::check(keel_tensor_to_dlpack, handle.get(), &managed);
    return managed;
  }

  explicit operator bool() const { return handle != nullptr; }
  /// A zeroed view if there is no tensor.
  keel_view view() const { return handle ? keel_tensor_view(handle.get()) : keel_view{}; }
  std::uint32_t dtype() const { return view().dtype; }
  std::span<const std::int64_t> shape() const { return {view().shape, view().rank}; }
  std::size_t size() const {
    std::size_t product = 1;
    for (std::int64_t extent : shape())
      product *= static_cast<std::size_t>(extent);
    return product;
  }
  /// The elements, which must be of type T (const T to look only).
  template <class T> std::span<T> values() const {
    return {static_cast<T *>(data(detail::dtypeOf<std::remove_const_t<T>>())), size()};
  }
  /// The one element of a tensor of one element, as a number.
  double item() const;
  /// A copy with elements of another type, rounded to the nearest.
  Tensor as(std::uint32_t dtype) const {
    keel_tensor *converted;
    keel_view source = view();
    detail::check(keel_tensor_convert, static_cast<const keel_view *>(&source), dtype, &converted);
    return Tensor(converted);
  }
  void write(const std::string &path) const {
    keel_view source = view();
    detail::check(keel_tensor_write, path.c_str(), &source);
  }

private:
  void *data(std::uint32_t wanted) const {
    if (dtype() != wanted)
      throw Error(KEEL_INVALID_ARGUMENT, (std::string("the tensor's elements are ") + keel_dtype_name(dtype()) +
                                          ", not " + keel_dtype_name(wanted))
                                             .c_str());
    return view().data;
  }
  std::shared_ptr<keel_tensor> handle;
};

inline double Tensor::item() const {
  if (!handle || size() != 1)
    throw Error(KEEL_INVALID_ARGUMENT, "item() needs a tensor of one element");
  switch (dtype()) {
  case KEEL_DTYPE_F32:
    return values<float>()[0];
  case KEEL_DTYPE_F64:
    return values<double>()[0];
  case KEEL_DTYPE_I32:
    return values<std::int32_t>()[0];
  case KEEL_DTYPE_I64:
    return static_cast<double>(values<std::int64_t>()[0]);
  }
  throw Error(KEEL_INVALID_ARGUMENT, "item() reads f32, f64, i32 and i64");
}

/// Reads a .npy, .npz (as FILE.npz:NAME), IDX or .csv file.
inline Tensor read(const std::string &path) {
  keel_tensor *tensor;
  detail::check(keel_tensor_read, path.c_str(), &tensor);
  return Tensor(tensor);
}

/// A compiled model and its state.
class Model {
public:
  explicit Model(const std::string &path) {
    keel_model *model;
    detail::check(keel_model_load, path.c_str(), &model);
    handle.reset(model);
  }
  /// A model linked into the application.
  explicit Model(const keel_artifact *artifact) {
    keel_model *model;
    detail::check(keel_model_from_artifact, artifact, &model);
    handle.reset(model);
  }

  keel_model *get() const { return handle.get(); }
  const keel_artifact &artifact() const { return *keel_model_artifact(get()); }
  const keel_artifact_program &program() const { return *keel_model_program(get()); }
  std::span<const keel_artifact_program> programs() const { return {artifact().programs, artifact().num_programs}; }
  /// Of the program that calls run.
  std::span<const keel_artifact_entry> entries() const { return {program().entries, program().num_entries}; }
  std::span<const keel_artifact_state> states() const { return {artifact().states, artifact().num_states}; }
  bool hasEntry(const std::string &name) const { return keel_model_find_entry(get(), name.c_str()) != nullptr; }
  bool hasState(const std::string &name) const { return keel_model_find_state(get(), name.c_str()) != nullptr; }

  /// "cpu", "cuda", "cuda:1", "emulator", "emulator:sm_80".
  void device(const std::string &name) { detail::check(keel_model_set_device, get(), name.c_str()); }
  std::string device() const { return keel_model_device(get()); }

  /// 0: one for each CPU.
  void threads(std::uint32_t count) { detail::check(keel_model_set_threads, get(), count); }
  std::uint32_t threads() const { return keel_model_threads(get()); }

  /// Starts all state anew.
  void seed(std::uint64_t value) { detail::check(keel_model_seed, get(), value); }
  void set(const std::string &state, double value) { detail::check(keel_model_set_value, get(), state.c_str(), value); }
  void set(const std::string &state, const Tensor &tensor) {
    keel_view view = tensor.view();
    detail::check(keel_model_set_state, get(), state.c_str(), static_cast<const keel_view *>(&view));
  }
  /// A copy of a state tensor.
  Tensor state(const std::string &name) const;
  void load(const std::string &path) { detail::check(keel_model_load_state, get(), path.c_str()); }
  void save(const std::string &path) const { detail::check(keel_model_save_state, get(), path.c_str()); }

  /// Calls an entry and returns all its results.
  std::vector<Tensor> call(const std::string &entry, std::span<const Tensor> inputs = {});
  std::vector<Tensor> call(const std::string &entry, std::initializer_list<Tensor> inputs) {
    return call(entry, std::span<const Tensor>(inputs.begin(), inputs.size()));
  }
  /// Calls an entry of one result.
  Tensor operator()(const std::string &entry, std::initializer_list<Tensor> inputs) {
    std::vector<Tensor> outputs = call(entry, inputs);
    if (outputs.size() != 1)
      throw Error(KEEL_INVALID_ARGUMENT, ("'" + entry + "' has not one result").c_str());
    return outputs[0];
  }
  /// Calls an entry with views of the caller's own memory: no allocation.
  void call(const std::string &entry, std::span<const keel_view> inputs, std::span<const keel_view> outputs) {
    detail::check(keel_model_call, get(), entry.c_str(), inputs.data(), static_cast<std::uint32_t>(inputs.size()),
                  outputs.data(), static_cast<std::uint32_t>(outputs.size()));
  }

  void record(bool on) { detail::check(keel_model_record, get(), on); }
  std::span<const keel_kernel_event> events() const {
    const keel_kernel_event *events;
    std::size_t count;
    detail::check(keel_model_events, get(), &events, &count);
    return {events, count};
  }
  /// What the last call took by the device's clock; NaN where it does not tell. Needs timeCalls(true) before.
  double callSeconds() const {
    double seconds;
    detail::check(keel_model_call_seconds, get(), &seconds);
    return seconds;
  }
  void timeCalls(bool on) { detail::check(keel_model_time_calls, get(), on); }
  void writeTrace(const std::string &path) const { detail::check(keel_model_write_trace, get(), path.c_str()); }

private:
  struct Free {
    void operator()(keel_model *model) const { keel_model_free(model); }
  };
  std::unique_ptr<keel_model, Free> handle;
};

inline Tensor Model::state(const std::string &name) const {
  keel_view view;
  detail::check(keel_model_state, get(), name.c_str(), &view);
  Tensor result(view.dtype, {view.shape, view.shape + view.rank});
  const char *source = static_cast<const char *>(view.data);
  std::copy(source, source + result.size() * keel_dtype_size(view.dtype), static_cast<char *>(result.view().data));
  return result;
}

inline std::vector<Tensor> Model::call(const std::string &entry, std::span<const Tensor> inputs) {
  // The batch: the extent of the first input where the entry's type has none of its own.
  const keel_artifact_entry *type = keel_model_find_entry(get(), entry.c_str());
  std::int64_t batch = 0;
  std::vector<keel_view> inputViews, outputViews;
  for (const Tensor &input : inputs)
    inputViews.push_back(input.view());
  for (std::uint32_t i = type && type->num_inputs == inputs.size() ? type->num_inputs : 0; i-- > 0;)
    for (std::uint32_t d = 0; d < type->inputs[i].rank && d < inputViews[i].rank; ++d)
      if (type->inputs[i].shape[d] == -1)
        batch = inputViews[i].shape[d];
  std::vector<Tensor> outputs;
  for (std::uint32_t i = 0; type && i < type->num_outputs; ++i) {
    std::vector<std::int64_t> shape(type->outputs[i].rank);
    detail::check(keel_model_output_shape, static_cast<const keel_model *>(get()), entry.c_str(), i, batch,
                  shape.data());
    outputs.emplace_back(type->outputs[i].dtype, shape);
    outputViews.push_back(outputs.back().view());
  }
  call(entry, inputViews, outputViews);
  return outputs;
}

/// See keel_train_options.
struct TrainOptions {
  Tensor data, labels, testData = {}, testLabels = {};
  std::uint32_t epochs = 1, batch = 0;
  std::uint64_t seed = 0;
  std::string log = {}, plot = {};
  std::function<void(const keel_epoch &)> onEpoch = {};
  std::function<void(std::uint32_t epoch, std::uint64_t step, std::uint64_t steps, double loss)> onStep = {};
};

/// Trains a model through its train_step, and returns what each epoch brought. The callbacks must not throw.
inline std::vector<keel_epoch> train(Model &model, const TrainOptions &options) {
  struct User {
    const TrainOptions &options;
    std::vector<keel_epoch> history;
  } user{options, {}};
  keel_train_options c = {};
  c.data = options.data.view();
  c.labels = options.labels.view();
  c.test_data = options.testData.view();
  c.test_labels = options.testLabels.view();
  c.epochs = options.epochs;
  c.batch = options.batch;
  c.seed = options.seed;
  c.log = options.log.empty() ? nullptr : options.log.c_str();
  c.plot = options.plot.empty() ? nullptr : options.plot.c_str();
  c.user = &user;
  c.on_epoch = [](void *pointer, const keel_epoch *epoch) {
    auto *state = static_cast<User *>(pointer);
    state->history.push_back(*epoch);
    if (state->options.onEpoch)
      state->options.onEpoch(*epoch);
  };
  if (options.onStep)
    c.on_step = [](void *pointer, std::uint32_t epoch, std::uint64_t step, std::uint64_t steps, double loss) {
      static_cast<User *>(pointer)->options.onStep(epoch, step, steps, loss);
    };
  detail::check(keel_train, model.get(), static_cast<const keel_train_options *>(&c));
  return user.history;
}

} // namespace keel

#endif
