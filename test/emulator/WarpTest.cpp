// What the threads of a warp do together: shuffles, votes, matches, reductions, and their masks.
#include "test/emulator/Kernel.h"

namespace keel::test {
namespace {

/// Runs one warp; each lane's first two result words, as the kernel stores them with `put`.
std::vector<std::uint32_t> warp(keel_emulated_entry entry) {
  Device device;
  std::vector<std::uint32_t> out(64);
  device.add(out, false);
  device.run({entry, 32});
  return out;
}
void put(Thread *t, const std::uint64_t *arguments, const Words &words) {
  STORE(std::uint32_t, t, 1, arguments[0] + 8 * tid(t), static_cast<std::uint32_t>(words[0]));
  STORE(std::uint32_t, t, 1, arguments[0] + 8 * tid(t) + 4, static_cast<std::uint32_t>(words[1]));
}

TEST(Warp, ShuffleModes) {
  auto up = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX_RESULTS(2, t, "shfl.sync.up.b32", tid(t), 3, 0, 0xffffffff)); });
  auto down = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX_RESULTS(2, t, "shfl.sync.down.b32", tid(t), 5, 31, 0xffffffff)); });
  auto index = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX_RESULTS(2, t, "shfl.sync.idx.b32", tid(t), 7, 31, 0xffffffff)); });
  // Segments of 8 lanes: c = segment mask 0b11000 << 8 | clamp 7.
  auto segments = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX_RESULTS(2, t, "shfl.sync.down.b32", tid(t), 1, 0x1807 | 0x1800, 0xffffffff)); });
  for (std::uint32_t l = 0; l < 32; ++l) {
    EXPECT_EQ(up[2 * l], l >= 3 ? l - 3 : l);
    EXPECT_EQ(up[2 * l + 1], l >= 3);
    EXPECT_EQ(down[2 * l], l + 5 < 32 ? l + 5 : l);
    EXPECT_EQ(down[2 * l + 1], l + 5 < 32);
    EXPECT_EQ(index[2 * l], 7u);
    EXPECT_EQ(segments[2 * l], l % 8 == 7 ? l : l + 1);
    EXPECT_EQ(segments[2 * l + 1], l % 8 != 7);
  }
}

TEST(Warp, HalvesShuffleByThemselves) {
  auto result = warp([](Thread *t, const std::uint64_t *a) {
    std::uint64_t mask = tid(t) < 16 ? 0xffff : 0xffff0000;
    put(t, a, PTX(t, "shfl.sync.bfly.b32", tid(t) * 10, 15, 31, mask));
  });
  for (std::uint32_t l = 0; l < 32; ++l)
    EXPECT_EQ(result[2 * l], (l ^ 15) * 10);
}

TEST(Warp, ReadingALaneOutsideTheMaskIsAnError) {
  expectFault(Fault::Invalid,
              [] {
                warp([](Thread *t, const std::uint64_t *a) {
                  if (tid(t) < 16)
                    put(t, a, PTX(t, "shfl.sync.idx.b32", 0, 20, 31, 0xffff));
                });
              },
              {"reads lane 20"});
  expectFault(Fault::Invalid, [] { warp([](Thread *t, const std::uint64_t *) { PTX(t, "bar.warp.sync", 1); }); }, {"lacks the executing lane"});
}

TEST(Warp, Votes) {
  auto ballot = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX(t, "vote.sync.ballot.b32", tid(t) % 3 == 0, 0xffffffff)); });
  auto all = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX(t, "vote.sync.all.pred", tid(t) < 31, 0xffffffff)); });
  auto any = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX(t, "vote.sync.any.pred", tid(t) == 31, 0xffffffff)); });
  auto uniform = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX(t, "vote.sync.uni.pred", 0, 0xffffffff)); });
  EXPECT_EQ(ballot[0], 0x49249249u);
  EXPECT_EQ(all[0], 0u);
  EXPECT_EQ(any[0], 1u);
  EXPECT_EQ(uniform[0], 1u);
}

TEST(Warp, Matches) {
  auto any = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX(t, "match.any.sync.b32", tid(t) % 4, 0xffffffff)); });
  auto all = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX_RESULTS(2, t, "match.all.sync.b32", 9, 0xffffffff)); });
  for (std::uint32_t l = 0; l < 32; ++l) {
    EXPECT_EQ(any[2 * l], 0x11111111u << l % 4);
    EXPECT_EQ(all[2 * l], 0xffffffffu);
    EXPECT_EQ(all[2 * l + 1], 1u);
  }
}

TEST(Warp, Reductions) {
  auto sum = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX(t, "redux.sync.add.u32", tid(t), 0xffffffff)); });
  auto least = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX(t, "redux.sync.min.s32", 5 - tid(t), 0xffffffff)); });
  auto bits = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX(t, "redux.sync.or.b32", 1ull << tid(t) % 5, 0xffffffff)); });
  EXPECT_EQ(sum[10], 496u);
  EXPECT_EQ(static_cast<std::int32_t>(least[0]), -26);
  EXPECT_EQ(bits[0], 31u);
}

TEST(Warp, OneIsElected) {
  auto elected = warp([](Thread *t, const std::uint64_t *a) { put(t, a, PTX_RESULTS(2, t, "elect.sync", 0xffffffff)); });
  std::uint32_t count = 0;
  for (std::uint32_t l = 0; l < 32; ++l) {
    count += elected[2 * l + 1];
    EXPECT_EQ(elected[2 * l + 1], elected[2 * l] == l);
  }
  EXPECT_EQ(count, 1u);
}

TEST(Warp, BarrierReductions) {
  Device device;
  std::vector<std::uint32_t> out(96);
  device.add(out, false);
  device.run({[](Thread *t, const std::uint64_t *a) {
                Words count = PTX(t, "barrier.cta.red.popc.aligned.u32", 0, tid(t) % 3 == 0);
                Words all = PTX(t, "barrier.cta.red.and.aligned.pred", 1, 96, tid(t) < 95);
                STORE(std::uint32_t, t, 1, a[0] + 4 * tid(t), static_cast<std::uint32_t>(count[0] * 10 + all[0]));
              },
              96});
  for (std::uint32_t value : out)
    EXPECT_EQ(value, 320u);
}

} // namespace
} // namespace keel::test
