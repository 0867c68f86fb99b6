// Kernels in CUDA C++ and inline PTX, straight from the manual, and what happens when one of their waits is wrong.
#include "runtime/emulator/Emulator.h"

#include <gmock/gmock.h>

#include <bit>
#include <vector>

using namespace keel::emulator;

namespace {
// A library of kernels and the memory they use.
class CudaTest : public testing::TestWithParam<Checks> {
protected:
  void load(const std::string &name) {
    module = std::make_unique<Module>(KEEL_CUDA_KERNELS "/" + name + ".so");
    module->registerGlobals(emulator);
  }
  template <typename T> std::uint64_t memory(std::vector<T> &data, bool initialised = true) {
    emulator.registerMemory(data.data(), data.size() * sizeof(T), initialised);
    return reinterpret_cast<std::uint64_t>(data.data());
  }
  Report launch(const std::string &kernel, std::uint32_t blocks, std::uint32_t threads, std::vector<std::uint64_t> arguments,
                std::uint32_t dynamicBytes = 0, std::uint64_t seed = 1) {
    Options options;
    options.checks = GetParam();
    options.seed = seed;
    return emulator.launch(module->kernel(kernel, threads, dynamicBytes), blocks, arguments.data(), options);
  }
  Emulator emulator;
  std::unique_ptr<Module> module;
};

Fault faultOf(auto run) {
  try {
    run();
  } catch (const EmulationError &error) {
    EXPECT_THAT(error.location, testing::HasSubstr(".cu:")) << error.what();
    return error.fault;
  }
  ADD_FAILURE() << "no fault";
  return Fault::Invalid;
}

std::vector<float> count(std::size_t size) {
  std::vector<float> values(size);
  for (std::size_t i = 0; i < size; ++i)
    values[i] = static_cast<float>(i % 97);
  return values;
}
} // namespace

TEST_P(CudaTest, RowSums) {
  load("reduce");
  const int rows = 7, columns = 300;
  std::vector<float> x = count(rows * columns), y(rows), expected(rows);
  for (int i = 0; i < rows * columns; ++i)
    expected[i / columns] += x[i]; // whole numbers: exact in any order
  launch("row_sum", rows, 128, {memory(x), memory(y, false), columns});
  EXPECT_EQ(y, expected);
}

TEST_P(CudaTest, MatrixTile) {
  load("matrix");
  std::vector<std::uint16_t> a(16 * 16), b(8 * 16);
  auto bfloat = [](int value) { return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(value)) >> 16); };
  auto valueA = [](int i) { return i * 7 % 23 - 11; };
  auto valueB = [](int i) { return i * 5 % 19 - 9; };
  for (int i = 0; i < 16 * 16; ++i)
    a[i] = bfloat(valueA(i));
  for (int i = 0; i < 8 * 16; ++i)
    b[i] = bfloat(valueB(i));
  std::vector<float> c(16 * 8), expected(16 * 8);
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column)
      for (int k = 0; k < 16; ++k)
        expected[row * 8 + column] += static_cast<float>(valueA(row * 16 + k) * valueB(column * 16 + k));
  launch("tile", 1, 32, {memory(a), memory(b), memory(c, false)});
  EXPECT_EQ(c, expected);
}

TEST_P(CudaTest, Pipeline) {
  load("pipeline");
  const int tiles = 9, threads = 64;
  std::vector<float> x = count(tiles * threads * 4), y(x.size()), expected(x);
  for (float &value : expected)
    value *= 2;
  launch("twice", 1, threads, {memory(x), memory(y, false), tiles}, 3 * threads * 16);
  EXPECT_EQ(y, expected);
}

TEST_P(CudaTest, Tickets) {
  load("ticket");
  const int blocks = 12;
  std::vector<std::uint32_t> flags(blocks);
  std::vector<int> sums(blocks), expected;
  for (int i = 0, sum = 0; i < blocks; ++i)
    expected.push_back(sum += i % 2 ? 10 : 1);
  launch("chain", blocks, 32, {memory(flags), memory(sums, false)});
  EXPECT_EQ(sums, expected);
}
INSTANTIATE_TEST_SUITE_P(Checks, CudaTest, testing::Values(Checks::Full, Checks::Fast));

using CudaFaultTest = CudaTest;
TEST_P(CudaFaultTest, MissingBarrier) {
  load("reduce_without_barrier");
  std::vector<float> x = count(300), y(1);
  std::uint64_t from = memory(x), to = memory(y, false);
  EXPECT_THAT(faultOf([&] { launch("row_sum", 1, 128, {from, to, 300}); }), testing::AnyOf(Fault::Race, Fault::Uninitialised));
}

TEST_P(CudaFaultTest, LateWait) {
  load("pipeline_late_wait");
  std::vector<float> x = count(9 * 64 * 4), y(x.size());
  std::uint64_t from = memory(x), to = memory(y, false);
  EXPECT_THAT(faultOf([&] { launch("twice", 1, 64, {from, to, 9}, 3 * 64 * 16); }), testing::AnyOf(Fault::MissingWait, Fault::Uninitialised));
}

TEST_P(CudaFaultTest, RelaxedPolling) {
  load("ticket_relaxed");
  std::vector<std::uint32_t> flags(12);
  std::vector<int> sums(12);
  std::uint64_t first = memory(flags), second = memory(sums, false);
  EXPECT_EQ(faultOf([&] { launch("chain", 12, 32, {first, second}); }), Fault::Race);
}

TEST_P(CudaFaultTest, OutOfBounds) {
  load("pipeline");
  std::vector<float> x = count(9 * 64 * 4), y(x.size() - 4);
  std::uint64_t from = memory(x), to = memory(y, false);
  EXPECT_EQ(faultOf([&] { launch("twice", 1, 64, {from, to, 9}, 3 * 64 * 16); }), Fault::OutOfBounds);
}
INSTANTIATE_TEST_SUITE_P(Checks, CudaFaultTest, testing::Values(Checks::Full));
