// Models through the C++ wrapper (and so the C API): state, calls, checkpoints, errors. The model is linear_model.c.
#include "keel/keel.hpp"
#include "runtime/data/Formats.h"
#include "test/runtime/TestSupport.h"

#include <cmath>
#include <numeric>

extern "C" const keel_artifact *linear_model_query(void);

using namespace keel::test;

namespace {

keel::Model makeModel() { return keel::Model(linear_model_query()); }

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

TEST(Model, TellsWhatItHas) {
  keel::Model model = makeModel();
  EXPECT_EQ(model.entries().size(), 3u);
  EXPECT_TRUE(model.hasEntry("forward"));
  EXPECT_FALSE(model.hasState("nothing"));
  EXPECT_ERROR(model.call("nothing"), "has no entry 'nothing', only: prepare, forward, train_step");
  EXPECT_ERROR(model.state("nothing"), "has no state 'nothing', only: weight, bias");
}

TEST(Model, StartsFromItsSeed) {
  keel::Model model = makeModel();
  std::vector<float> zero = copy(model.state("weight"));
  model.seed(1);
  std::vector<float> one = copy(model.state("weight"));
  EXPECT_NE(zero, one);
  model.seed(0);
  EXPECT_EQ(copy(model.state("weight")), zero);
  EXPECT_FLOAT_EQ(static_cast<float>(model.state("learning_rate").item()), 0.5f);
  EXPECT_FLOAT_EQ(static_cast<float>(model.state("momentum").item()), 0.9f);
}

TEST(Model, SetsStateOfTheRightTypeOnly) {
  keel::Model model = makeModel();
  EXPECT_ERROR(model.set("bias", keel::Tensor(KEEL_DTYPE_F32, {9})), "state 'bias' is f32[10], not f32[9]");
  EXPECT_ERROR(model.set("bias", keel::Tensor(KEEL_DTYPE_F64, {10})), "state 'bias' is f32[10], not f64[10]");
  EXPECT_ERROR(model.set("steps", 0.5), "state 'steps' is i64[], which cannot hold 0.5");
  EXPECT_ERROR(model.set("weight.transposed", 0), "computed from other state");
  model.set("steps", 12);
  EXPECT_EQ(model.state("steps").item(), 12);
}

TEST(Model, KeepsDerivedStateFresh) {
  keel::Model model = makeModel();
  keel::Tensor x = makeRows(3);
  std::vector<float> first = copy(model("forward", {x}));
  model.set("weight", 0);
  model.set("bias", 2);
  EXPECT_EQ(copy(model("forward", {x})), std::vector<float>(30, 2.0f));
  model.seed(0);
  EXPECT_EQ(copy(model("forward", {x})), first);
  // train_step writes the weights and not their transposed copy: forward must not see the old one.
  model.call("train_step", {x, makeLabels(3)});
  std::vector<float> weight = copy(model.state("weight")), transposed = copy(model.state("weight.transposed"));
  for (std::size_t k = 0; k < 64; ++k)
    for (std::size_t n = 0; n < 10; ++n)
      ASSERT_EQ(weight[k * 10 + n], transposed[n * 64 + k]);
  EXPECT_NE(copy(model("forward", {x})), first);
}

TEST(Model, SplitsLargeBatchesWithoutChangingABit) {
  keel::Model model = makeModel(); // takes at most 128
  std::vector<float> whole = copy(model("forward", {makeRows(1000)}));
  ASSERT_EQ(whole.size(), 10000u);
  keel::Tensor x = makeRows(1000);
  for (std::size_t row : {0u, 127u, 128u, 500u, 999u}) {
    keel::Tensor one = keel::Tensor::of(std::span<const float>(x.values<float>().subspan(row * 64, 64)), {1, 64});
    std::vector<float> y = copy(model("forward", {one}));
    EXPECT_TRUE(std::equal(y.begin(), y.end(), whole.begin() + static_cast<std::ptrdiff_t>(row * 10))) << row;
  }
  EXPECT_EQ(model("forward", {makeRows(0)}).size(), 0u);
  EXPECT_ERROR(model.call("train_step", {makeRows(129), makeLabels(129)}),
               "a batch of 129 is too large for 'train_step', which takes at most 128");
  EXPECT_ERROR(model.call("train_step", {makeRows(0), makeLabels(0)}), "needs a batch of at least 1");
}

TEST(Model, TakesUnalignedMemory) {
  keel::Model model = makeModel();
  std::vector<float> input(1 + 5 * 64), output(1 + 5 * 10), aligned = copy(model("forward", {makeRows(5)}));
  keel::Tensor x = makeRows(5);
  std::copy(x.values<float>().begin(), x.values<float>().end(), input.begin() + 1);
  std::int64_t inputShape[] = {5, 64}, outputShape[] = {5, 10};
  keel_view in{input.data() + 1, inputShape, 2, KEEL_DTYPE_F32}, out{output.data() + 1, outputShape, 2, KEEL_DTYPE_F32};
  model.call("forward", {&in, 1}, {&out, 1});
  EXPECT_TRUE(std::equal(aligned.begin(), aligned.end(), output.begin() + 1));
}

TEST(Model, ChecksArguments) {
  keel::Model model = makeModel();
  EXPECT_ERROR(model.call("forward", {}), "entry 'forward' has 1 input, 0 given");
  EXPECT_ERROR(model.call("forward", {makeLabels(3)}), "input 0 of 'forward' is f32[?x64], not i32[3]");
  EXPECT_ERROR(model.call("train_step", {makeRows(3), makeLabels(4)}),
               "input 1 of 'train_step' is i32[?] with a batch of 3, not i32[4]");
  std::int64_t shape[] = {1, 64}, outputShape[] = {1, 10};
  keel::Tensor x = makeRows(1);
  keel_view in = x.view(), over{in.data, outputShape, 2, KEEL_DTYPE_F32}, wrong{in.data, shape, 2, KEEL_DTYPE_F32};
  EXPECT_ERROR(model.call("forward", {&in, 1}, {&over, 1}), "output 0 of 'forward' overlaps another argument");
  EXPECT_ERROR(model.call("forward", {&in, 1}, {&wrong, 1}), "output 0 of 'forward' is f32[?x10]");
  keel_view none{nullptr, shape, 2, KEEL_DTYPE_F32};
  EXPECT_ERROR(model.call("forward", {&none, 1}, {&over, 1}), "a view without data");
}

TEST(Model, IsTheSameForAnyNumberOfThreads) {
  std::vector<float> expected;
  for (std::uint32_t threads : {1u, 2u, 3u, 16u}) {
    keel::Model model = makeModel();
    model.threads(threads);
    for (int step = 0; step < 20; ++step)
      model.call("train_step", {makeRows(100), makeLabels(100)});
    std::vector<float> weight = copy(model.state("weight"));
    if (expected.empty())
      expected = weight;
    EXPECT_EQ(weight, expected) << threads << " threads";
  }
  EXPECT_ERROR(makeModel().threads(100000), "100000 threads are too many");
}

TEST(Checkpoint, HoldsAllButDerivedState) {
  Folder folder;
  keel::Model model = makeModel();
  model.call("train_step", {makeRows(100), makeLabels(100)});
  model.save(folder / "s.safetensors");
  std::vector<std::string> names;
  for (auto &[name, tensor] : keel::runtime::parseSafetensors(keel::runtime::readFile(folder / "s.safetensors")))
    names.push_back(name);
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("weight", "bias", "weight.velocity", "learning_rate", "momentum", "steps"));
  keel::Model other = makeModel();
  other.load(folder / "s.safetensors");
  other.call("train_step", {makeRows(100), makeLabels(100)});
  model.call("train_step", {makeRows(100), makeLabels(100)});
  EXPECT_EQ(copy(other.state("weight")), copy(model.state("weight")));
  EXPECT_EQ(other.state("steps").item(), 2);
}

TEST(Checkpoint, IsRefusedWholeIfATensorDoesNotFit) {
  Folder folder;
  keel::Model model = makeModel();
  model.set("bias", 5);
  model.save(folder / "good");
  auto tensors = keel::runtime::parseSafetensors(keel::runtime::readFile(folder / "good"));
  model.set("bias", 7);
  auto refuse = [&](auto change, const char *message) {
    auto changed = tensors;
    change(changed);
    std::vector<std::pair<std::string, keel_view>> views;
    for (auto &[name, tensor] : changed)
      views.emplace_back(name, tensor.view());
    keel::runtime::writeSafetensors(folder / "bad", views);
    EXPECT_ERROR(model.load(folder / "bad"), message);
    EXPECT_EQ(model.state("bias").values<float>()[0], 7) << "state was changed";
  };
  using Tensors = keel::runtime::NamedTensors;
  using keel::runtime::Tensor;
  auto find = [](Tensors &all, const char *name) -> Tensor & {
    return std::ranges::find(all, name, &Tensors::value_type::first)->second;
  };
  refuse([](Tensors &all) { std::erase_if(all, [](auto &pair) { return pair.first == "steps"; }); },
         "state 'steps' is missing");
  refuse([](Tensors &all) { all.emplace_back("extra", Tensor(KEEL_DTYPE_F32, {1})); },
         "tensor 'extra' is no state of this model");
  refuse(
      [](Tensors &all) {
        all.emplace_back("weight.transposed", Tensor(KEEL_DTYPE_F32, {10, 64}));
      },
      "tensor 'weight.transposed' is no state of this model");
  refuse(
      [&](Tensors &all) {
        find(all, "weight") = Tensor(KEEL_DTYPE_F32, {10, 64});
      },
      "state 'weight' is f32[64x10], not f32[10x64]");
  refuse(
      [&](Tensors &all) {
        find(all, "weight") = Tensor(KEEL_DTYPE_F16, {64, 10});
      },
      "state 'weight' is f32[64x10], not f16[64x10]");
  EXPECT_ERROR(model.load(folder / "none"), "No such file");
  EXPECT_ERROR(model.save("/dev/full"), "No space left on device");
}

TEST(Profile, RecordsKernelsAndWritesATrace) {
  Folder folder;
  keel::Model model = makeModel();
  model.call("train_step", {makeRows(100), makeLabels(100)});
  EXPECT_TRUE(model.events().empty());
  model.record(true);
  model.call("train_step", {makeRows(100), makeLabels(100)});
  model.record(false);
  ASSERT_EQ(model.events().size(), 4u);
  EXPECT_STREQ(model.events()[1].entry->kernels[model.events()[1].kernel].name, "softmax_gradient");
  model.writeTrace(folder / "trace.json");
  EXPECT_THAT(contents(folder / "trace.json"), testing::HasSubstr("linear.mlir:9:8"));
}

TEST(Artifact, IsCheckedBeforeUse) {
  keel_artifact artifact = *linear_model_query();
  artifact.version = 9;
  EXPECT_ERROR(keel::Model{&artifact}, "artefact version 9");
  artifact = *linear_model_query();
  artifact.magic = 1;
  EXPECT_ERROR(keel::Model{&artifact}, "wrong magic number");
  artifact = *linear_model_query();
  keel_artifact_program program = artifact.programs[0];
  program.features = "fma,no_such_thing";
  artifact.programs = &program;
  EXPECT_ERROR(keel::Model{&artifact}, "compiled for a CPU that has no_such_thing");
  artifact = *linear_model_query();
  program = artifact.programs[0];
  artifact.programs = &program;
  keel_artifact_entry entry = program.entries[1];
  std::uint32_t beyond[] = {99, 1};
  entry.state = beyond;
  program.entries = &entry;
  program.num_entries = 1;
  EXPECT_ERROR(keel::Model{&artifact}, "entry 'forward': malformed state table");
  program = linear_model_query()->programs[0];
  program.kind = 7;
  EXPECT_ERROR(keel::Model{&artifact}, "malformed tables");
  program.kind = KEEL_PROGRAM_CUDA;
  program.sm = 80;
  EXPECT_ERROR(keel::Model{&artifact}, "entry 'prepare', kernel 0: malformed kernel");
  artifact.num_programs = 0;
  EXPECT_ERROR(keel::Model{&artifact}, "malformed tables");
}

} // namespace
