// wgmma: operands in swizzled shared memory, in registers, transposed; and what must be waited for.
#include "runtime/emulator/TensorMap.h"
#include "runtime/emulator/instructions/Number.h"
#include "test/emulator/Kernel.h"

namespace keel::test {
namespace {

using emulator::swizzled;
using emulator::Swizzle;
using emulator::toBFloat;

float elementA(std::uint32_t m, std::uint32_t k) { return static_cast<float>((m * 3 + k * 5) % 13) - 6; }
float elementB(std::uint32_t n, std::uint32_t k) { return static_cast<float>((n * 7 + k) % 9) / 4 - 1; }
constexpr std::uint32_t n = 16, k = 16;

std::uint64_t descriptor(std::uint64_t address, std::uint64_t leading, std::uint64_t stride, std::uint64_t mode) {
  return (address & 0x3ffff) >> 4 | (leading >> 4) << 16 | (stride >> 4) << 32 | mode << 62;
}

enum class Case { Right, RegistersA, TransposedB, NoSwizzle, NoFence, NoProxyFence, NoWait, OverwrittenBeforeWait };
/// 64 x 16 times 16 x 16 in bf16: A at 0 (rows of 128 bytes, swizzled), B at 8192.
template <Case variant> void product(Thread *t, const std::uint64_t *a) {
  std::uint64_t matrixA = t->shared, matrixB = t->shared + 8192;
  auto put = [&](std::uint64_t at, float value) { STORE(std::uint16_t, t, 3, at, toBFloat(value)); };
  for (std::uint32_t i = tid(t); i < 64 * k; i += 128) {
    std::uint64_t at = matrixA + i / k * 128 + i % k * 2;
    put(variant == Case::NoSwizzle ? at : swizzled(at, Swizzle::Bytes128), elementA(i / k, i % k));
  }
  for (std::uint32_t i = tid(t); i < n * k; i += 128) {
    std::uint32_t row = i / k, along = i % k;
    std::uint64_t at = variant == Case::TransposedB ? matrixB + along / 8 * 256 + along % 8 * 32 + row * 2 // 32-byte rows of N
                                                    : matrixB + row * 128 + along * 2;
    put(swizzled(at, variant == Case::TransposedB ? Swizzle::Bytes32 : Swizzle::Bytes128), elementB(row, along));
  }
  if (variant != Case::NoProxyFence)
    PTX(t, "fence.proxy.async");
  PTX(t, "bar.sync", 0);
  if (variant != Case::NoFence)
    PTX(t, "wgmma.fence.sync.aligned");
  static const Instruction wgmma("wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16", __LINE__);
  std::array<std::uint64_t, 24> in; // nothing on the heap: a fault drops the thread where it is
  std::size_t count = 8;
  auto operand = [&](std::uint64_t word) { in[count++] = word; };
  std::fill_n(in.begin(), 8, std::bit_cast<std::uint32_t>(1.f)); // D = 1 at first
  std::uint32_t lane = tid(t) % 32, first = tid(t) / 32 * 16 + lane / 4;
  if (variant == Case::RegistersA)
    for (std::uint32_t r = 0; r < 4; ++r) {
      std::uint32_t row = first + 8 * (r & 1), column = lane % 4 * 2 + 8 * (r >> 1);
      operand(toBFloat(elementA(row, column)) | static_cast<std::uint32_t>(toBFloat(elementA(row, column + 1))) << 16);
    }
  else
    operand(descriptor(matrixA, 16, 1024, 1));
  bool transposed = variant == Case::TransposedB;
  operand(transposed ? descriptor(matrixB, 512, 256, 3) : descriptor(matrixB, 16, 1024, 1));
  for (int scale = 0; scale < 3; ++scale)
    operand(1);
  if (variant != Case::RegistersA)
    operand(0);
  operand(transposed);
  Words d = wgmma.call(t, in.data(), count, 8);
  PTX(t, "wgmma.commit_group.sync.aligned");
  if (variant == Case::OverwrittenBeforeWait) {
    PTX(t, "bar.sync", 0);
    if (tid(t) == 5)
      STORE(std::uint16_t, t, 3, matrixA, 0);
  }
  if (variant != Case::NoWait)
    PTX(t, "wgmma.wait_group.sync.aligned", 0);
  for (std::uint32_t i = 0; i < 8; ++i)
    STORE(float, t, 1, a[0] + 4 * ((first + 8 * (i >> 1 & 1)) * n + 8 * (i >> 2) + lane % 4 * 2 + (i & 1)),
          std::bit_cast<float>(static_cast<std::uint32_t>(d[i])));
}

bool run(keel_emulated_entry entry, std::uint64_t seed) {
  Device device;
  std::vector<float> out(64 * n);
  device.add(out);
  Options options;
  options.seed = seed;
  device.run({entry, 128, 1, 8192 + 2048}, options);
  for (std::uint32_t m = 0; m < 64; ++m)
    for (std::uint32_t c = 0; c < n; ++c) {
      float sum = 1;
      for (std::uint32_t j = 0; j < k; ++j)
        sum += elementA(m, j) * elementB(c, j);
      if (out[m * n + c] != sum)
        return false;
    }
  return true;
}

TEST(WarpGroup, Products) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    EXPECT_TRUE(run(product<Case::Right>, seed));
    EXPECT_TRUE(run(product<Case::RegistersA>, seed));
    EXPECT_TRUE(run(product<Case::TransposedB>, seed));
    // Without the swizzle it reads what nobody wrote.
    expectFault(Fault::Uninitialised, [&] { run(product<Case::NoSwizzle>, seed); }, {"wgmma.mma_async"});
  }
}

TEST(WarpGroup, FencesAndWaits) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    expectFault(Fault::Race, [&] { run(product<Case::NoFence>, seed); }, {"need a wgmma.fence"});
    expectFault(Fault::Race, [&] { run(product<Case::NoProxyFence>, seed); }, {"no fence.proxy.async"});
    expectFault(Fault::MissingWait, [&] { run(product<Case::NoWait>, seed); }, {"has waited for its wgmmas"});
    expectFault(Fault::Race, [&] { run(product<Case::OverwrittenBeforeWait>, seed); }, {"an asynchronous operation"});
  }
}

/// Three groups of 168 registers a thread; the first gives away what the others ask for.
template <std::uint64_t kept, std::uint64_t wanted> void exchangeRegisters(Thread *t, const std::uint64_t *) {
  if (tid(t) < 128)
    PTX(t, "setmaxnreg.dec.sync.aligned.u32", kept);
  else
    PTX(t, "setmaxnreg.inc.sync.aligned.u32", wanted);
}

TEST(WarpGroup, Registers) {
  Options options;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Device device;
    options.seed = seed;
    device.run({exchangeRegisters<40, 232>, 384}, options);
    expectFault(Fault::Deadlock, [&] { device.run({exchangeRegisters<40, 240>, 384}, options); }, {"setmaxnreg.inc"});
    expectFault(Fault::Invalid, [&] { device.run({exchangeRegisters<40, 160>, 384}, options); }, {"an increase to 160 registers of a warp that has 168"});
    expectFault(Fault::Invalid, [&] { device.run({exchangeRegisters<41, 168>, 384}, options); }, {"multiple of 8"});
  }
}

} // namespace
} // namespace keel::test
