// keel-run: shows, calls, trains and measures a compiled model. No LLVM.
#include "keel/keel.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <unistd.h>

namespace {

struct Options {
  std::string model, entry, device = "cpu", state, saveState, data, labels, testData, testLabels, log, plot, trace;
  std::vector<std::string> inputs, outputs, settings;
  std::uint32_t threads = 0, epochs = 1, batch = 0, repeat = 0;
  std::uint64_t seed = 0;
};

[[noreturn]] void fail(const std::string &message) { throw keel::Error(KEEL_INVALID_ARGUMENT, message.c_str()); }

std::string typeText(const keel_artifact_tensor &type) {
  std::string result = std::string(keel_dtype_name(type.dtype)) + "[";
  for (std::uint32_t d = 0; d < type.rank; ++d)
    result += (d ? "x" : "") + (type.shape[d] < 0 ? "?" : std::to_string(type.shape[d]));
  return result + "]";
}

/// Finds out before the work that an output could not be written after it.
void checkWritable(const std::string &path) {
  std::size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (!path.empty() && ::access(path.c_str(), F_OK) != 0 && ::access(folder.c_str(), W_OK) != 0)
    fail("cannot write '" + path + "': " + std::strerror(errno));
}

/// Loads the model, and brings its state to where the command line wants it: seed, checkpoint, settings.
keel::Model openModel(const Options &options) {
  if (options.device != "cpu")
    fail("device '" + options.device + "' is not available: this model holds code for the CPU only");
  for (const std::string &path : options.outputs)
    checkWritable(path);
  checkWritable(options.saveState);
  checkWritable(options.trace);
  keel::Model model(options.model);
  model.threads(options.threads);
  model.seed(options.seed);
  if (!options.state.empty())
    model.load(options.state);
  for (const std::string &setting : options.settings) {
    std::size_t equals = setting.find('=');
    char *end = nullptr;
    double value = equals == std::string::npos ? 0 : std::strtod(setting.c_str() + equals + 1, &end);
    if (!end || *end || end == setting.c_str() + equals + 1)
      fail("--set needs NAME=NUMBER, not '" + setting + "'");
    model.set(setting.substr(0, equals), value);
  }
  return model;
}

std::string initText(const keel_artifact_state &state) {
  static const char *const names[] = {
      "data",           "zeros",          "ones",          "constant",   "uniform", "normal", "kaiming_uniform",
      "kaiming_normal", "xavier_uniform", "xavier_normal", "orthogonal", "extern"};
  static const int counts[] = {0, 0, 0, 1, 2, 2, 2, 2, 3, 3, 1, 0};
  if (state.init >= std::size(names))
    return "?";
  std::ostringstream stream;
  stream << names[state.init];
  for (int i = 0; i < counts[state.init]; ++i)
    stream << (i ? ", " : "(") << state.args[i] << (i + 1 == counts[state.init] ? ")" : "");
  return stream.str();
}

std::string tensorList(const keel_artifact_tensor *types, std::uint32_t count) {
  std::string result = "(";
  for (std::uint32_t i = 0; i < count; ++i)
    result += (i ? ", " : "") + typeText(types[i]);
  return result + ")";
}

void info(const Options &options) {
  keel::Model model(options.model);
  const keel_artifact &artifact = model.artifact();
  std::cout << "model      " << options.model << "\ntarget     " << artifact.target << "\nfeatures   "
            << (artifact.features && *artifact.features ? artifact.features : "(any CPU)") << "\nversion    "
            << artifact.version << "\n";
  static const char *const roles[] = {"?", "parameter", "buffer", "optimizer", "setting", "derived"};
  std::uint64_t arena = 0;
  for (const keel_artifact_entry &entry : model.entries()) {
    std::cout << "\nentry      " << entry.name << tensorList(entry.inputs, entry.num_inputs) << " -> "
              << tensorList(entry.outputs, entry.num_outputs) << "\n  batch    ";
    if (entry.batch_capacity)
      std::cout << "up to " << entry.batch_capacity << "\n";
    else
      std::cout << "fixed\n";
    std::cout << "  arena    " << entry.arena_bytes << " bytes\n  scratch  " << entry.scratch_bytes
              << " bytes a thread\n";
    for (int access : {1, 2, 3}) {
      std::string list;
      for (std::uint32_t i = 0; i < entry.num_state; ++i)
        if (entry.state_access[i] == static_cast<std::uint32_t>(access))
          list += std::string(" ") + artifact.states[entry.state[i]].name;
      if (!list.empty())
        std::cout << (access == 1 ? "  reads   " : access == 2 ? "  writes  " : "  updates ") << list << "\n";
    }
    std::cout << "  kernels  " << entry.num_kernels << "\n";
    for (std::uint32_t i = 0; i < entry.num_kernels; ++i)
      std::cout << "    " << entry.kernels[i].name
                << (entry.kernels[i].location && *entry.kernels[i].location ? "  " : "")
                << (entry.kernels[i].location ? entry.kernels[i].location : "") << "\n";
    arena = std::max(arena, entry.arena_bytes);
  }
  std::uint64_t parameters = 0, bytes = 0;
  if (artifact.num_states)
    std::cout << "\nstate\n";
  for (const keel_artifact_state &state : model.states()) {
    std::uint64_t elements = 1;
    for (std::uint32_t d = 0; d < state.type.rank; ++d)
      elements *= static_cast<std::uint64_t>(state.type.shape[d]);
    bytes += elements * keel_dtype_size(state.type.dtype);
    parameters += state.role == KEEL_STATE_PARAMETER ? elements : 0;
    std::string role = state.role < std::size(roles) ? roles[state.role] : "?", type = typeText(state.type);
    std::cout << "  " << state.name
              << std::string(std::max<int>(1, 28 - static_cast<int>(std::strlen(state.name))), ' ') << type
              << std::string(std::max<int>(1, 18 - static_cast<int>(type.size())), ' ') << role
              << std::string(std::max<int>(1, 11 - static_cast<int>(role.size())), ' ')
              << (state.role == KEEL_STATE_DERIVED ? "by prepare" : initText(state)) << "\n";
  }
  std::cout << "\nparameters " << parameters << "\nstate      " << bytes << " bytes\narena      " << arena
            << " bytes\n";
}

void call(const Options &options) {
  keel::Model model = openModel(options);
  std::vector<keel::Tensor> inputs;
  for (const std::string &path : options.inputs)
    inputs.push_back(keel::read(path));
  const keel_artifact_entry *entry = keel_model_find_entry(model.get(), options.entry.c_str());
  if (entry && options.outputs.size() > entry->num_outputs)
    fail("'" + options.entry + "' has " + std::to_string(entry->num_outputs) + " outputs, " +
         std::to_string(options.outputs.size()) + " files given");
  if (!options.trace.empty())
    model.record(true);
  std::vector<keel::Tensor> outputs = model.call(options.entry, inputs);
  for (std::size_t i = 0; i < options.outputs.size(); ++i)
    outputs[i].write(options.outputs[i]);
  if (!options.saveState.empty())
    model.save(options.saveState);
  if (!options.trace.empty())
    model.writeTrace(options.trace);
  // What no file takes is shown, if it is a number.
  for (std::size_t i = options.outputs.size(); i < outputs.size(); ++i)
    if (outputs[i].size() == 1 && (outputs[i].dtype() >= KEEL_DTYPE_F32 || outputs[i].dtype() == KEEL_DTYPE_I32 ||
                                   outputs[i].dtype() == KEEL_DTYPE_I64))
      std::cout << std::setprecision(9) << outputs[i].item() << "\n";
}

void train(const Options &options) {
  keel::Model model = openModel(options);
  if (options.testData.empty() != options.testLabels.empty())
    fail("--test-data and --test-labels belong together");
  auto readIf = [](const std::string &path) { return path.empty() ? keel::Tensor() : keel::read(path); };
  bool terminal = ::isatty(STDOUT_FILENO);
  auto lastShown = std::chrono::steady_clock::now();
  keel::TrainOptions training{readIf(options.data),
                              readIf(options.labels),
                              readIf(options.testData),
                              readIf(options.testLabels),
                              options.epochs,
                              options.batch,
                              options.seed,
                              options.log,
                              options.plot};
  training.onEpoch = [&](const keel_epoch &epoch) {
    if (terminal)
      std::printf("\r\033[K");
    std::printf("epoch %*u/%u", static_cast<int>(std::to_string(options.epochs).size()), epoch.epoch, options.epochs);
    if (std::isfinite(epoch.train_loss))
      std::printf("   train loss %.4f", epoch.train_loss);
    if (std::isfinite(epoch.test_accuracy))
      std::printf("   test accuracy %.2f%%", epoch.test_accuracy * 100);
    std::printf("   %.3f s\n", epoch.seconds);
    std::fflush(stdout);
  };
  if (terminal)
    training.onStep = [&](std::uint32_t epoch, std::uint64_t step, std::uint64_t steps, double loss) {
      auto now = std::chrono::steady_clock::now();
      if (now - lastShown < std::chrono::milliseconds(100))
        return;
      lastShown = now;
      std::printf("\r\033[Kepoch %u/%u   step %llu/%llu   loss %.4f", epoch, options.epochs,
                  static_cast<unsigned long long>(step), static_cast<unsigned long long>(steps), loss);
      std::fflush(stdout);
    };
  if (!options.trace.empty())
    model.record(true);
  keel::train(model, training);
  if (!options.saveState.empty())
    model.save(options.saveState);
  if (!options.trace.empty())
    model.writeTrace(options.trace);
}

/// Inputs of plausible values: reproducible numbers in (-1, 1), and classes that exist.
keel::Tensor makeInput(const keel_artifact_tensor &type, std::int64_t batch, std::int64_t classes) {
  std::vector<std::int64_t> shape(type.shape, type.shape + type.rank);
  std::replace(shape.begin(), shape.end(), std::int64_t(-1), batch);
  keel::Tensor tensor(type.dtype, shape);
  std::uint32_t bits = 1;
  auto next = [&] { return bits = bits * 1664525u + 1013904223u, static_cast<float>(bits >> 8) * 0x1p-23f - 1; };
  if (type.dtype == KEEL_DTYPE_F32)
    std::generate(tensor.values<float>().begin(), tensor.values<float>().end(), next);
  else if (type.dtype == KEEL_DTYPE_F64)
    std::generate(tensor.values<double>().begin(), tensor.values<double>().end(), next);
  else if (type.dtype == KEEL_DTYPE_I32)
    for (std::size_t i = 0; i < tensor.size(); ++i)
      tensor.values<std::int32_t>()[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(classes));
  else if (type.dtype == KEEL_DTYPE_I64)
    for (std::size_t i = 0; i < tensor.size(); ++i)
      tensor.values<std::int64_t>()[i] = static_cast<std::int64_t>(i % static_cast<std::size_t>(classes));
  return tensor;
}

double medianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::size_t n = values.size();
  return n == 0 ? 0 : n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double round3(double value) { return std::round(value * 1000) / 1000; }

void bench(const Options &options) {
  keel::Model model = openModel(options);
  const keel_artifact_entry *entry = keel_model_find_entry(model.get(), options.entry.c_str());
  if (!entry)
    model.call(options.entry); // says what there is
  const keel_artifact_entry *forward = keel_model_find_entry(model.get(), "forward");
  std::int64_t classes = 1;
  if (forward && forward->num_outputs && forward->outputs[0].rank > 1)
    classes = std::max<std::int64_t>(1, forward->outputs[0].shape[forward->outputs[0].rank - 1]);
  std::int64_t batch = options.batch ? options.batch : std::max<std::int64_t>(entry->batch_capacity, 1);
  std::vector<keel::Tensor> inputs, outputs;
  std::vector<keel_view> inputViews, outputViews;
  for (std::uint32_t i = 0; i < entry->num_inputs; ++i)
    inputs.push_back(makeInput(entry->inputs[i], batch, classes));
  for (std::uint32_t i = 0; i < entry->num_outputs; ++i)
    outputs.push_back(makeInput(entry->outputs[i], batch, 1));
  for (const keel::Tensor &input : inputs)
    inputViews.push_back(input.view());
  for (const keel::Tensor &output : outputs)
    outputViews.push_back(output.view());

  using Clock = std::chrono::steady_clock;
  auto once = [&] {
    auto start = Clock::now();
    model.call(options.entry, inputViews, outputViews);
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
  };
  // Warm: caches, threads, clock frequency. Then --repeat calls, or about a second of them.
  auto start = Clock::now();
  for (int i = 0; i < 3 || (i < 1000 && Clock::now() - start < std::chrono::milliseconds(200)); ++i)
    once();
  std::vector<double> times;
  start = Clock::now();
  while (options.repeat ? times.size() < options.repeat
                        : times.size() < 5 || (times.size() < 10000 && Clock::now() - start < std::chrono::seconds(1)))
    times.push_back(once());

  // The kernels in calls of their own: looking at the clock takes time too.
  model.record(true);
  std::size_t recorded = std::min<std::size_t>(times.size(), 50);
  for (std::size_t i = 0; i < recorded; ++i)
    once();
  std::vector<std::vector<double>> kernelTimes(entry->num_kernels);
  for (const keel_kernel_event &event : model.events())
    if (event.entry == entry && event.kernel < entry->num_kernels)
      kernelTimes[event.kernel].push_back(static_cast<double>(event.end - event.begin) * 1e-3);
  if (!options.trace.empty())
    model.writeTrace(options.trace);

  nlohmann::ordered_json result = {{"entry", options.entry},
                                   {"batch", batch},
                                   {"threads", model.threads()},
                                   {"repeat", times.size()},
                                   {"unit", "us"},
                                   {"median", round3(medianOf(times))},
                                   {"min", round3(*std::min_element(times.begin(), times.end()))},
                                   {"kernels", nlohmann::ordered_json::array()}};
  for (std::uint32_t i = 0; i < entry->num_kernels; ++i) {
    const std::vector<double> &values = kernelTimes[i];
    result["kernels"].push_back(
        {{"name", entry->kernels[i].name},
         {"location", entry->kernels[i].location ? entry->kernels[i].location : ""},
         {"runs", static_cast<double>(values.size()) / static_cast<double>(recorded)},
         {"median", round3(medianOf(values))},
         {"min", values.empty() ? 0 : round3(*std::min_element(values.begin(), values.end()))}});
  }
  std::cout << result.dump(2) << "\n";
}

void addCommonOptions(CLI::App *command, Options &options) {
  command->add_option("--state", options.state, "Checkpoint to start from (.safetensors)");
  command->add_option("--set", options.settings, "Fill a state tensor with a number: NAME=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("--seed", options.seed, "Seed of the initial state and of the order of the cases");
  command->add_option("--device", options.device, "cpu, cuda or emulator")
      ->check(CLI::IsMember({"cpu", "cuda", "emulator"}));
  command->add_option("--threads", options.threads, "Threads; 0: one for each CPU");
  command->add_option("--trace", options.trace, "Write a trace for ui.perfetto.dev (.json)");
}

int run(int argc, char **argv) {
  Options options;
  CLI::App app("Runs a model compiled by keel-compile.");
  app.add_option("model", options.model, "The compiled model (.so)")->required();
  app.require_subcommand(1);

  CLI::App *infoCommand = app.add_subcommand("info", "Show entries, kernels, state and memory");
  CLI::App *callCommand = app.add_subcommand("call", "Call an entry");
  callCommand->add_option("function", options.entry, "The entry")->required();
  callCommand->add_option("--input", options.inputs, "Inputs in argument order (.npy)")->allow_extra_args(false);
  callCommand->add_option("--output", options.outputs, "Files for the outputs in result order (.npy)")
      ->allow_extra_args(false);
  callCommand->add_option("--save-state", options.saveState, "Checkpoint to write (.safetensors)");
  addCommonOptions(callCommand, options);

  CLI::App *trainCommand = app.add_subcommand("train", "Train through train_step, evaluate through forward");
  trainCommand->add_option("--data", options.data, "Training cases (.npy, FILE.npz:NAME, IDX or .csv)")->required();
  trainCommand->add_option("--labels", options.labels, "Their labels")->required();
  trainCommand->add_option("--test-data", options.testData, "Test cases");
  trainCommand->add_option("--test-labels", options.testLabels, "Their labels");
  trainCommand->add_option("--epochs", options.epochs, "Epochs");
  trainCommand->add_option("--batch", options.batch, "Cases a step");
  trainCommand->add_option("--save-state", options.saveState, "Checkpoint to write (.safetensors)");
  trainCommand->add_option("--log", options.log, "Write a JSON object an epoch (.jsonl)");
  trainCommand->add_option("--plot", options.plot, "Draw the curves (.svg)");
  addCommonOptions(trainCommand, options);

  CLI::App *benchCommand = app.add_subcommand("bench", "Measure an entry; prints JSON");
  benchCommand->add_option("function", options.entry, "The entry")->required();
  benchCommand->add_option("--batch", options.batch, "Cases a call; default: the most the model takes");
  benchCommand->add_option("--repeat", options.repeat, "Calls measured; default: a second of them");
  addCommonOptions(benchCommand, options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0) // --help
      return app.exit(error);
    std::string message = error.what();
    std::replace(message.begin(), message.end(), '\n', ' ');
    std::cerr << "error: " << message << "\n";
    return 2;
  }
  if (*infoCommand)
    info(options);
  else if (*callCommand)
    call(options);
  else if (*trainCommand)
    train(options);
  else
    bench(options);
  std::cout.flush();
  if (!std::cout)
    fail("cannot write to standard output");
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception &error) {
    std::cout.flush();
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
