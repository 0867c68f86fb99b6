// A normalization's strategies: which are possible, and which is chosen where.
#include "passes/cost/StrategyCost.h"

#include <gmock/gmock.h>

using namespace keel;
using testing::ElementsAre;

namespace {
constexpr StrategyLimits older{256, 0, 4096, 1024, false}, hopper{256, 4096, 4096, 1024, true};

NormalizedRows layer(int64_t rows, int64_t columns) {
  NormalizedRows norm;
  norm.rows = rows, norm.columns = norm.depth = norm.readerColumns = columns;
  norm.reads = KernelWork::Reads::Half;
  norm.isCentred = true;
  return norm;
}

llvm::SmallVector<StrategyCost> costs(const NormalizedRows &norm, const StrategyLimits &limits, const char *device) {
  return estimateStrategies(norm, limits, *findDeviceDescription(device));
}
std::vector<Strategy> possible(const NormalizedRows &norm, const StrategyLimits &limits, const char *device) {
  std::vector<Strategy> strategies;
  for (const StrategyCost &cost : costs(norm, limits, device))
    strategies.push_back(cost.strategy);
  return strategies;
}
double secondsOf(Strategy strategy, const llvm::SmallVector<StrategyCost> &costs) {
  for (const StrategyCost &cost : costs)
    if (cost.strategy == strategy)
      return cost.seconds;
  return 0;
}
} // namespace

TEST(StrategyCost, Possible) {
  EXPECT_THAT(possible(layer(128, 256), older, "A100"), ElementsAre(Strategy::RowComplete));
  EXPECT_THAT(possible(layer(128, 1024), older, "A100"), ElementsAre(Strategy::RowBlockBarrier, Strategy::Statistics));
  EXPECT_THAT(possible(layer(128, 1024), hopper, "H100"),
              ElementsAre(Strategy::Cluster, Strategy::RowBlockBarrier, Strategy::Statistics));
  // Twelve blocks are no cluster; longer rows than all others take have their sums alone.
  EXPECT_THAT(possible(layer(128, 1536), hopper, "H100"), ElementsAre(Strategy::RowBlockBarrier, Strategy::Statistics));
  EXPECT_THAT(possible(layer(128, 8192), hopper, "H100"), ElementsAre(Strategy::Statistics));
  NormalizedRows linear = layer(128, 256);
  linear.canDefer = true;
  EXPECT_THAT(possible(linear, older, "A100"), ElementsAre(Strategy::RowComplete, Strategy::Deferred));
}

TEST(StrategyCost, DependsOnTheDevice) {
  // A small batch: an A100's blocks wait for each other longer than a second look at so few rows takes; in a cluster they do not.
  NormalizedRows small = layer(128, 512);
  small.isTrained = true;
  EXPECT_EQ(chooseStrategy(costs(small, older, "A100")), Strategy::Statistics);
  EXPECT_EQ(chooseStrategy(costs(small, hopper, "H100")), Strategy::Cluster);
  // A large one: each row passes through memory once.
  EXPECT_EQ(chooseStrategy(costs(layer(8192, 2048), older, "A100")), Strategy::RowBlockBarrier);
}

TEST(StrategyCost, DeferringPaysInInference) {
  NormalizedRows linear = layer(128, 512);
  linear.canDefer = true;
  EXPECT_EQ(chooseStrategy(costs(linear, older, "A100")), Strategy::Deferred);
  // Training has launches more.
  double inference = secondsOf(Strategy::Deferred, costs(linear, older, "A100"));
  linear.isTrained = true;
  EXPECT_GT(secondsOf(Strategy::Deferred, costs(linear, older, "A100")), inference + 2 * findDeviceDescription("A100")->launch);
  EXPECT_NE(chooseStrategy(costs(linear, older, "A100")), Strategy::Deferred);
}

TEST(StrategyCost, CentredRowsExchangeOneSum) {
  NormalizedRows norm = layer(128, 1024);
  double centred = secondsOf(Strategy::RowBlockBarrier, costs(norm, older, "A100"));
  norm.isCentred = false;
  EXPECT_GT(secondsOf(Strategy::RowBlockBarrier, costs(norm, older, "A100")), centred + 0.9 * findDeviceDescription("A100")->barrier);
}

TEST(StrategyCost, WhatIsAlikeGoesByOrder) {
  EXPECT_EQ(chooseStrategy({{Strategy::Cluster, 1.09}, {Strategy::Statistics, 1.0}}), Strategy::Cluster);
  EXPECT_EQ(chooseStrategy({{Strategy::Cluster, 1.11}, {Strategy::Statistics, 1.0}}), Strategy::Statistics);
}
