// Models on devices: the emulator, and the CUDA device against the stand-in of the driver (test/cuda). The model is
// linear_gpu_model.c, whose results are the CPU's bit for bit.
#include "keel/keel.hpp"
#include "test/runtime/TestSupport.h"

#include <cmath>
#include <cstdlib>
#include <map>

using namespace keel::test;

namespace {

/// Environment variables for as long as it lives.
class Environment {
public:
  explicit Environment(std::map<std::string, std::string> given) : values(std::move(given)) {
    for (const auto &[name, value] : values)
      ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto &[name, value] : values)
      ::unsetenv(name.c_str());
  }

private:
  std::map<std::string, std::string> values;
};

struct StandIn : Environment {
  explicit StandIn(std::map<std::string, std::string> settings = {}) : Environment(settings), driver({{"KEEL_CUDA_DRIVER", KEEL_TEST_STAND_IN}}) {}
  Environment driver;
};

std::string path(const std::string &name) { return std::string(KEEL_TEST_MODELS) + "/" + name + ".so"; }

keel::Tensor makeRows(std::int64_t rows) {
  std::vector<float> values(static_cast<std::size_t>(rows * 64));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = std::sin(static_cast<float>(i));
  return keel::Tensor::of(values, {rows, 64});
}

keel::Tensor makeLabels(std::int64_t rows) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::int32_t>(i % 10);
  return keel::Tensor::of(values, {rows});
}

std::vector<float> copy(const keel::Tensor &tensor) {
  return {tensor.values<float>().begin(), tensor.values<float>().end()};
}

std::size_t count(const std::string &text, const std::string &word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++found;
  return found;
}

/// The same on each kind of device.
class Device : public testing::TestWithParam<const char *> {
protected:
  StandIn standIn;
};
INSTANTIATE_TEST_SUITE_P(All, Device, testing::Values("emulator", "cuda"));

TEST_P(Device, ComputesWhatTheCpuComputes) {
  keel::Model cpu(path("linear_gpu_model")), model(path("linear_gpu_model"));
  EXPECT_EQ(model.device(), "cpu");
  model.device(GetParam());
  EXPECT_EQ(model.device(), GetParam());
  EXPECT_STREQ(model.program().target, "sm_80");
  for (std::int64_t rows : {3, 100, 3, 128}) {
    EXPECT_EQ(copy(model("forward", {makeRows(rows)})), copy(cpu("forward", {makeRows(rows)}))) << rows;
    EXPECT_EQ(model("train_step", {makeRows(rows), makeLabels(rows)}).item(),
              cpu("train_step", {makeRows(rows), makeLabels(rows)}).item())
        << rows;
  }
  for (const char *state : {"weight", "bias", "weight.velocity", "weight.transposed"})
    EXPECT_EQ(copy(model.state(state)), copy(cpu.state(state))) << state;
  EXPECT_EQ(model.state("steps").item(), 4);
}

TEST_P(Device, SplitsLargeBatches) {
  keel::Model cpu(path("linear_gpu_model")), model(path("linear_gpu_model"));
  model.device(GetParam());
  EXPECT_EQ(copy(model("forward", {makeRows(1000)})), copy(cpu("forward", {makeRows(1000)})));
  EXPECT_EQ(model("forward", {makeRows(0)}).size(), 0u);
  EXPECT_ERROR(model.call("train_step", {makeRows(129), makeLabels(129)}), "too large for 'train_step'");
}

TEST_P(Device, TakesStateAlong) {
  Folder folder;
  keel::Model model(path("linear_gpu_model")), cpu(path("linear_gpu_model"));
  auto step = [](keel::Model &m) { m.call("train_step", {makeRows(50), makeLabels(50)}); };
  model.set("bias", 0.25);
  cpu.set("bias", 0.25);
  step(model), step(cpu);
  model.device(GetParam());
  step(model), step(cpu);
  EXPECT_EQ(copy(model("forward", {makeRows(5)})), copy(cpu("forward", {makeRows(5)})));
  model.set("learning_rate", 0.125);
  cpu.set("learning_rate", 0.125);
  step(model), step(cpu);
  model.save(folder / "state");
  model.device("cpu");
  step(model), step(cpu);
  EXPECT_EQ(copy(model.state("weight")), copy(cpu.state("weight")));
  model.device(GetParam());
  model.load(folder / "state");
  step(model);
  EXPECT_EQ(copy(model.state("weight")), copy(cpu.state("weight")));
  EXPECT_EQ(copy(model("forward", {makeRows(5)})), copy(cpu("forward", {makeRows(5)})));
  model.seed(0);
  cpu.seed(0);
  EXPECT_EQ(copy(model("forward", {makeRows(5)})), copy(cpu("forward", {makeRows(5)})));
}

TEST_P(Device, LeavesTheKernelsCountersAlone) {
  keel::Model model(path("linear_gpu_model_only"));
  model.device(GetParam());
  for (int i = 0; i < 3; ++i) {
    model.call("train_step", {makeRows(5), makeLabels(5)});
    model("forward", {makeRows(5)}); // prepares derived state again
    model.set("learning_rate", 0.1);
  }
  EXPECT_EQ(model.state("arrivals").item(), 3);
  EXPECT_ERROR(model.set("arrivals", 0), "computed from other state");
  model.seed(1);
  EXPECT_EQ(model.state("arrivals").item(), 0);
}

TEST_P(Device, TrainsAsTheCpuDoes) {
  keel::Tensor data = makeRows(300), labels = makeLabels(300);
  std::vector<double> losses[2];
  std::vector<float> weights[2];
  for (int i = 0; i < 2; ++i) {
    keel::Model model(path("linear_gpu_model"));
    if (i)
      model.device(GetParam());
    keel::train(model, {.data = data, .labels = labels, .testData = data, .testLabels = labels, .epochs = 2,
                        .batch = 64, .onStep = [&](auto, auto, auto, double loss) { losses[i].push_back(loss); }});
    weights[i] = copy(model.state("weight"));
  }
  EXPECT_EQ(losses[0].size(), 10u);
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_EQ(weights[0], weights[1]);
}

TEST_P(Device, RecordsKernels) {
  Folder folder;
  keel::Model model(path("linear_gpu_model"));
  model.device(GetParam());
  model.call("train_step", {makeRows(100), makeLabels(100)});
  EXPECT_TRUE(model.events().empty());
  EXPECT_TRUE(std::isnan(model.callSeconds()));
  model.record(true);
  model.call("train_step", {makeRows(100), makeLabels(100)});
  model.record(false);
  ASSERT_EQ(model.events().size(), 4u);
  EXPECT_STREQ(model.events()[1].entry->kernels[model.events()[1].kernel].name, "softmax_gradient");
  EXPECT_GT(model.events()[1].end, model.events()[1].begin);
  EXPECT_GE(model.events()[2].begin, model.events()[1].end);
  model.writeTrace(folder / "trace.json");
  EXPECT_THAT(contents(folder / "trace.json"), testing::HasSubstr("linear.mlir:9:8"));
}

TEST(Emulator, SaysWhatIsMissing) {
  keel::Model model(path("linear_gpu_model_only"));
  model.device("emulator:sm_80");
  EXPECT_ERROR(model.device("emulator:sm_90"), "holds code for sm_80 only: to emulate a GPU, compile it with --target=sm_90 --emulate");
  EXPECT_ERROR(keel::Model(path("linear_gpu_model_hardware")).device("emulator"), "not for the emulator: compile it with --emulate");
  Environment wrong({{"KEEL_EMULATOR_CHECKS", "some"}});
  EXPECT_ERROR(model.device("emulator"), "KEEL_EMULATOR_CHECKS must be full or fast, not 'some'");
  Environment alsoWrong({{"KEEL_EMULATOR_CHECKS", "fast"}, {"KEEL_EMULATOR_SEED", "x1"}});
  EXPECT_ERROR(model.device("emulator"), "KEEL_EMULATOR_SEED must be a number, not 'x1'");
}

TEST(Emulator, RunsWithAnySeedAndNumberOfBlocks) {
  std::vector<float> expected;
  for (const char *blocks : {"1", "3"})
    for (const char *seed : {"1", "2"}) {
      Environment settings({{"KEEL_EMULATOR_SEED", seed}, {"KEEL_EMULATOR_BLOCKS", blocks}});
      keel::Model model(path("linear_gpu_model"));
      model.device("emulator");
      model.threads(2);
      model.call("train_step", {makeRows(100), makeLabels(100)});
      std::vector<float> weight = copy(model.state("weight"));
      expected = expected.empty() ? weight : expected;
      EXPECT_EQ(weight, expected);
    }
}

TEST(Emulator, OutlivesAnotherModelOfTheSameLibrary) {
  keel::Model first(path("linear_gpu_model")), second(path("linear_gpu_model"));
  first.device("emulator");
  second.device("emulator");
  first.device("cpu");
  EXPECT_EQ(copy(second("forward", {makeRows(3)})), copy(first("forward", {makeRows(3)})));
}

TEST(Cuda, IsTheDefaultWithoutACpuProgram) {
  StandIn standIn;
  EXPECT_EQ(keel::Model(path("linear_gpu_model")).device(), "cpu");
  EXPECT_EQ(keel::Model(path("linear_gpu_model_only")).device(), "cuda");
}

TEST(Cuda, TakesTheBestProgram) {
  {
    StandIn standIn({{"KEEL_STAND_IN_SM", "89"}});
    EXPECT_STREQ(keel::Model(path("linear_gpu_model_only")).program().target, "sm_80");
  }
  {
    StandIn standIn({{"KEEL_STAND_IN_SM", "90"}});
    EXPECT_ERROR(keel::Model(path("linear_gpu_model_only")).device("cuda"),
                 "holds code for sm_80, and 'Stand-in GPU' has compute capability 9.0: compile it with --target=sm_90");
  }
  {
    StandIn standIn; // 8.0
    EXPECT_ERROR(keel::Model(path("linear_gpu_model_newer")).device("cuda"), "compile it with --target=sm_80, which is older");
  }
  StandIn standIn({{"KEEL_STAND_IN_SM", "75"}});
  EXPECT_ERROR(keel::Model(path("linear_gpu_model_only")).device("cuda"),
               "'Stand-in GPU' has compute capability 7.5, older than all of '");
}

TEST(Cuda, SaysWhatIsMissing) {
  {
    Environment none({{"KEEL_CUDA_DRIVER", "/nonexistent/libcuda.so"}});
    keel::Model model(path("linear_gpu_model_only")); // can be looked at, and holds state
    model.set("bias", 3);
    EXPECT_EQ(model.state("bias").values<float>()[9], 3);
    EXPECT_EQ(model.device(), "");
    EXPECT_ERROR(model("forward", {makeRows(1)}), "no CUDA driver: /nonexistent/libcuda.so: cannot open");
    EXPECT_ERROR(model("forward", {makeRows(1)}), "without a GPU it runs with --device emulator");
    EXPECT_ERROR(model.device("cuda"), "no CUDA driver");
    model.device("emulator");
    EXPECT_EQ(model("forward", {makeRows(1)}).size(), 10u);
    EXPECT_ERROR(model.device("cpu"), "holds code for sm_80 only: to run it on a CPU, compile it with --target=native, too");
  }
  {
    Environment notOne({{"KEEL_CUDA_DRIVER", path("linear_model")}});
    EXPECT_ERROR(keel::Model(path("linear_gpu_model")).device("cuda"), "is too old: it lacks cuInit");
  }
  {
    StandIn standIn({{"KEEL_STAND_IN_DEVICES", "0"}});
    EXPECT_ERROR(keel::Model(path("linear_gpu_model")).device("cuda"), "there is a CUDA driver, but it finds no GPU");
  }
  {
    StandIn standIn({{"KEEL_STAND_IN_FAIL", "cuInit:1:100"}});
    EXPECT_ERROR(keel::Model(path("linear_gpu_model")).device("cuda"), "cannot be used: CUDA_ERROR_NO_DEVICE");
  }
  StandIn standIn;
  EXPECT_ERROR(keel::Model(path("linear_gpu_model")).device("cuda:1"), "there is no GPU number 1: the CUDA driver finds 1");
  EXPECT_ERROR(keel::Model(path("linear_gpu_model")).device("cuda:x"), "there is no device 'cuda:x'");
}

TEST(Cuda, SaysHowMuchMemoryIsMissing) {
  StandIn standIn({{"KEEL_STAND_IN_MEMORY", "45000"}});
  Folder folder;
  Environment log({{"KEEL_STAND_IN_LOG", folder / "log"}});
  keel::Model model(path("linear_gpu_model"));
  model.device("cuda");
  EXPECT_ERROR(model.call("train_step", {makeRows(4), makeLabels(4)}), "'train_step' needs ");
  EXPECT_THAT(contents(folder / "log"), testing::Not(testing::HasSubstr("cuMemAlloc")));
  EXPECT_ERROR(model.call("train_step", {makeRows(4), makeLabels(4)}), "of 43.95 KiB are free: compile the model with a smaller --batch");
  model("forward", {makeRows(4)}); // fits
}

TEST(Cuda, ReplaysGraphsAndWaitsForResultsOnly) {
  Folder folder;
  StandIn standIn({{"KEEL_STAND_IN_LOG", folder / "log"}});
  keel::Model model(path("linear_gpu_model"));
  model.device("cuda");
  keel::Tensor data = makeRows(320), labels = makeLabels(320);
  keel::train(model, {.data = data, .labels = labels, .epochs = 4, .batch = 64});
  std::string log = contents(folder / "log");
  EXPECT_EQ(count(log, "cuGraphLaunch"), 20u);
  EXPECT_EQ(count(log, "cuGraphInstantiate"), 1u); // 320 is 5 batches of one size
  EXPECT_EQ(count(log, "cuLaunchKernel"), 4u);     // once, to record them
  EXPECT_EQ(count(log, "cuEventSynchronize"), 20u);
  std::string training = log.substr(log.find("cuGraphLaunch"));
  EXPECT_EQ(count(training, "cuStreamSynchronize"), 0u);
  EXPECT_EQ(count(training, "cuMemAlloc"), 0u);
  // The second step is there before the first one's loss is read.
  EXPECT_LT(training.find("cuGraphLaunch", 1), training.find("cuEventSynchronize"));
}

TEST(Cuda, StartsKernelsThatWaitEarly) {
  auto trained = [](keel::Model &model) {
    for (int i = 0; i < 2; ++i)
      model.call("train_step", {makeRows(40), makeLabels(40)});
    return copy(model.state("weight"));
  };
  keel::Model cpu(path("linear_gpu_model"));
  std::vector<float> expected = trained(cpu);
  auto log = [&](std::map<std::string, std::string> settings) {
    Folder folder;
    settings.insert({{"KEEL_STAND_IN_SM", "90"}, {"KEEL_STAND_IN_LOG", folder / "log"}});
    StandIn standIn(settings);
    keel::Model model(path("linear_gpu_model_newer"));
    model.device("cuda");
    EXPECT_EQ(trained(model), expected);
    return contents(folder / "log");
  };
  // All but the first of a call, which follows copies.
  std::string launches = log({});
  EXPECT_EQ(count(launches, "cuLaunchKernel transpose blocks 10\n"), 1u);
  for (const char *kernel : {"softmax_gradient blocks 2", "update blocks 8", "finish blocks 1"})
    EXPECT_EQ(count(launches, std::string("cuLaunchKernelEx ") + kernel + " early\n"), 1u) << kernel;
  // None where the driver's graphs do not know that, or each kernel is waited for.
  for (const char *setting : {"KEEL_STAND_IN_VERSION", "KEEL_CUDA_CHECK"})
    EXPECT_EQ(count(log({{setting, "12020"}}), "cuLaunchKernelEx"), 0u) << setting;
}

TEST_P(Device, SaysWhichKernelDoesNotWait) {
  Environment newer({{"KEEL_STAND_IN_SM", "90"}});
  keel::Model model(path("linear_gpu_model_hasty"));
  model.device(GetParam());
  auto step = [&] { model.call("train_step", {makeRows(4), makeLabels(4)}); };
  if (GetParam() == std::string("emulator")) {
    EXPECT_ERROR(step(), "before griddepcontrol.wait: the kernel before may still run");
  } else { // which says it on standard error
    EXPECT_ERROR(step(), "'train_step' failed on 'Stand-in GPU'");
  }
}

TEST(Cuda, ForgetsGraphsOfManyBatchSizes) {
  StandIn standIn;
  keel::Model model(path("linear_gpu_model")), cpu(path("linear_gpu_model"));
  model.device("cuda");
  for (std::int64_t rows = 1; rows <= 128; ++rows)
    ASSERT_EQ(copy(model("forward", {makeRows(rows)})), copy(cpu("forward", {makeRows(rows)})));
}

TEST(Cuda, NamesTheKernelThatFails) {
  auto step = [](keel::Model &model) { model.call("train_step", {makeRows(4), makeLabels(4)}); };
  {
    StandIn standIn({{"KEEL_STAND_IN_FAIL", "cuLaunchKernel:3:701"}});
    keel::Model model(path("linear_gpu_model"));
    model.device("cuda");
    EXPECT_ERROR(step(model), "kernel 'update' (linear.mlir:12:3) cannot be launched with 8 blocks: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
    step(model); // and nothing is broken by it
  }
  {
    StandIn standIn({{"KEEL_STAND_IN_FAIL", "cuModuleGetFunction:2:500"}});
    EXPECT_ERROR(keel::Model(path("linear_gpu_model")).device("cuda"), "kernel 'linear' (linear.mlir:5:8): its code has no 'linear': CUDA_ERROR_NOT_FOUND");
  }
  {
    StandIn standIn({{"KEEL_STAND_IN_FAULT", "softmax_gradient"}});
    keel::Model model(path("linear_gpu_model"));
    model.device("cuda");
    EXPECT_ERROR(step(model), "'train_step' failed on 'Stand-in GPU' in kernel 'transpose' (linear.mlir:3:5), kernel 'softmax_gradient'");
    EXPECT_ERROR(step(model), "CUDA_ERROR_ILLEGAL_ADDRESS");
  }
  StandIn standIn({{"KEEL_STAND_IN_FAULT", "softmax_gradient"}, {"KEEL_CUDA_CHECK", "1"}});
  keel::Model model(path("linear_gpu_model"));
  model.device("cuda");
  EXPECT_ERROR(step(model), "kernel 'softmax_gradient' (linear.mlir:9:8) failed: CUDA_ERROR_ILLEGAL_ADDRESS");
}

TEST(Cuda, GivesEverythingBackWhateverFails) {
  // The stand-in aborts if anything is left over. Each function fails at its first calls.
  for (const char *function :
       {"cuDevicePrimaryCtxRetain", "cuModuleLoadDataEx", "cuModuleGetFunction", "cuFuncGetAttribute", "cuFuncSetAttribute",
        "cuMemGetInfo_v2", "cuMemAlloc_v2", "cuMemHostAlloc", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuMemsetD8Async",
        "cuStreamCreate", "cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuGraphLaunch", "cuEventCreate",
        "cuEventRecord", "cuEventSynchronize", "cuLaunchKernel"})
    for (int call : {1, 2, 3}) {
      StandIn standIn({{"KEEL_STAND_IN_FAIL", std::string(function) + ":" + std::to_string(call) + ":2"}});
      keel::Model model(path("linear_gpu_model"));
      try {
        model.device("cuda");
        for (int i = 0; i < 3; ++i) {
          model.call("train_step", {makeRows(4), makeLabels(4)});
          model("forward", {makeRows(4)});
        }
      } catch (const keel::Error &error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("CUDA_ERROR_OUT_OF_MEMORY")) << function;
        EXPECT_EQ(error.status, KEEL_OUT_OF_MEMORY);
      }
    }
}

TEST(Cuda, TimesCalls) {
  StandIn standIn;
  keel::Model model(path("linear_gpu_model"));
  model.device("cuda");
  model.timeCalls(true);
  model.call("train_step", {makeRows(4), makeLabels(4)});
  EXPECT_NEAR(model.callSeconds(), 40e-6, 1e-9); // the stand-in's clock: 10 µs a kernel
  model.timeCalls(false);
  EXPECT_TRUE(std::isnan(model.callSeconds()));
}

} // namespace
