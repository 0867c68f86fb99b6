// Random streams and initializers.
#include "runtime/model/Initialize.h"
#include "runtime/model/Random.h"
#include "test/runtime/TestSupport.h"

#include <cmath>
#include <numeric>

using namespace keel::runtime;
using namespace keel::test;

namespace {

std::vector<double> make(keel_init_kind kind, Shape shape, std::vector<double> args = {}, std::uint64_t seed = 0,
                         const char *name = "w", std::uint32_t dtype = KEEL_DTYPE_F64) {
  keel_artifact_state state{name,
                            {dtype, static_cast<std::uint32_t>(shape.size()), shape.data()},
                            KEEL_STATE_PARAMETER,
                            static_cast<std::uint32_t>(kind),
                            nullptr,
                            {}};
  std::copy(args.begin(), args.end(), state.args);
  Tensor tensor(dtype, shape);
  initialize(state, seed, tensor);
  return doubles(tensor);
}

double mean(const std::vector<double> &values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation(const std::vector<double> &values) {
  double m = mean(values), sum = 0;
  for (double value : values)
    sum += (value - m) * (value - m);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// The known answers of Random123's kat_vectors, philox 4x32 10 rounds.
TEST(Random, IsPhilox) {
  PhiloxBlock zero = philox(0, 0);
  EXPECT_EQ(zero.word[0], 0x6627e8d5u);
  EXPECT_EQ(zero.word[1], 0xe169c58du);
  EXPECT_EQ(zero.word[2], 0xbc57ac4cu);
  EXPECT_EQ(zero.word[3], 0x9b00dbd8u);
}

TEST(Random, StreamsDifferBySeedAndName) {
  EXPECT_EQ(RandomStream(1, "a").bits(5), RandomStream(1, "a").bits(5));
  EXPECT_NE(RandomStream(1, "a").bits(5), RandomStream(2, "a").bits(5));
  EXPECT_NE(RandomStream(1, "a").bits(5), RandomStream(1, "b").bits(5));
  EXPECT_NE(RandomStream(1, "a").bits(5), RandomStream(1, "a").bits(6));
  RandomStream stream(3, "x");
  std::vector<int> counts(7);
  for (std::uint64_t i = 0; i < 7000; ++i)
    ++counts[stream.below(i, 7)];
  for (int count : counts)
    EXPECT_NEAR(count, 1000, 150);
}

TEST(Initialize, HasTheRightMoments) {
  const Shape shape = {400, 100};
  double root3 = std::sqrt(3.0);
  struct Case {
    keel_init_kind kind;
    std::vector<double> args;
    double mean, deviation;
  };
  for (const Case &c :
       {Case{KEEL_INIT_ZEROS, {}, 0, 0}, Case{KEEL_INIT_ONES, {}, 1, 0}, Case{KEEL_INIT_CONSTANT, {2.5}, 2.5, 0},
        Case{KEEL_INIT_UNIFORM, {-1, 3}, 1, 2 / root3}, Case{KEEL_INIT_NORMAL, {4, 0.5}, 4, 0.5},
        Case{KEEL_INIT_KAIMING_UNIFORM, {400, std::sqrt(2.0)}, 0, std::sqrt(2.0 / 400)},
        Case{KEEL_INIT_KAIMING_NORMAL, {400, std::sqrt(2.0)}, 0, std::sqrt(2.0 / 400)},
        Case{KEEL_INIT_XAVIER_UNIFORM, {400, 100, 1}, 0, std::sqrt(2.0 / 500)},
        Case{KEEL_INIT_XAVIER_NORMAL, {400, 100, 1}, 0, std::sqrt(2.0 / 500)},
        Case{KEEL_INIT_ORTHOGONAL, {2}, 0, 2 / std::sqrt(400.0)}}) {
    std::vector<double> values = make(c.kind, shape, c.args);
    EXPECT_NEAR(mean(values), c.mean, 0.03 * c.deviation + 1e-12) << c.kind;
    EXPECT_NEAR(deviation(values), c.deviation, 0.03 * c.deviation + 1e-12) << c.kind;
  }
  std::vector<double> uniform = make(KEEL_INIT_KAIMING_UNIFORM, shape, {400, 1});
  EXPECT_LE(*std::max_element(uniform.begin(), uniform.end()), std::sqrt(3.0 / 400));
}

TEST(Initialize, OrthogonalIsOrthogonal) {
  for (auto [rows, columns] : {std::pair{20, 7}, {7, 20}, {16, 16}, {1, 5}, {5, 1}}) {
    std::vector<double> q = make(KEEL_INIT_ORTHOGONAL, {rows, columns}, {3});
    bool wide = rows <= columns;
    int count = std::min(rows, columns), length = std::max(rows, columns);
    auto at = [&](int vector, int i) { return wide ? q[vector * columns + i] : q[i * columns + vector]; };
    for (int a = 0; a < count; ++a)
      for (int b = 0; b < count; ++b) {
        double sum = 0;
        for (int i = 0; i < length; ++i)
          sum += at(a, i) * at(b, i);
        EXPECT_NEAR(sum, a == b ? 9 : 0, 1e-13);
      }
  }
  EXPECT_ERROR(make(KEEL_INIT_ORTHOGONAL, {4}, {1}), "state 'w': an orthogonal initializer needs two dimensions");
}

TEST(Initialize, DependsOnSeedAndNameAlone) {
  EXPECT_EQ(make(KEEL_INIT_NORMAL, {8}, {0, 1}, 1), make(KEEL_INIT_NORMAL, {8}, {0, 1}, 1));
  EXPECT_NE(make(KEEL_INIT_NORMAL, {8}, {0, 1}, 1), make(KEEL_INIT_NORMAL, {8}, {0, 1}, 2));
  EXPECT_NE(make(KEEL_INIT_NORMAL, {8}, {0, 1}, 1, "v"), make(KEEL_INIT_NORMAL, {8}, {0, 1}, 1, "w"));
  EXPECT_ERROR(make(KEEL_INIT_EXTERN, {8}), "state 'w' has no initial value: load or set it first");
}

} // namespace
