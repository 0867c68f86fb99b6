// The training loop, on linear_model.c.
#include "keel/keel.hpp"
#include "test/runtime/TestSupport.h"

#include <cmath>

extern "C" const keel_artifact *linear_model_query(void);

using namespace keel::test;

namespace {

/// Cases that a linear classifier can tell apart: the class's input is large.
std::pair<keel::Tensor, keel::Tensor> makeSet(std::int64_t cases, double offset = 0) {
  keel::Tensor data(KEEL_DTYPE_F32, {cases, 64}), labels(KEEL_DTYPE_I32, {cases});
  for (std::int64_t i = 0; i < cases; ++i) {
    auto label = static_cast<std::int32_t>((i * 7 + i / 10) % 10);
    labels.values<std::int32_t>()[static_cast<std::size_t>(i)] = label;
    for (std::int64_t k = 0; k < 64; ++k)
      data.values<float>()[static_cast<std::size_t>(i * 64 + k)] =
          static_cast<float>(std::sin(static_cast<double>(i * 64 + k) + offset)) + (k == label ? 3.0f : 0.0f);
  }
  return {data, labels};
}

TEST(Train, LearnsAndReports) {
  Folder folder;
  keel::Model model(linear_model_query());
  auto [data, labels] = makeSet(333);
  auto [testData, testLabels] = makeSet(99, 0.5);
  std::uint64_t steps = 0, lastSteps = 0;
  keel::TrainOptions options{.data = data,
                             .labels = labels,
                             .testData = testData,
                             .testLabels = testLabels,
                             .epochs = 5,
                             .batch = 100,
                             .log = folder / "log.jsonl",
                             .plot = folder / "plot.svg"};
  options.onStep = [&](std::uint32_t, std::uint64_t, std::uint64_t ofEpoch, double) { ++steps, lastSteps = ofEpoch; };
  std::vector<keel_epoch> history = keel::train(model, options);
  ASSERT_EQ(history.size(), 5u);
  EXPECT_EQ(lastSteps, 4u); // the last batch has 33 cases
  EXPECT_EQ(steps, 20u);
  EXPECT_EQ(model.state("steps").item(), 20);
  EXPECT_LT(history.back().train_loss, history.front().train_loss);
  EXPECT_GT(history.back().test_accuracy, 0.95);
  std::string log = contents(folder / "log.jsonl"), plot = contents(folder / "plot.svg");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 5);
  EXPECT_THAT(log, testing::StartsWith("{\"epoch\": 1, \"train_loss\": "));
  EXPECT_THAT(plot, testing::AllOf(testing::StartsWith("<svg"), testing::EndsWith("</svg>\n"),
                                   testing::HasSubstr("test accuracy"), testing::Not(testing::HasSubstr(",nan"))));
}

TEST(Train, DependsOnTheSeedAlone) {
  auto [data, labels] = makeSet(150);
  auto run = [&](std::uint64_t seed, std::uint32_t threads) {
    keel::Model model(linear_model_query());
    model.threads(threads);
    return keel::train(model, {.data = data, .labels = labels, .epochs = 3, .batch = 64, .seed = seed})[2].train_loss;
  };
  EXPECT_EQ(run(1, 1), run(1, 4));
  EXPECT_NE(run(1, 1), run(2, 1));
}

TEST(Train, ConvertsDataWithoutLoss) {
  auto [data, labels] = makeSet(20);
  keel::Tensor bytes(KEEL_DTYPE_U8, {20, 8, 8}), wide(KEEL_DTYPE_I64, {20});
  for (std::size_t i = 0; i < 20; ++i)
    wide.values<std::int64_t>()[i] = labels.values<std::int32_t>()[i];
  keel::Model model(linear_model_query());
  EXPECT_NO_THROW(keel::train(model, {.data = bytes, .labels = wide}));
  EXPECT_ERROR(keel::train(model, {.data = data, .labels = data}),
               "training labels: the model takes i32[?], not f32[20x64]");
  EXPECT_ERROR(keel::train(model, {.data = keel::Tensor(KEEL_DTYPE_F32, {20, 63}), .labels = labels}),
               "training data: the model takes f32[?x64], not f32[20x63]");
}

TEST(Train, RefusesWhatCannotWork) {
  Folder folder;
  keel::Model model(linear_model_query());
  auto [data, labels] = makeSet(20);
  auto [fewer, fewerLabels] = makeSet(19);
  keel_artifact untrained = *linear_model_query(); // prepare and forward alone
  keel_artifact_program program = untrained.programs[0];
  program.num_entries = 2;
  untrained.programs = &program;
  keel::Model forwardOnly(&untrained);
  EXPECT_ERROR(keel::train(forwardOnly, {.data = data, .labels = labels}), "compile it with --train=adamw");
  EXPECT_ERROR(keel::train(model, {.data = data, .labels = fewerLabels}), "20 cases, but 19 labels");
  EXPECT_ERROR(keel::train(model, {.data = data, .labels = {}}), "needs both data and labels");
  EXPECT_ERROR(keel::train(model, {.data = data, .labels = labels, .testData = data}), "the test set needs both");
  EXPECT_ERROR(keel::train(model, {.data = data, .labels = labels, .batch = 129}), "compile it with --batch=129");
  EXPECT_ERROR(keel::train(model, {.data = data, .labels = labels, .log = folder / "none/log"}), "No such file");
  for (std::int32_t wrong : {10, -1}) {
    keel::Tensor bad = keel::Tensor::of(
        std::vector<std::int32_t>(labels.values<std::int32_t>().begin(), labels.values<std::int32_t>().end()), {20});
    bad.values<std::int32_t>()[3] = wrong;
    EXPECT_ERROR(keel::train(model, {.data = data, .labels = bad}),
                 "case 3 has label " + std::to_string(wrong) + ", outside the model's classes 0 to 9");
  }
}

TEST(Train, StopsAtALossThatIsNotFinite) {
  Folder folder;
  keel::Model model(linear_model_query());
  auto [data, labels] = makeSet(20);
  data.values<float>()[70] = NAN;
  try {
    keel::train(model, {.data = data, .labels = labels, .log = folder / "log", .plot = folder / "plot"});
    FAIL();
  } catch (const keel::Error &error) {
    EXPECT_EQ(error.status, KEEL_DIVERGED);
    EXPECT_THAT(error.what(), testing::HasSubstr("the loss became nan in epoch 1, step 1"));
  }
  EXPECT_TRUE(folder.files().empty());
}

TEST(Train, EvaluatesOnlyForNoEpochs) {
  keel::Model model(linear_model_query());
  auto [data, labels] = makeSet(200);
  std::vector<keel_epoch> history =
      keel::train(model, {.data = data, .labels = labels, .testData = data, .testLabels = labels, .epochs = 0});
  ASSERT_EQ(history.size(), 1u);
  EXPECT_TRUE(std::isnan(history[0].train_loss));
  EXPECT_GE(history[0].test_accuracy, 0);
}

} // namespace
