// Instructions of one thread, each on operands whose result the manual's definition gives.
#include "test/emulator/Kernel.h"
#include "runtime/emulator/Machine.h"
#include "runtime/emulator/instructions/Number.h"

#include <cmath>
#include <limits>

namespace keel::test {
namespace {

std::uint64_t f(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint64_t d(double value) { return std::bit_cast<std::uint64_t>(value); }
constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();

struct Case {
  const char *name;
  std::vector<std::uint64_t> in;
  std::uint64_t out;
};

void check(const std::vector<Case> &cases) {
  for (const Case &test : cases) {
    Instruction instruction(test.name, 1);
    Thread thread{}; // these look at no thread
    Words out = instruction.call(&thread, test.in.data(), test.in.size(), 1);
    EXPECT_EQ(out[0], test.out) << test.name << std::hex << ": " << out[0] << ", not " << test.out;
  }
}

TEST(Arithmetic, Carries) {
  emulator::Thread thread{};
  auto call = [&](const char *name, const std::vector<std::uint64_t> &in) {
    return Instruction(name, 1).call(&thread, in.data(), in.size(), 1)[0];
  };
  // 0x00000001'ffffffff + 0x00000000'00000001, by words.
  EXPECT_EQ(call("add.cc.u32", {0xffffffff, 1}), 0u);
  EXPECT_EQ(call("addc.u32", {1, 0}), 2u);
  EXPECT_EQ(call("addc.cc.u32", {0xffffffff, 0}), 0u); // the flag is kept until it is written
  EXPECT_EQ(call("addc.cc.s32", {0xfffffffe, 0}), ~0ull);
  EXPECT_EQ(call("addc.u64", {~0ull, 0}), ~0ull);
  // 0x00000002'00000000 - 0x00000000'00000001
  EXPECT_EQ(call("sub.cc.u32", {0, 1}), 0xffffffffu);
  EXPECT_EQ(call("subc.u32", {2, 0}), 1u);
  // 0xfedcba98 * 0x87654321 + 0xffffffff
  std::uint64_t whole = 0xfedcba98ull * 0x87654321 + 0xffffffff;
  EXPECT_EQ(call("mad.lo.cc.u32", {0xfedcba98, 0x87654321, 0xffffffff}), whole & 0xffffffff);
  EXPECT_EQ(call("madc.hi.u32", {0xfedcba98, 0x87654321, 0}), whole >> 32);
}

TEST(Arithmetic, Integers) {
  check({
      {"add.s32", {~0ull, 1}, 0},
      {"add.sat.s32", {0x7fffffff, 1}, 0x7fffffff},
      {"sub.u32", {1, 2}, 0xffffffff},
      {"sub.s32", {1, 2}, ~0ull},
      {"mul.lo.u32", {0x10001, 0x10001}, 0x20001},
      {"mul.hi.u32", {0x80000000, 4}, 2},
      {"mul.hi.s32", {0x80000000, 4}, ~0ull - 1},
      {"mul.wide.s32", {0xffffffff, 5}, ~0ull - 4},
      {"mul.wide.u32", {0xffffffff, 2}, 0x1fffffffe},
      {"mad.lo.s32", {3, 4, 5}, 17},
      {"mad.wide.u16", {0xffff, 0xffff, 1}, 0xfffe0002},
      {"div.s32", {static_cast<std::uint64_t>(-7), 2}, static_cast<std::uint64_t>(-3)},
      {"rem.s32", {static_cast<std::uint64_t>(-7), 2}, ~0ull},
      {"min.s32", {~0ull, 3}, ~0ull},
      {"min.u32", {~0ull, 3}, 3},
      {"max.u16x2", {0x0001'0005, 0x0002'0003}, 0x0002'0005},
      {"abs.s32", {static_cast<std::uint64_t>(-9)}, 9},
      {"shl.b32", {1, 31}, 0x80000000},
      {"shl.b32", {1, 32}, 0},
      {"shr.s32", {0x80000000, 40}, ~0ull},
      {"shr.u32", {0x80000000, 31}, 1},
      {"not.pred", {1}, 0},
      {"popc.b64", {~0ull}, 64},
      {"clz.b32", {1}, 31},
      {"bfind.u32", {0x100}, 8},
      {"bfind.shiftamt.u32", {0x100}, 23},
      {"bfind.u32", {0}, 0xffffffff},
      {"brev.b32", {1}, 0x80000000},
      {"bfe.u32", {0xabcd, 4, 8}, 0xbc},
      {"bfe.s32", {0xf0, 4, 4}, ~0ull},
      {"bfi.b32", {0xf, 0, 8, 4}, 0xf00},
      {"prmt.b32", {0x33221100, 0x77665544, 0x5140}, 0x55114400},
      {"prmt.b32", {0x00000080, 0, 0x0008}, 0x808080ff},
      {"lop3.b32", {0xf0f0f0f0, 0xcccccccc, 0xaaaaaaaa, 0xe8}, 0xe8e8e8e8},
      {"shf.l.wrap.b32", {0x80000000, 1, 1}, 3},
      {"shf.r.wrap.b32", {0, 1, 1}, 0x80000000},
      {"shf.r.clamp.b32", {5, 9, 40}, 9},
      {"shf.l.clamp.b32", {5, 9, 40}, 5},
      {"dp4a.s32.s32", {0xff010203, 0x02010101, 10}, 14},
      {"selp.b32", {7, 8, 0}, 8},
      {"setp.lt.s32", {~0ull, 0}, 1},
      {"setp.lt.u32", {~0ull, 0}, 0},
      {"setp.eq.and.u32", {3, 3, 0}, 0},
      {"setp.hs.u32", {3, 3}, 1},
      {"mov.b32", {0x1234, 0x5678}, 0x56781234},
  });
}

TEST(Arithmetic, Floats) {
  check({
      {"add.f32", {f(1.5f), f(2.25f)}, f(3.75f)},
      {"add.rz.f32", {f(1), f(0x1.8p-24f)}, f(1)},
      {"add.rp.f32", {f(1), f(0x1p-30f)}, f(1 + 0x1p-23f)},
      {"add.rn.f32", {f(1), f(0x1.8p-24f)}, f(1 + 0x1p-23f)},
      {"add.rm.f32", {f(-1), f(-0x1p-30f)}, f(-1 - 0x1p-23f)},
      {"mul.ftz.f32", {f(0x1p-100f), f(0x1p-40f)}, f(0)},
      {"mul.f32", {f(0x1p-100f), f(0x1p-40f)}, f(0x1p-140f)},
      {"add.sat.f32", {f(2), f(3)}, f(1)},
      {"fma.rn.f32", {f(1 + 0x1p-12f), f(1 + 0x1p-12f), f(-1)}, f(0x1p-11f + 0x1p-24f)},
      {"fma.rn.relu.bf16x2", {0x3f803f80, 0x3f80bf80, 0x00000000}, 0x3f800000},
      {"add.f16x2", {0x3c003c00, 0x40003c00}, 0x42004000},
      {"div.rn.f32", {f(1), f(3)}, f(1.f / 3)},
      {"rcp.approx.ftz.f32", {f(4)}, f(.25f)},
      {"rsqrt.approx.f32", {f(16)}, f(.25f)},
      {"sqrt.rn.f32", {f(2)}, f(std::sqrt(2.f))},
      {"ex2.approx.ftz.f32", {f(3)}, f(8)},
      {"ex2.approx.ftz.f32", {f(-inf)}, f(0)},
      {"ex2.approx.ftz.bf16x2", {0x40000000}, 0x40803f80},
      {"lg2.approx.f32", {f(.125f)}, f(-3)},
      {"tanh.approx.f32", {f(inf)}, f(1)},
      {"tanh.approx.f16x2", {0x00007c00}, 0x00003c00},
      {"min.f32", {f(nan), f(2)}, f(2)},
      {"min.NaN.f32", {f(nan), f(2)}, 0x7fffffff},
      {"max.f32", {f(-0.f), f(0.f)}, f(0.f)},
      {"max.xorsign.abs.f32", {f(-3), f(2)}, f(-3)},
      {"max.NaN.bf16x2", {0x40007fff, 0x3f803f80}, 0x40007fff},
      {"neg.f32", {f(1)}, f(-1)},
      {"abs.bf16x2", {0xbf80bf80}, 0x3f803f80},
      {"copysign.f32", {f(-1), f(3)}, f(-3)},
      {"add.f64", {d(1), d(0x1p-53)}, d(1)},
      {"setp.lt.f32", {f(nan), f(1)}, 0},
      {"setp.ltu.f32", {f(nan), f(1)}, 1},
      {"setp.nan.f32", {f(nan), f(1)}, 1},
      {"testp.subnormal.f32", {f(0x1p-140f)}, 1},
  });
}

TEST(Arithmetic, Conversions) {
  check({
      {"cvt.rn.f16.f32", {f(65520)}, 0x7c00},
      {"cvt.rn.f16.f32", {f(65519)}, 0x7bff},
      {"cvt.rz.f16.f32", {f(65535)}, 0x7bff},
      {"cvt.rn.f16.f32", {f(0x1p-25f)}, 0},
      {"cvt.rn.f16.f32", {f(0x1.8p-25f)}, 1},
      {"cvt.rn.bf16.f32", {f(1 + 0x1p-8f)}, 0x3f80},
      {"cvt.rn.bf16.f32", {f(1 + 0x3p-8f)}, 0x3f82},
      {"cvt.rn.bf16x2.f32", {f(2), f(1)}, 0x40003f80},
      {"cvt.rn.relu.f16x2.f32", {f(-2), f(1)}, 0x00003c00},
      {"cvt.f32.f16", {0x3555}, f(0x1.554p-2f)},
      {"cvt.f32.bf16", {0xc040}, f(-3)},
      {"cvt.rna.tf32.f32", {f(1 + 0x1p-11f)}, f(1 + 0x1p-10f)},
      {"cvt.rn.tf32.f32", {f(1 + 0x1p-11f)}, f(1)},
      {"cvt.rni.s32.f32", {f(2.5f)}, 2},
      {"cvt.rzi.s32.f32", {f(-2.5f)}, static_cast<std::uint64_t>(-2)},
      {"cvt.rzi.s32.f32", {f(3e9f)}, 0x7fffffff},
      {"cvt.rzi.u32.f32", {f(-1)}, 0},
      {"cvt.rzi.s32.f32", {f(nan)}, 0},
      {"cvt.rmi.f32.f32", {f(-.5f)}, f(-1)},
      {"cvt.rn.f32.s32", {static_cast<std::uint64_t>(-7)}, f(-7)},
      {"cvt.rn.f32.u64", {0x8000008000000001}, f(0x1.000002p63f)},
      {"cvt.rn.f32.f64", {d(1 + 0x1p-24)}, f(1)},
      {"cvt.rp.f32.f64", {d(1 + 0x1p-30)}, f(1 + 0x1p-23f)},
      {"cvt.s64.s32", {0xffffffff}, ~0ull},
      {"cvt.u64.u32", {0xffffffff}, 0xffffffff},
      {"cvt.sat.u8.s32", {300}, 255},
      {"cvt.sat.s8.s32", {static_cast<std::uint64_t>(-300)}, static_cast<std::uint64_t>(-128)},
      {"cvt.rn.satfinite.e4m3x2.f32", {f(500), f(-1)}, 0x7eb8},
      {"cvt.rn.satfinite.e5m2x2.f32", {f(1), f(.5f)}, 0x3c38},
      {"cvt.rn.f16x2.e4m3x2", {0x38b8}, 0x3c00bc00},
  });
}

TEST(Arithmetic, HalfRoundTrips) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = emulator::fromHalf(static_cast<std::uint16_t>(bits));
    if (!std::isnan(value)) {
      EXPECT_EQ(emulator::toHalf(value), bits);
      EXPECT_EQ(emulator::decodeFloat(bits, emulator::half), value);
    }
    value = emulator::fromBFloat(static_cast<std::uint16_t>(bits));
    if (!std::isnan(value))
      EXPECT_EQ(emulator::encodeFloat(value, emulator::bfloat, emulator::Rounding::Nearest), bits);
  }
}

TEST(Arithmetic, Atomics) {
  Device device;
  std::vector<std::uint32_t> words{5, 10, 0x3f800000, 7, 3, 0xc00, 0x3c003c00, 0};
  device.add(words);
  device.run({[](Thread *t, const std::uint64_t *a) {
                PTX(t, "atom.global.inc.u32", a[0], 5);                 // 5 >= 5: 0
                PTX(t, "atom.global.dec.u32", a[0] + 4, 20);            // 9
                PTX(t, "red.gpu.global.add.f32", a[0] + 8, f(2));       // 3
                PTX(t, "atom.acq_rel.gpu.global.cas.b32", a[0] + 12, 7, 8);
                PTX(t, "atom.global.min.s32", a[0] + 16, ~0ull);        // -1
                PTX(t, "atom.global.and.b32", a[0] + 20, 0x800);
                PTX(t, "red.global.add.noftz.f16x2", a[0] + 24, 0x40003c00);
                Words old = PTX(t, "atom.global.exch.b32", a[0] + 28, 4);
                PTX(t, "red.global.add.u32", a[0] + 28, old[0]);
              },
              1});
  EXPECT_THAT(words, testing::ElementsAre(0, 9, std::bit_cast<std::uint32_t>(3.f), 8, 0xffffffff, 0x800, 0x42004000, 4));
}

TEST(Arithmetic, VectorsOfLoadsAndStores) {
  Device device;
  std::vector<std::uint32_t> words{1, 2, 3, 0x80, 0, 0, 0, 0};
  device.add(words);
  device.run({[](Thread *t, const std::uint64_t *a) {
                Words v = PTX_RESULTS(4, t, "ld.global.nc.L1::no_allocate.v4.u32", a[0]);
                PTX(t, "st.global.v4.b32", a[0] + 16, v[3], v[2], v[1], v[0]);
                Words byte = PTX(t, "ld.global.s8", a[0] + 12);
                PTX(t, "st.volatile.global.b32", a[0], byte[0]);
              },
              1});
  EXPECT_THAT(words, testing::ElementsAre(0xffffff80, 2, 3, 0x80, 0x80, 3, 2, 1));
}

} // namespace
} // namespace keel::test
