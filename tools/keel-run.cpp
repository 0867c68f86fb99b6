// keel-run: shows, calls, trains and measures a compiled model. No LLVM.
#include "tools/keel-run.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iomanip>
#include <iostream>
#include <unistd.h>

using namespace keel::tool;

namespace {

[[noreturn]] void fail(const std::string &message) { throw keel::Error(KEEL_INVALID_ARGUMENT, message.c_str()); }

/// Finds out before the work that an output could not be written after it.
void checkWritable(const std::string &path) {
  std::size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (!path.empty() && ::access(path.c_str(), F_OK) != 0 && ::access(folder.c_str(), W_OK) != 0)
    fail("cannot write '" + path + "': " + std::strerror(errno));
}

} // namespace

keel::Model keel::tool::openModel(const Options &options) {
  for (const std::string &path : options.outputs)
    checkWritable(path);
  checkWritable(options.saveState);
  checkWritable(options.trace);
  keel::Model model(options.model);
  if (!options.device.empty())
    model.device(options.device);
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

namespace {

void call(const Options &options) {
  keel::Model model = openModel(options);
  std::vector<keel::Tensor> inputs;
  const keel_artifact_entry *entry = keel_model_find_entry(model.get(), options.entry.c_str());
  for (const std::string &path : options.inputs) {
    std::size_t index = inputs.size();
    inputs.push_back(keel::read(path));
    // npy has no bf16: it is given, and written, as f32.
    bool takesBfloat = entry && index < entry->num_inputs && entry->inputs[index].dtype == KEEL_DTYPE_BF16;
    if (takesBfloat && inputs.back().dtype() == KEEL_DTYPE_F32)
      inputs.back() = inputs.back().as(KEEL_DTYPE_BF16);
  }
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

void addCommonOptions(CLI::App *command, Options &options) {
  command->add_option("--state", options.state, "Checkpoint to start from (.safetensors)");
  command->add_option("--set", options.settings, "Fill a state tensor with a number: NAME=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("--seed", options.seed, "Seed of the initial state and of the order of the cases");
  command->add_option("--device", options.device,
                      "cpu, cuda (or cuda:1 …) or emulator (or emulator:sm_80 …); default: the CPU if the model has code "
                      "for it, else the GPU");
  command->add_option("--threads", options.threads, "Threads of the CPU and the emulator; 0: one for each CPU");
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
  callCommand->add_option("--input", options.inputs, "Inputs in argument order (.npy; f32 for bf16)")->allow_extra_args(false);
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
