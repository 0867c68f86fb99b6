// ldmatrix, stmatrix and mma.sync, by the formulas of the PTX ISA for each fragment's elements.
#include "test/emulator/Kernel.h"
#include "runtime/emulator/instructions/Number.h"

namespace keel::test {
namespace {

using emulator::fromBFloat;
using emulator::fromHalf;
using emulator::toBFloat;
using emulator::toHalf;

TEST(Matrix, LoadsFourAndTransposed) {
  Device device;
  std::vector<std::uint16_t> in(256);
  std::vector<std::uint32_t> out(32 * 8);
  for (std::uint32_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<std::uint16_t>(i);
  device.add(in), device.add(out, false);
  device.run({[](Thread *t, const std::uint64_t *a) {
                // Matrix m is rows 8m … of a 32 x 8 array.
                for (int i = 0; i < 8; ++i)
                  STORE(std::uint16_t, t, 3, t->shared + 16 * tid(t) + 2 * i, LOAD(std::uint16_t, t, 1, a[0] + 16 * tid(t) + 2 * i));
                PTX(t, "bar.warp.sync", 0xffffffff);
                Words plain = PTX_RESULTS(4, t, "ldmatrix.sync.aligned.m8n8.x4.shared.b16", (t->shared + 16 * tid(t)) & 0xffffffff);
                Words transposed = PTX_RESULTS(4, t, "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", t->shared + 16 * tid(t));
                for (int i = 0; i < 4; ++i) {
                  STORE(std::uint32_t, t, 1, a[1] + 32 * tid(t) + 4 * i, static_cast<std::uint32_t>(plain[i]));
                  STORE(std::uint32_t, t, 1, a[1] + 32 * tid(t) + 16 + 4 * i, static_cast<std::uint32_t>(transposed[i]));
                }
              },
              32, 1, 512});
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    for (std::uint32_t m = 0; m < 4; ++m) {
      std::uint32_t row = lane / 4, column = lane % 4 * 2;
      EXPECT_EQ(out[8 * lane + m], (64 * m + 8 * row + column) | (64 * m + 8 * row + column + 1) << 16);
      EXPECT_EQ(out[8 * lane + 4 + m], (64 * m + 8 * column + row) | (64 * m + 8 * (column + 1) + row) << 16);
    }
  }
}

TEST(Matrix, StoresWhatWasLoaded) {
  Device device;
  std::vector<std::uint32_t> out(64);
  device.add(out, false);
  device.run({[](Thread *t, const std::uint64_t *a) {
                PTX(t, "stmatrix.sync.aligned.m8n8.x2.shared.b16", t->shared + 16 * (tid(t) % 16), tid(t), 100 + tid(t));
                PTX(t, "bar.warp.sync", 0xffffffff);
                Words again = PTX_RESULTS(2, t, "ldmatrix.sync.aligned.m8n8.x2.shared.b16", t->shared + 16 * (tid(t) % 16));
                STORE(std::uint32_t, t, 1, a[0] + 8 * tid(t), static_cast<std::uint32_t>(again[0]));
                STORE(std::uint32_t, t, 1, a[0] + 8 * tid(t) + 4, static_cast<std::uint32_t>(again[1]));
              },
              32, 1, 256});
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(out[2 * lane], lane);
    EXPECT_EQ(out[2 * lane + 1], 100 + lane);
  }
}

TEST(Matrix, AMissingThreadIsDivergence) {
  Device device;
  expectFault(Fault::Divergence, [&] {
    device.run({[](Thread *t, const std::uint64_t *) {
                  if (tid(t) != 9)
                    PTX_RESULTS(1, t, "ldmatrix.sync.aligned.m8n8.x1.shared.b16", t->shared);
                },
                32, 1, 128});
  });
}

// ---- mma. Element i of each fragment, as 9.7.14.5.7 (m16n8k8) and .8 (m16n8k16) give it.
struct Position {
  std::uint32_t row, column;
};
Position a16(std::uint32_t lane, std::uint32_t i) { // m16n8k16, 16-bit
  return {lane / 4 + (i < 2 || (i >= 4 && i < 6) ? 0 : 8), lane % 4 * 2 + (i & 1) + (i < 4 ? 0 : 8)};
}
Position b16(std::uint32_t lane, std::uint32_t i) { return {lane % 4 * 2 + (i & 1) + (i < 2 ? 0 : 8), lane / 4}; }
Position aTensor(std::uint32_t lane, std::uint32_t i) { // m16n8k8, tf32
  return {lane / 4 + (i % 2 ? 8 : 0), lane % 4 + (i < 2 ? 0 : 4)};
}
Position bTensor(std::uint32_t lane, std::uint32_t i) { return {lane % 4 + (i ? 4 : 0), lane / 4}; }
Position c(std::uint32_t lane, std::uint32_t i) { return {lane / 4 + (i < 2 ? 0 : 8), lane % 4 * 2 + (i & 1)}; }

float elementA(std::uint32_t row, std::uint32_t k) { return static_cast<float>((row * 7 + k * 3) % 11) - 5; }
float elementB(std::uint32_t k, std::uint32_t column) { return static_cast<float>((column * 5 + k) % 7) / 2 - 1; }
float elementC(std::uint32_t row, std::uint32_t column) { return static_cast<float>(row) - 2 * static_cast<float>(column); }
float expected(std::uint32_t row, std::uint32_t column, std::uint32_t depth) {
  float sum = elementC(row, column);
  for (std::uint32_t k = 0; k < depth; ++k)
    sum += elementA(row, k) * elementB(k, column);
  return sum;
}

template <bool bfloat> std::uint64_t packed(float low, float high) {
  return bfloat ? toBFloat(low) | static_cast<std::uint32_t>(toBFloat(high)) << 16 : toHalf(low) | static_cast<std::uint32_t>(toHalf(high)) << 16;
}
std::uint64_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

/// Operands and results of a lane.
template <bool bfloat> std::array<std::uint64_t, 10> halfOperands(std::uint32_t lane) {
  std::array<std::uint64_t, 10> words{};
  auto at = [](float (*element)(std::uint32_t, std::uint32_t), Position p) { return element(p.row, p.column); };
  for (std::uint32_t r = 0; r < 4; ++r)
    words[r] = packed<bfloat>(at(elementA, a16(lane, 2 * r)), at(elementA, a16(lane, 2 * r + 1)));
  for (std::uint32_t r = 0; r < 2; ++r)
    words[4 + r] = packed<bfloat>(at(elementB, b16(lane, 2 * r)), at(elementB, b16(lane, 2 * r + 1)));
  for (std::uint32_t i = 0; i < 4; ++i)
    words[6 + i] = bits(at(elementC, c(lane, i)));
  return words;
}

template <std::size_t count> Words multiply(Thread *t, const Instruction &instruction, const std::array<std::uint64_t, count> &in) {
  return instruction.call(t, in.data(), count, 4);
}

void check(const std::vector<float> &out, std::uint32_t depth) {
  for (std::uint32_t lane = 0; lane < 32; ++lane)
    for (std::uint32_t i = 0; i < 4; ++i)
      EXPECT_EQ(out[4 * lane + i], expected(c(lane, i).row, c(lane, i).column, depth)) << lane << " " << i;
}
void putFloats(Thread *t, const std::uint64_t *a, const Words &words) {
  for (int i = 0; i < 4; ++i)
    STORE(float, t, 1, a[0] + 16 * tid(t) + 4 * i, std::bit_cast<float>(static_cast<std::uint32_t>(words[i])));
}
void product(keel_emulated_entry entry, std::uint32_t depth) {
  Device device;
  std::vector<float> out(128);
  device.add(out, false);
  device.run({entry, 32});
  check(out, depth);
}

TEST(Multiply, HalfAndBFloat) {
  product([](Thread *t, const std::uint64_t *a) {
    static const Instruction mma("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", __LINE__);
    putFloats(t, a, multiply(t, mma, halfOperands<false>(tid(t))));
  }, 16);
  product([](Thread *t, const std::uint64_t *a) {
    static const Instruction mma("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", __LINE__);
    putFloats(t, a, multiply(t, mma, halfOperands<true>(tid(t))));
  }, 16);
  product([](Thread *t, const std::uint64_t *a) {
    static const Instruction mma("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32", __LINE__);
    auto all = halfOperands<true>(tid(t));
    putFloats(t, a, multiply(t, mma, std::array<std::uint64_t, 7>{all[0], all[1], all[4], all[6], all[7], all[8], all[9]}));
  }, 8);
}

TEST(Multiply, TensorFloat) {
  product([](Thread *t, const std::uint64_t *a) {
    static const Instruction mma("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", __LINE__);
    std::array<std::uint64_t, 10> in{};
    for (std::uint32_t i = 0; i < 4; ++i) // the lower bits do not count
      in[i] = bits(elementA(aTensor(tid(t), i).row, aTensor(tid(t), i).column)) | 0x1fff;
    for (std::uint32_t i = 0; i < 2; ++i)
      in[4 + i] = bits(elementB(bTensor(tid(t), i).row, bTensor(tid(t), i).column));
    for (std::uint32_t i = 0; i < 4; ++i)
      in[6 + i] = bits(elementC(c(tid(t), i).row, c(tid(t), i).column));
    putFloats(t, a, multiply(t, mma, in));
  }, 8);
}

TEST(Multiply, SumsInHalf) {
  Device device;
  std::vector<float> out(128);
  device.add(out, false);
  device.run({[](Thread *t, const std::uint64_t *a) {
                static const Instruction mma("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", __LINE__);
                auto all = halfOperands<false>(tid(t));
                auto value = [&](int i) { return std::bit_cast<float>(static_cast<std::uint32_t>(all[6 + i])); };
                Words d = multiply(t, mma, std::array<std::uint64_t, 8>{all[0], all[1], all[2], all[3], all[4], all[5],
                                                                         packed<false>(value(0), value(1)), packed<false>(value(2), value(3))});
                for (int i = 0; i < 4; ++i)
                  STORE(float, t, 1, a[0] + 16 * tid(t) + 4 * i, fromHalf(static_cast<std::uint16_t>(d[i / 2] >> 16 * (i % 2))));
              },
              32});
  check(out, 16);
}

} // namespace
} // namespace keel::test
