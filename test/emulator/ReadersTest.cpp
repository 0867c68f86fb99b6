// Writes after reads of others: all of them must have happened before, not the last alone.
#include "test/emulator/Kernel.h"

#include "runtime/emulator/Machine.h"

namespace keel::test {
namespace {

/// How many of several seeds find a race; each must, or give what is right.
int racesFound(const Launch &launch, std::initializer_list<const char *> texts = {}, std::uint32_t threads = 1) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    Device device;
    std::vector<float> number(1, 3.f);
    std::vector<std::uint32_t> arrivals(1);
    device.add(number, true, "number");
    device.add(arrivals, true, "arrivals");
    Options options;
    options.seed = seed;
    options.threads = threads;
    try {
      device.run(launch, options);
      EXPECT_EQ(number[0], 4.f);
    } catch (const EmulationError &error) {
      EXPECT_EQ(error.fault, Fault::Race) << error.what();
      for (const char *text : texts)
        EXPECT_THAT(error.what(), testing::HasSubstr(text));
      ++found;
    }
  }
  return found;
}

// Every thread of every block reads a number, and the last block to say so writes it. One block of twelve may lack
// something.
enum class Lacks { Nothing, Barrier, Release, Acquire };
template <Lacks lacks, std::uint32_t which = 5> void update(Thread *t, const std::uint64_t *arguments) {
  bool isComplete = ctaid(t) != which;
  float number = LOAD(float, t, 1, arguments[0]);
  if (lacks != Lacks::Barrier || isComplete)
    PTX(t, "bar.sync", 0);
  if (tid(t) != 0)
    return;
  if (lacks != Lacks::Release || isComplete)
    PTX(t, "fence.acq_rel.gpu");
  if (PTX(t, "atom.relaxed.gpu.global.add.u32", arguments[1], 1)[0] != 11)
    return;
  if (lacks != Lacks::Acquire)
    PTX(t, "fence.acq_rel.gpu");
  STORE(float, t, 1, arguments[0], number + 1.f);
}
TEST(Readers, OfOtherBlocksBeforeAWrite) {
  for (std::uint32_t threads : {1u, 2u}) {
    EXPECT_EQ(racesFound({update<Lacks::Nothing>, 96, 12}, {}, threads), 0);
    EXPECT_EQ(racesFound({update<Lacks::Acquire>, 96, 12},
                         {"store of byte 0 of 'number' of 4 bytes", "races with the read by", "kernel.cu:"}, threads),
              8);
  }
  // In an order in which that block is the last it is its own threads' number, and nothing shows but where they lack
  // the barrier.
  EXPECT_GE(racesFound({update<Lacks::Release>, 96, 12}, {"of block 5 (", "kernel.cu:"}), 6);
  EXPECT_GE(racesFound({update<Lacks::Barrier>, 96, 12}, {"races with the"}), 6);
}

// Three warps meet and one of them writes; the first, which has read as well, does not.
template <bool all, std::uint32_t space> void overwrite(Thread *t, const std::uint64_t *arguments) {
  std::uint64_t place = space == 3 ? t->shared : arguments[0];
  if (space == 3 && tid(t) == 127)
    STORE(float, t, 3, place, 3.f);
  PTX(t, "bar.sync", 0);
  PTX(t, "bar.warp.sync", 0xffffffff); // warps that go their own ways
  float number = LOAD(float, t, space, place);
  if (all)
    PTX(t, "bar.sync", 0);
  else if (tid(t) >= 32)
    PTX(t, "bar.sync", 1, 96);
  if (tid(t) == 127) {
    STORE(float, t, space, place, number);
    STORE(float, t, 1, arguments[0], number + 1.f);
  }
}
TEST(Readers, OfOtherWarpsBeforeAWrite) {
  EXPECT_EQ(racesFound({overwrite<true, 1>, 128}), 0);
  EXPECT_EQ(racesFound({overwrite<true, 3>, 128, 1, 128}), 0);
  EXPECT_GE(racesFound({overwrite<false, 1>, 128}, {"races with the", "'number'"}), 4);
  EXPECT_GE(racesFound({overwrite<false, 3>, 128, 1, 128}, {"races with the", "shared memory"}), 4);
}

// What a thread reads once more, after it has said that it had read, it has not said.
template <bool again> void readTwice(Thread *t, const std::uint64_t *arguments) {
  if (ctaid(t) == 0) {
    LOAD(float, t, 1, arguments[0]);
    PTX(t, "st.release.gpu.global.b32", arguments[1], 1);
    if (again)
      LOAD(float, t, 1, arguments[0]);
  } else {
    while (PTX(t, "ld.acquire.gpu.global.b32", arguments[1])[0] == 0) {
    }
    STORE(float, t, 1, arguments[0], 4.f);
  }
}
TEST(Readers, LaterReads) {
  EXPECT_EQ(racesFound({readTwice<false>, 1, 2}), 0);
  // If it reads only after the other's write, that is the race.
  EXPECT_EQ(racesFound({readTwice<true>, 1, 2}, {"races with the"}), 8);
}

// Polling is no plain read, and no plain write may end it.
template <bool strong> void poll(Thread *t, const std::uint64_t *arguments) {
  if (ctaid(t) == 3) {
    if (strong)
      PTX(t, "st.relaxed.gpu.global.b32", arguments[0], std::bit_cast<std::uint32_t>(4.f));
    else
      STORE(float, t, 1, arguments[0], 4.f);
  } else {
    while (PTX(t, "ld.relaxed.gpu.global.b32", arguments[0])[0] != std::bit_cast<std::uint32_t>(4.f)) {
    }
  }
}
TEST(Readers, ThatPoll) {
  EXPECT_EQ(racesFound({poll<true>, 1, 4}), 0);
  EXPECT_EQ(racesFound({poll<false>, 1, 4}, {"races with the"}), 8);
}

// Between launches nothing races.
TEST(Readers, OfTheLaunchBefore) {
  Device device;
  std::vector<float> number(1, 3.f);
  device.add(number);
  Launch read{[](Thread *t, const std::uint64_t *arguments) { LOAD(float, t, 1, arguments[0]); }, 64, 4};
  Launch write{[](Thread *t, const std::uint64_t *arguments) { STORE(float, t, 1, arguments[0], 4.f); }, 1};
  for (int i = 0; i < 2; ++i) {
    EXPECT_NO_THROW(device.run(read));
    EXPECT_NO_THROW(device.run(write));
  }
}

// Two warps that read a word again and again are two readers, and words that were read in one order share a list.
TEST(Readers, ListsStayShort) {
  using namespace emulator;
  PastReaders all;
  ReaderLists lists(all);
  Block block{};
  block.index = 7;
  keel::emulator::Thread next{};
  next.block = &block;
  const Site site{"kernel", "model.mlir:1:1", "load", nullptr, 0, 0};
  std::uint32_t first = 0, second = 0;
  for (std::uint32_t time = 1; time < 10000; ++time) {
    Reader reader{1, time, allLanes, static_cast<std::uint16_t>(time % 2), 1, 0xf, Scope::Weak, first, &site};
    first = lists.join(reader, next);
    reader.others = second;
    second = lists.join(reader, next);
    ASSERT_EQ(first, second);
    ASSERT_LE(lists[first].count, 64u);
  }
}

} // namespace
} // namespace keel::test
