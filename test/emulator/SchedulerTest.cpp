// Fibres, warps, blocks: who waits for whom, and what is a deadlock.
#include "test/emulator/Kernel.h"

namespace keel::test {
namespace {

TEST(Scheduler, EveryThreadOfEveryBlockRuns) {
  Device device;
  std::vector<std::uint32_t> out(7 * 100);
  device.add(out, false);
  for (std::uint32_t threads : {1u, 2u}) {
    Options options;
    options.seed = threads;
    options.threads = threads;
    device.emulator.markUninitialised(out.data(), out.size() * 4);
    emulator::Report report = device.run({[](Thread *t, const std::uint64_t *arguments) {
                                            std::uint32_t i = ctaid(t) * 100 + tid(t);
                                            STORE(std::uint32_t, t, 1, arguments[0] + 4 * i, 3 * i);
                                          },
                                          100, 7},
                                         options);
    EXPECT_EQ(report.blocks, 7u);
    for (std::uint32_t i = 0; i < out.size(); ++i)
      EXPECT_EQ(out[i], 3 * i);
  }
}

// More stacks than a process may have mappings of its memory (vm.max_map_count, 65530 by default).
TEST(Scheduler, ManyBlocksOfManyThreads) {
  Device device;
  constexpr std::uint32_t blocks = 40, threads = 1024;
  std::vector<std::uint32_t> out(blocks * threads);
  device.add(out, false);
  Options options;
  options.residentBlocks = blocks;
  device.run({[](Thread *t, const std::uint64_t *arguments) {
                PTX(t, "barrier.cta.sync.aligned", 0);
                std::uint32_t i = ctaid(t) * threads + tid(t);
                STORE(std::uint32_t, t, 1, arguments[0] + 4 * i, i);
              },
              threads, blocks},
             options);
  for (std::uint32_t i = 0; i < out.size(); ++i)
    ASSERT_EQ(out[i], i);
}

TEST(Scheduler, ReductionOverShufflesAndABarrier) {
  Device device;
  std::vector<float> in(4 * 256), out(4);
  for (std::size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<float>(i % 19);
  device.add(in);
  device.add(out, false);
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    device.emulator.markUninitialised(out.data(), out.size() * 4);
    Options options;
    options.seed = seed;
    device.run({[](Thread *t, const std::uint64_t *arguments) {
                  float sum = LOAD(float, t, 1, arguments[0] + 4 * (ctaid(t) * 256 + tid(t)));
                  for (std::uint64_t offset = 16; offset; offset /= 2) {
                    Words other = PTX(t, "shfl.sync.bfly.b32", std::bit_cast<std::uint32_t>(sum), offset, 31, 0xffffffff);
                    sum += std::bit_cast<float>(static_cast<std::uint32_t>(other[0]));
                  }
                  if (t->registers[KEEL_EMULATED_LANEID] == 0)
                    STORE(float, t, 3, t->shared + 4 * t->registers[KEEL_EMULATED_WARPID], sum);
                  PTX(t, "barrier.cta.sync.aligned", 0);
                  if (tid(t) == 0) {
                    float total = 0;
                    for (int w = 0; w < 8; ++w)
                      total += LOAD(float, t, 3, t->shared + 4 * w);
                    STORE(float, t, 1, arguments[1] + 4 * ctaid(t), total);
                  }
                },
                256, 4, 32},
               options);
    for (int b = 0; b < 4; ++b) {
      float expected = 0;
      for (int i = 0; i < 256; ++i)
        expected += in[b * 256 + i];
      EXPECT_EQ(out[b], expected);
    }
  }
}

TEST(Scheduler, BlocksWaitForOneAnotherThroughATicket) {
  // Each block waits for the one whose ticket is before its own: any order of starting works, with any number resident.
  Device device;
  std::vector<std::uint32_t> words(2), order(33);
  device.add(words);
  device.add(order, false);
  for (std::uint32_t resident : {1u, 2u, 5u}) {
    Options options;
    options.seed = 3;
    options.residentBlocks = resident;
    std::fill(words.begin(), words.end(), 0);
    device.run({[](Thread *t, const std::uint64_t *arguments) {
                  if (tid(t) == 0) {
                    std::uint64_t ticket = PTX(t, "atom.relaxed.gpu.global.add.u32", arguments[0], 1)[0];
                    while (PTX(t, "ld.acquire.gpu.global.b32", arguments[0] + 4)[0] != ticket) {
                    }
                    STORE(std::uint32_t, t, 1, arguments[1] + 4 * ticket, ctaid(t));
                    PTX(t, "st.release.gpu.global.b32", arguments[0] + 4, ticket + 1);
                  }
                  PTX(t, "bar.sync", 0);
                },
                64, 33},
               options);
    EXPECT_EQ(words[1], 33u);
    std::vector<std::uint32_t> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (std::uint32_t i = 0; i < 33; ++i)
      EXPECT_EQ(sorted[i], i);
  }
}

TEST(Scheduler, WaitingForABlockThatIsNotResidentIsADeadlock) {
  Device device;
  std::vector<std::uint32_t> flag(1);
  device.add(flag);
  Launch launch{[](Thread *t, const std::uint64_t *arguments) {
                  if (ctaid(t) == 8) // all others wait for the last
                    PTX(t, "st.release.gpu.global.b32", arguments[0], 1);
                  while (PTX(t, "ld.acquire.gpu.global.b32", arguments[0])[0] == 0) {
                  }
                },
                32, 9};
  for (std::uint32_t threads : {1u, 2u}) {
    flag[0] = 0;
    Options options;
    options.threads = threads;
    options.residentBlocks = 4;
    expectFault(Fault::Deadlock, [&] { device.run(launch, options); }, {"ld.acquire.gpu.global.b32 (kernel.cu:", "kernel kernel"});
    options.residentBlocks = 9;
    flag[0] = 0;
    device.run(launch, options);
  }
}

TEST(Scheduler, ABlockThatPollsTogetherIsFoundToo) {
  Device device;
  std::vector<std::uint32_t> flag(1);
  device.add(flag);
  Options options;
  options.patience = 512;
  expectFault(Fault::Deadlock, [&] {
    device.run({[](Thread *t, const std::uint64_t *arguments) {
                  for (std::uint64_t seen = 0; !seen;) {
                    if (tid(t) == 0)
                      seen = PTX(t, "ld.relaxed.gpu.global.b32", arguments[0])[0];
                    seen = PTX(t, "barrier.cta.red.or.aligned.pred", 0, seen)[0];
                  }
                },
                64},
               options);
  });
}

/// A fault of one block of 64 threads.
static void expectFaultOf64(Fault fault, keel_emulated_entry entry, std::initializer_list<const char *> texts) {
  Device device;
  expectFault(fault, [&] { device.run({entry, 64}); }, texts);
}

TEST(Scheduler, AMissingBarrierOfOneWarpIsADeadlock) {
  expectFaultOf64(Fault::Deadlock,
                  [](Thread *t, const std::uint64_t *) {
                    if (tid(t) < 32)
                      PTX(t, "bar.sync", 1, 64);
                  },
                  {"32 threads wait at bar.sync"});
}

TEST(Scheduler, DivergentBarrier) {
  expectFaultOf64(Fault::Divergence,
                  [](Thread *t, const std::uint64_t *) {
                    if (tid(t) % 2)
                      PTX(t, "barrier.cta.sync.aligned", 0);
                    else
                      PTX(t, "barrier.cta.sync.aligned", 0);
                  },
                  {"kernel.cu:", "at another barrier"});
}

TEST(Scheduler, ShuffleThatSomeThreadsSkip) {
  Device device;
  expectFault(Fault::Divergence,
              [&] {
                device.run({[](Thread *t, const std::uint64_t *) {
                              if (tid(t) < 16)
                                PTX(t, "shfl.sync.idx.b32", 0, 0, 31, 0xffffffff);
                              else
                                PTX(t, "bar.warp.sync", 0xffffffff);
                            },
                            32});
              },
              {"waits at another instruction of the warp"});
}

TEST(Scheduler, NamedBarriersOfPartsOfABlock) {
  // A producer warp arrives, a consumer warp waits, and the other way round: two barriers, 64 threads each.
  Device device;
  std::vector<std::uint32_t> out(32);
  device.add(out, false);
  device.run({[](Thread *t, const std::uint64_t *arguments) {
                std::uint64_t slot = t->shared + 4 * t->registers[KEEL_EMULATED_LANEID];
                std::uint32_t sum = 0;
                for (std::uint32_t i = 0; i < 10; ++i) {
                  if (tid(t) < 32) {
                    if (i)
                      PTX(t, "bar.sync", 2, 64);
                    STORE(std::uint32_t, t, 3, slot, i);
                    PTX(t, "bar.arrive", 1, 64);
                  } else {
                    PTX(t, "bar.sync", 1, 64);
                    sum += LOAD(std::uint32_t, t, 3, slot);
                    if (i < 9)
                      PTX(t, "bar.arrive", 2, 64);
                  }
                }
                if (tid(t) >= 32)
                  STORE(std::uint32_t, t, 1, arguments[0] + 4 * (tid(t) - 32), sum);
              },
              64, 1, 128});
  for (std::uint32_t value : out)
    EXPECT_EQ(value, 45u);
}

TEST(Scheduler, ArrivalsThatNobodyWaitsFor) {
  expectFaultOf64(Fault::MissingWait,
                  [](Thread *t, const std::uint64_t *) {
                    if (tid(t) < 32)
                      PTX(t, "bar.arrive", 1, 64);
                  },
                  {"bar.arrive", "32 threads have arrived when the block ends"});
}

TEST(Scheduler, ThreadsThatExitAreNotWaitedFor) {
  Device device;
  device.run({[](Thread *t, const std::uint64_t *) {
                if (tid(t) >= 40)
                  return;
                PTX(t, "bar.sync", 0);
              },
              64});
}

TEST(Scheduler, SameSeedSameRun) {
  Device device;
  Launch launch{[](Thread *t, const std::uint64_t *) {
                  for (int i = 0; i < 5; ++i) {
                    PTX(t, "bar.warp.sync", 0xffffffff);
                    PTX(t, "bar.sync", 0);
                  }
                },
                128, 6};
  Options options;
  options.seed = 42;
  options.threads = 1;
  auto first = device.run(launch, options), second = device.run(launch, options);
  EXPECT_EQ(first.switches, second.switches);
}

TEST(Scheduler, RefusesWhatNoDeviceRuns) {
  Device device;
  auto refuses = [&](Launch launch, const char *text) {
    try {
      device.run(launch);
      ADD_FAILURE();
    } catch (const runtime::Error &error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(text));
    }
  };
  auto nothing = [](Thread *, const std::uint64_t *) {};
  refuses({nothing, 1025}, "1025 threads in a block");
  refuses({nothing, 32, 1, 300 << 10}, "bytes of shared memory");
  refuses({nullptr, 32}, "no emulated code");
  refuses({nothing, 32, 3, 0, 2}, "no whole number of clusters");
}

TEST(Resolve, NamesAllUnknownInstructions) {
  keel_emulator_import imports[] = {{"bar.sync", nullptr, nullptr}, {"frobnicate.b32", nullptr, nullptr}, {"shfl.sync.swirl.b32", nullptr, nullptr}};
  try {
    emulator::resolve(imports, 3);
    ADD_FAILURE();
  } catch (const runtime::Error &error) {
    EXPECT_STREQ(error.what(), "the emulator does not know these instructions: frobnicate.b32, shfl.sync.swirl.b32");
  }
}

} // namespace
} // namespace keel::test
