// Each detector: a kernel that is right, and the same kernel with one thing left out.
#include "test/emulator/Kernel.h"

namespace keel::test {
namespace {

/// Runs with several seeds; all must give the fault.
void expectFaults(Fault fault, Launch launch, std::initializer_list<const char *> texts = {}, std::uint32_t threads = 1) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Device device;
    std::vector<float> in(1024, 1.f), out(1024);
    device.add(in, true, "in");
    device.add(out, false, "out");
    Options options;
    options.seed = seed;
    options.threads = threads;
    expectFault(fault, [&] { device.run(launch, options); }, texts);
  }
}
void expectClean(Launch launch, std::uint32_t threads = 1) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Device device;
    std::vector<float> in(1024, 1.f), out(1024);
    device.add(in, true, "in");
    device.add(out, false, "out");
    Options options;
    options.seed = seed;
    options.threads = threads;
    EXPECT_NO_THROW(device.run(launch, options)) << "seed " << seed;
  }
}

// Every thread writes a word and reads its neighbour's.
template <bool barrier> void exchange(Thread *t, const std::uint64_t *arguments) {
  STORE(float, t, 3, t->shared + 4 * tid(t), 2.f);
  if (barrier)
    PTX(t, "bar.sync", 0);
  STORE(float, t, 1, arguments[1] + 4 * tid(t), LOAD(float, t, 3, t->shared + 4 * ((tid(t) + 32) % 64)));
}
TEST(Checks, SharedRaceWithoutABarrier) {
  expectClean({exchange<true>, 64, 1, 256});
  // Whichever comes first: an uninitialised read, or a race.
  Device device;
  std::vector<float> in(64), out(64);
  device.add(in), device.add(out);
  EXPECT_THROW(device.run({exchange<false>, 64, 1, 256}), EmulationError);
}

// A value is read by all, a barrier, and overwritten; without the barrier the overwriting races with the reads.
template <bool barrier> void overwrite(Thread *t, const std::uint64_t *arguments) {
  if (tid(t) == 0)
    STORE(float, t, 3, t->shared, 1.f);
  PTX(t, "bar.sync", 0);
  float value = LOAD(float, t, 3, t->shared);
  if (barrier)
    PTX(t, "bar.sync", 0);
  if (tid(t) == 0)
    STORE(float, t, 3, t->shared, 2.f);
  STORE(float, t, 1, arguments[1] + 4 * tid(t), value);
}
TEST(Checks, SharedOverwrittenBeforeAllHaveRead) {
  expectClean({overwrite<true>, 128, 1, 128});
  expectFaults(Fault::Race, {overwrite<false>, 128, 1, 128}, {"byte 0 of the 128 bytes of shared memory", "kernel.cu:"});
}

// Within a warp: bar.warp.sync orders, a shuffle does not.
template <bool sync> void warpExchange(Thread *t, const std::uint64_t *arguments) {
  STORE(float, t, 3, t->shared + 4 * tid(t), 3.f);
  if (sync)
    PTX(t, "bar.warp.sync", 0xffffffff);
  else
    PTX(t, "shfl.sync.bfly.b32", 0, 1, 31, 0xffffffff);
  STORE(float, t, 1, arguments[1] + 4 * tid(t), LOAD(float, t, 3, t->shared + 4 * (tid(t) ^ 1)));
}
TEST(Checks, WarpSyncOrdersAndAShuffleDoesNot) {
  expectClean({warpExchange<true>, 64, 1, 256});
  expectFaults(Fault::Race, {warpExchange<false>, 64, 1, 256}, {"races with the write by thread"});
}

TEST(Checks, HalvesOfAWordDoNotRace) {
  expectClean({[](Thread *t, const std::uint64_t *) {
                 STORE(std::uint16_t, t, 3, t->shared + 2 * tid(t), 1);
                 LOAD(std::uint16_t, t, 3, t->shared + 2 * tid(t));
               },
               64, 1, 128});
}

// A global value that one block makes for another: flag and fence, flag without fence, a fence of too small a scope.
enum class Flag { Release, Fence, RelaxedOnly, WrongScope, AcquireMissing };
template <Flag flag> void handOver(Thread *t, const std::uint64_t *arguments) {
  std::uint64_t word = arguments[0], data = arguments[0] + 64;
  if (ctaid(t) == 0) {
    STORE(float, t, 1, data + 4 * tid(t), 5.f);
    PTX(t, "bar.sync", 0);
    if (tid(t) == 0) {
      if (flag == Flag::Fence)
        PTX(t, "membar.gl");
      if (flag == Flag::WrongScope)
        PTX(t, "fence.acq_rel.cta");
      if (flag == Flag::Release || flag == Flag::AcquireMissing)
        PTX(t, "st.release.gpu.global.b32", word, 7);
      else
        PTX(t, "st.relaxed.gpu.global.b32", word, 7);
    }
  } else {
    if (tid(t) == 0) {
      if (flag == Flag::AcquireMissing)
        while (PTX(t, "ld.relaxed.gpu.global.b32", word)[0] != 7) {
        }
      else
        while (PTX(t, "ld.acquire.gpu.global.b32", word)[0] != 7) {
        }
    }
    PTX(t, "bar.sync", 0);
    STORE(float, t, 1, arguments[1] + 4 * tid(t), LOAD(float, t, 1, data + 4 * (63 - tid(t))));
  }
}
TEST(Checks, GlobalHandOverBetweenBlocks) {
  for (std::uint32_t threads : {1u, 2u}) {
    expectClean({handOver<Flag::Release>, 64, 2}, threads);
    expectClean({handOver<Flag::Fence>, 64, 2}, threads);
    expectFaults(Fault::Race, {handOver<Flag::RelaxedOnly>, 64, 2}, {"of block 0"}, threads);
    expectFaults(Fault::Race, {handOver<Flag::WrongScope>, 64, 2}, {"of 'in'"}, threads);
    expectFaults(Fault::Race, {handOver<Flag::AcquireMissing>, 64, 2}, {}, threads);
  }
}

TEST(Checks, AtomicsDoNotRaceAndPlainStoresDo) {
  expectClean({[](Thread *t, const std::uint64_t *arguments) { PTX(t, "red.relaxed.gpu.global.add.f32", arguments[0], 0x3f800000); }, 64, 4}, 2);
  expectFaults(Fault::Race, {[](Thread *t, const std::uint64_t *arguments) { STORE(float, t, 1, arguments[0], 1.f); }, 64, 4});
  // Of block scope only, but blocks share the word.
  expectFaults(Fault::Race, {[](Thread *t, const std::uint64_t *arguments) { PTX(t, "red.relaxed.cta.global.add.f32", arguments[0], 0); }, 64, 4});
}

// Who arrives last at a counter may write it like any other word: the arrivals before are in what it has read (PTX ISA
// 8.9.1, observation order), on however many host threads blocks run.
TEST(Checks, TheLastArrivalOwnsTheCounter) {
  constexpr std::uint32_t counters = 1000;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Device device;
    std::vector<std::uint32_t> in(counters), out(1);
    device.add(in, true, "in");
    device.add(out, true, "out");
    Options options;
    options.seed = seed;
    options.threads = 2;
    device.run({[](Thread *t, const std::uint64_t *arguments) {
                  std::uint64_t counter = arguments[0] + 4 * (ctaid(t) / 4);
                  PTX(t, "fence.acq_rel.gpu");
                  if (PTX(t, "atom.relaxed.gpu.global.add.u32", counter, 1)[0] == 3) {
                    PTX(t, "fence.acq_rel.gpu");
                    STORE(std::uint32_t, t, 1, counter, 0);
                  }
                },
                1, 4 * counters},
               options);
    EXPECT_THAT(in, testing::Each(0u));
  }
}

TEST(Checks, OutOfBounds) {
  expectFaults(Fault::OutOfBounds, {[](Thread *t, const std::uint64_t *arguments) { LOAD(float, t, 1, arguments[0] + 4 * (tid(t) + 1000)); }, 32},
               {"after the end of 'in' of 4096 bytes"});
  expectFaults(Fault::OutOfBounds, {[](Thread *t, const std::uint64_t *) { STORE(float, t, 3, t->shared + 124 + 4 * tid(t), 0.f); }, 32, 1, 128},
               {"of the 128 bytes of shared memory"});
  expectFaults(Fault::OutOfBounds, {[](Thread *t, const std::uint64_t *) { LOAD(float, t, 0, 0); }, 1}, {"near no registered memory"});
}

TEST(Checks, SharedBoundsEvenWhenFast) {
  Device device;
  Options options;
  options.checks = Checks::Fast;
  expectFault(Fault::OutOfBounds, [&] { device.run({[](Thread *t, const std::uint64_t *) { STORE(float, t, 3, t->shared + 128, 0.f); }, 1, 1, 128}, options); });
}

TEST(Checks, Uninitialised) {
  expectFaults(Fault::Uninitialised, {[](Thread *t, const std::uint64_t *) { LOAD(float, t, 3, t->shared); }, 1, 1, 128}, {"which nothing has written"});
  expectFaults(Fault::Uninitialised, {[](Thread *t, const std::uint64_t *arguments) { LOAD(float, t, 1, arguments[1] + 8); }, 1, 1},
               {"byte 8 of 'out' of 4096 bytes"});
  // What one block left in shared memory is nothing to the next.
  expectFaults(Fault::Uninitialised,
               {[](Thread *t, const std::uint64_t *) {
                  if (ctaid(t) % 2 == 0)
                    STORE(float, t, 3, t->shared, 1.f);
                  else
                    LOAD(float, t, 3, t->shared);
                },
                1, 2, 128});
}

TEST(Checks, Misaligned) {
  expectFaults(Fault::Misaligned, {[](Thread *t, const std::uint64_t *arguments) { LOAD(float, t, 1, arguments[0] + 2); }, 1},
               {"must be aligned to 4 at byte 2 of 'in'"});
}

// ---- cp.async. A ring of two stages; the variants leave one thing out.
enum class Pipeline { Right, NoWait, WaitsForOneTooFew, NoBarrier, NoBarrierBeforeReuse, NoCommit };
template <Pipeline variant> void pipeline(Thread *t, const std::uint64_t *arguments) {
  auto issue = [&](std::uint64_t step) {
    PTX(t, "cp.async.cg.shared.global", t->shared + (step % 2) * 1024 + 16 * tid(t), arguments[0] + (step % 4) * 1024 + 16 * tid(t), 16);
    if (variant != Pipeline::NoCommit)
      PTX(t, "cp.async.commit_group");
  };
  float sum = 0;
  issue(0);
  for (std::uint64_t step = 0; step < 4; ++step) {
    if (step + 1 < 4)
      issue(step + 1);
    if (variant == Pipeline::WaitsForOneTooFew)
      PTX(t, "cp.async.wait_group", 2);
    else if (variant != Pipeline::NoWait) {
      if (step + 1 < 4)
        PTX(t, "cp.async.wait_group", 1);
      else
        PTX(t, "cp.async.wait_group", 0);
    }
    if (variant != Pipeline::NoBarrier)
      PTX(t, "bar.sync", 0);
    sum += LOAD(float, t, 3, t->shared + (step % 2) * 1024 + 4 * (255 - tid(t)));
    if (variant != Pipeline::NoBarrierBeforeReuse && variant != Pipeline::NoBarrier)
      PTX(t, "bar.sync", 0);
  }
  STORE(float, t, 1, arguments[1] + 4 * tid(t), sum);
}
TEST(Checks, AsyncCopies) {
  expectClean({pipeline<Pipeline::Right>, 64, 1, 2048});
  expectFaults(Fault::MissingWait, {pipeline<Pipeline::NoWait>, 64, 1, 2048}, {"which the asynchronous copy of thread", "nothing has waited"});
  expectFaults(Fault::MissingWait, {pipeline<Pipeline::WaitsForOneTooFew>, 64, 1, 2048});
  expectFaults(Fault::MissingWait, {pipeline<Pipeline::NoCommit>, 64, 1, 2048});
  // A copy that overwrites what others still read, or others that read what is being overwritten: by the order of the run.
  for (keel_emulated_entry entry : {pipeline<Pipeline::NoBarrierBeforeReuse>, pipeline<Pipeline::NoBarrier>}) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      Device device;
      std::vector<float> in(1024, 1.f), out(1024);
      device.add(in), device.add(out);
      Options options;
      options.seed = seed;
      try {
        device.run({entry, 64, 1, 2048}, options);
        ADD_FAILURE() << "seed " << seed;
      } catch (const EmulationError &error) {
        EXPECT_THAT(error.fault, testing::AnyOf(Fault::Race, Fault::MissingWait, Fault::Uninitialised)) << error.what();
      }
    }
  }
}

TEST(Checks, AMissingWaitGivesWrongValuesWithoutTheChecks) {
  Device device;
  std::vector<float> in(1024, 1.f), out(1024);
  device.add(in), device.add(out);
  Options options;
  options.checks = Checks::Fast;
  device.run({pipeline<Pipeline::Right>, 64, 1, 2048}, options);
  EXPECT_EQ(out[0], 4.f);
  device.run({pipeline<Pipeline::NoWait>, 64, 1, 2048}, options);
  EXPECT_TRUE(std::isnan(out[0]));
}

TEST(Checks, ACopyFillsWithZeros) {
  Device device;
  std::vector<float> in(4, 1.f), out(4);
  device.add(in), device.add(out);
  device.run({[](Thread *t, const std::uint64_t *arguments) {
                PTX(t, "cp.async.ca.shared.global", t->shared, arguments[0], 16, 8);
                PTX(t, "cp.async.wait_all");
                for (int i = 0; i < 4; ++i)
                  STORE(float, t, 1, arguments[1] + 4 * i, LOAD(float, t, 3, t->shared + 4 * i));
              },
              1, 1, 128});
  EXPECT_THAT(out, testing::ElementsAre(1, 1, 0, 0));
}

TEST(Checks, LaunchesAreOrdered) {
  Device device;
  std::vector<float> in(64, 1.f), out(64);
  device.add(in), device.add(out, false);
  Launch write{[](Thread *t, const std::uint64_t *arguments) { STORE(float, t, 1, arguments[1] + 4 * tid(t), 1.f); }, 64};
  Launch read{[](Thread *t, const std::uint64_t *arguments) { STORE(float, t, 1, arguments[0] + 4 * tid(t), LOAD(float, t, 1, arguments[1] + 4 * (63 - tid(t)))); }, 64};
  device.run(write);
  device.run(read);
  device.run(write);
}

// All blocks read a word, then one writes it: its own read, the last, does not hide the others'.
void readThenWrite(Thread *t, const std::uint64_t *arguments) {
  float value = LOAD(float, t, 1, arguments[0]);
  if (ctaid(t) == 2)
    STORE(float, t, 1, arguments[0], value);
}
TEST(Checks, WriteAmongReaders) { expectFaults(Fault::Race, {readThenWrite, 1, 3}, {"of 'in'"}); }

// Two buffers in one allocation: the second is no place for the first one's last element.
void writeBehind(Thread *t, const std::uint64_t *arguments) { STORE(float, t, 1, arguments[0] + 4 * tid(t), 1.f); }
TEST(Checks, BuffersOfOneAllocation) {
  Device device;
  std::vector<float> arena(64);
  std::uint64_t base = device.add(arena, true, "arena");
  auto run = [&](std::initializer_list<emulator::Buffer> given) {
    std::vector<emulator::Buffer> buffers(given);
    emulator::Kernel kernel{"kernel", "model.mlir:1:1", writeBehind, 32, 0, 0, 1, 0, buffers};
    device.emulator.launch(kernel, 1, device.arguments.data(), {});
  };
  EXPECT_NO_THROW(run({{base + 128, 128}, {base, 128}}));
  expectFault(Fault::OutOfBounds, [&] { run({{base, 100}}); }, {"store of 4 bytes at byte 100 of 'arena' of 256 bytes", "none of the launch's 1 buffers"});
}

} // namespace
} // namespace keel::test
