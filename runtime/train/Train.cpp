// The training loop: shuffled batches through train_step, evaluation through forward.
#include "runtime/train/Train.h"
#include "runtime/model/Random.h"
#include "runtime/support/Error.h"
#include "runtime/support/File.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <numeric>
#include <optional>

namespace keel::runtime {

namespace {
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// A data set in the types that an entry takes.
struct Cases {
  Tensor data, labels;
  std::size_t count = 0;
  bool hasClasses = false; // the labels are class numbers
};

/// Converts a tensor of cases to an input's type. What a case holds may be shaped otherwise: 28x28 pixels for 784
/// inputs.
Tensor adapt(const keel_view &view, const keel_artifact_tensor &type, const std::string &what) {
  if (view.rank == 0 || type.rank == 0)
    fail(KEEL_INVALID_ARGUMENT, what, ": a tensor without a leading extent for the cases");
  Shape shape(type.shape, type.shape + type.rank);
  shape[0] = view.shape[0];
  bool isDynamic = std::ranges::count(shape, std::int64_t(-1)) > 0;
  if (isDynamic || countElements(shape, type.dtype) != countElements(shapeOf(view), view.dtype))
    fail(KEEL_INVALID_ARGUMENT, what, ": the model takes ", typeText(type), ", not ", typeText(view));
  if (isInteger(type.dtype) && !isInteger(view.dtype))
    fail(KEEL_INVALID_ARGUMENT, what, ": the model takes integers, ", typeText(type), ", not ", typeText(view));
  if (type.dtype != view.dtype)
    return convert(view, type.dtype, std::move(shape), what);
  Tensor shared; // the caller's memory, for as long as the training runs
  shared.dtype = view.dtype;
  shared.shape = std::move(shape);
  shared.elements = countElements(shared.shape, shared.dtype);
  shared.memory = {std::shared_ptr<void>(), static_cast<std::uint8_t *>(view.data)};
  return shared;
}

class Trainer {
public:
  Trainer(Model &model, const keel_train_options &options) : model(model), options(options) {
    if (!model.findEntry("train_step"))
      fail(KEEL_INVALID_ARGUMENT, "the model has no train_step: compile it with --train=adamw (or momentum, or sgd)");
    step = &model.entry("train_step");
    if (step->num_inputs != 2 || step->num_outputs != 1 || elementsOf(step->outputs[0]) != 1)
      fail(KEEL_INVALID_ARGUMENT, "train_step must take (data, labels) and return one loss");
    loss = Tensor(step->outputs[0].dtype, model.outputShape(*step, 0, 1));
    forward = model.findEntry("forward");
    if (forward && (forward->num_inputs != 1 || forward->num_outputs < 1))
      forward = nullptr;
    training = makeCases(options.data, options.labels, "training");
    if (options.test_data.data || options.test_labels.data) {
      if (!forward)
        fail(KEEL_INVALID_ARGUMENT,
             "the model has no entry 'forward' of one input: it cannot be evaluated on test data");
      testing = makeCases(options.test_data, options.test_labels, "test");
    }
    chooseBatch();
  }

  void run() {
    std::optional<AtomicFile> log, plot; // made first: a bad path must not cost a training run
    if (options.log)
      log.emplace(options.log);
    if (options.plot)
      plot.emplace(options.plot);
    std::vector<keel_epoch> history;
    for (std::uint32_t epoch = options.epochs ? 1 : 0; epoch <= options.epochs; ++epoch) {
      std::uint64_t start = now();
      keel_epoch result{epoch, unknown, unknown, 0};
      if (epoch)
        result.train_loss = trainEpoch(epoch);
      result.seconds = static_cast<double>(now() - start) * 1e-9;
      result.test_accuracy = evaluate();
      if (log)
        log->write(epochJson(result) + "\n");
      history.push_back(result);
      if (options.on_epoch)
        options.on_epoch(options.user, &result);
    }
    if (plot)
      plot->write(plotCurves(history));
    if (log)
      log->commit();
    if (plot)
      plot->commit();
  }

private:
  static std::size_t elementsOf(const keel_artifact_tensor &type) {
    return std::ranges::count(shapeOf(type), std::int64_t(-1)) ? 0 : countElements(shapeOf(type), type.dtype);
  }

  Cases makeCases(const keel_view &data, const keel_view &labels, const std::string &what) {
    if (!data.data || !labels.data)
      fail(KEEL_INVALID_ARGUMENT, "the ", what, " set needs both data and labels");
    Cases cases;
    cases.data = adapt(data, step->inputs[0], what + " data");
    cases.labels = adapt(labels, step->inputs[1], what + " labels");
    cases.count = static_cast<std::size_t>(cases.data.shape[0]);
    if (cases.labels.shape[0] != cases.data.shape[0])
      fail(KEEL_INVALID_ARGUMENT, what, " set: ", cases.count, " cases, but ", cases.labels.shape[0], " labels");
    if (cases.count == 0)
      fail(KEEL_INVALID_ARGUMENT, what, " set: no cases");
    if (forward && isInteger(cases.labels.dtype) && forward->outputs[0].rank > 1)
      checkClasses(cases, what);
    return cases;
  }

  /// Compiled code trusts labels to be classes that exist.
  void checkClasses(Cases &cases, const std::string &what) {
    const keel_artifact_tensor &prediction = forward->outputs[0];
    classes = prediction.shape[prediction.rank - 1];
    if (classes <= 0)
      return;
    cases.hasClasses = true;
    std::size_t perCase = cases.labels.elements / cases.count;
    for (std::size_t i = 0; i < cases.labels.elements; ++i) {
      double label = loadElement(cases.labels.data(), cases.labels.dtype, i);
      if (label < 0 || label >= static_cast<double>(classes))
        fail(KEEL_INVALID_ARGUMENT, what, " labels: case ", i / perCase, " has label ",
             static_cast<std::int64_t>(label), ", outside the model's classes 0 to ", classes - 1);
    }
  }

  void chooseBatch() {
    std::int64_t fixed = step->inputs[0].shape[0];
    batch = options.batch ? options.batch : fixed > 0 ? fixed : std::min<std::int64_t>(128, step->batch_capacity);
    if (fixed > 0 && batch != fixed)
      fail(KEEL_INVALID_ARGUMENT, "the model was written for a batch of ", fixed, ", not ", batch);
    if (fixed > 0 && training.count % static_cast<std::size_t>(fixed) != 0)
      fail(KEEL_INVALID_ARGUMENT, "the model was written for a batch of ", fixed, ", which does not divide ",
           training.count, " cases: write its batch extent as '?'");
    if (fixed <= 0 && batch > step->batch_capacity)
      fail(KEEL_INVALID_ARGUMENT, "a batch of ", batch, " is too large for this model, which takes at most ",
           step->batch_capacity, ": compile it with --batch=", batch);
  }

  double trainEpoch(std::uint32_t epoch) {
    std::vector<std::size_t> order(training.count);
    std::iota(order.begin(), order.end(), std::size_t(0));
    RandomStream random(options.seed, "shuffle");
    for (std::size_t i = order.size(); i-- > 1;) // Fisher and Yates
      std::swap(order[i], order[random.below(std::uint64_t(epoch) << 40 | i, i + 1)]);

    std::size_t perStep = static_cast<std::size_t>(batch), steps = (training.count + perStep - 1) / perStep;
    double sum = 0;
    auto note = [&](std::size_t s, double value) {
      if (!std::isfinite(value))
        fail(KEEL_DIVERGED, "the loss became ", value, " in epoch ", epoch, ", step ", s + 1,
             ": try a smaller learning_rate, and look for NaN in the data");
      sum += value * static_cast<double>(std::min(perStep, training.count - s * perStep));
      if (options.on_step)
        options.on_step(options.user, epoch, s + 1, steps, value);
    };
    keel_view output = loss.view();
    // A device that works by itself is given the next step before the loss of the last one is read.
    std::deque<std::pair<std::size_t, Placement::Ticket>> started;
    auto finishOne = [&] {
      auto [s, ticket] = started.front();
      started.pop_front();
      model.finish(ticket, {&output, 1});
      note(s, loadElement(loss.data(), loss.dtype, 0));
    };
    for (std::size_t s = 0; s < steps; ++s) {
      std::size_t begin = s * perStep, end = std::min(begin + perStep, training.count);
      keel_view inputs[] = {gather(training.data, order, begin, end, stagedData),
                            gather(training.labels, order, begin, end, stagedLabels)};
      if (model.queueDepth() > 1) {
        started.emplace_back(s, model.start(*step, inputs));
        if (started.size() >= model.queueDepth())
          finishOne();
      } else {
        model.call(*step, inputs, {&output, 1});
        note(s, loadElement(loss.data(), loss.dtype, 0));
      }
    }
    while (!started.empty())
      finishOne();
    return sum / static_cast<double>(training.count);
  }

  static keel_view gather(const Tensor &source, const std::vector<std::size_t> &order, std::size_t begin,
                          std::size_t end, Tensor &staged) {
    std::size_t row = source.bytes() / order.size();
    if (!staged.memory || static_cast<std::size_t>(staged.shape[0]) < end - begin) {
      Shape shape = source.shape;
      shape[0] = static_cast<std::int64_t>(end - begin);
      staged = Tensor(source.dtype, std::move(shape));
    }
    staged.shape[0] = static_cast<std::int64_t>(end - begin);
    for (std::size_t i = begin; i < end; ++i)
      std::memcpy(staged.data() + (i - begin) * row, source.data() + order[i] * row, row);
    return staged.view();
  }

  /// The share of the test cases whose largest prediction is at the label.
  double evaluate() {
    if (!testing || !testing->hasClasses)
      return unknown;
    std::int64_t fixed = forward->inputs[0].shape[0], count = static_cast<std::int64_t>(testing->count);
    std::int64_t part = fixed > 0 ? fixed : std::max<std::int64_t>(forward->batch_capacity, 1);
    if (fixed > 0 && count % fixed != 0)
      fail(KEEL_INVALID_ARGUMENT, "the model was written for a batch of ", fixed, ", which does not divide ", count,
           " test cases: write its batch extent as '?'");
    std::size_t right = 0, label = 0, row = testing->data.bytes() / testing->count;
    for (std::int64_t begin = 0; begin < count; begin += part) {
      Shape shape = testing->data.shape;
      shape[0] = std::min(part, count - begin);
      keel_view input{testing->data.data() + row * static_cast<std::size_t>(begin), shape.data(),
                      static_cast<std::uint32_t>(shape.size()), testing->data.dtype};
      std::vector<Tensor> outputs;
      std::vector<keel_view> views;
      for (std::uint32_t i = 0; i < forward->num_outputs; ++i)
        outputs.emplace_back(forward->outputs[i].dtype, model.outputShape(*forward, i, shape[0]));
      for (const Tensor &output : outputs)
        views.push_back(output.view());
      model.call(*forward, {&input, 1}, views);

      std::size_t width = static_cast<std::size_t>(classes), rows = outputs[0].elements / width;
      if (rows != testing->labels.elements / testing->count * static_cast<std::size_t>(shape[0]))
        fail(KEEL_INVALID_ARGUMENT, "forward predicts ", typeText(forward->outputs[0]), ", which does not fit labels ",
             typeText(testing->labels.view()));
      for (std::size_t r = 0; r < rows; ++r, ++label)
        right += argmax(outputs[0], r * width, width) ==
                 static_cast<std::size_t>(loadElement(testing->labels.data(), testing->labels.dtype, label));
    }
    return static_cast<double>(right) / static_cast<double>(testing->labels.elements);
  }

  static std::size_t argmax(const Tensor &tensor, std::size_t begin, std::size_t count) {
    std::size_t best = 0;
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < count; ++i) {
      double value = loadElement(tensor.data(), tensor.dtype, begin + i);
      if (value > largest)
        largest = value, best = i;
    }
    return best;
  }

  Model &model;
  const keel_train_options &options;
  const keel_artifact_entry *step, *forward;
  Cases training;
  std::optional<Cases> testing;
  std::int64_t batch = 0, classes = 0;
  Tensor stagedData, stagedLabels;
  Tensor loss;
};
} // namespace

void train(Model &model, const keel_train_options &options) { Trainer(model, options).run(); }

std::string epochJson(const keel_epoch &epoch) {
  auto number = [](double value) {
    std::ostringstream stream;
    stream.precision(9);
    stream << value;
    return std::isfinite(value) ? stream.str() : std::string("null");
  };
  return text("{\"epoch\": ", epoch.epoch, ", \"train_loss\": ", number(epoch.train_loss),
              ", \"test_accuracy\": ", number(epoch.test_accuracy), ", \"seconds\": ", number(epoch.seconds), "}");
}

} // namespace keel::runtime
