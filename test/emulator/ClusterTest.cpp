// mbarriers, clusters, distributed shared memory.
#include "test/emulator/Kernel.h"

namespace keel::test {
namespace {

void clean(const Launch &launch, std::size_t words, const std::function<void(const std::vector<std::uint32_t> &)> &check) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Device device;
    std::vector<std::uint32_t> out(words);
    device.add(out, false, "out");
    Options options;
    options.seed = seed;
    device.run(launch, options);
    check(out);
  }
}
void faults(Fault fault, const Launch &launch, std::initializer_list<const char *> texts = {}) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Device device;
    std::vector<std::uint32_t> out(1024);
    device.add(out, false, "out");
    Options options;
    options.seed = seed;
    expectFault(fault, [&] { device.run(launch, options); }, texts);
  }
}

// A producer warp fills a ring of two stages, three consumer warps read them: full and empty mbarriers.
enum class Ring { Right, NoEmptyWait, WrongParity, NoFullWait, OneArrivalTooFew };
template <Ring variant> void ring(Thread *t, const std::uint64_t *a) {
  std::uint64_t full = t->shared, empty = t->shared + 16, data = t->shared + 128;
  if (tid(t) == 0)
    for (std::uint64_t stage = 0; stage < 2; ++stage) {
      PTX(t, "mbarrier.init.shared.b64", full + 8 * stage, 32);
      PTX(t, "mbarrier.init.shared.b64", empty + 8 * stage, 96);
    }
  PTX(t, "bar.sync", 0);
  auto wait = [&](std::uint64_t barrier, std::uint64_t parity) {
    while (!PTX(t, "mbarrier.try_wait.parity.shared.b64", barrier, parity)[0]) {
    }
  };
  std::uint32_t sum = 0;
  for (std::uint64_t step = 0; step < 6; ++step) {
    std::uint64_t stage = step % 2, parity = step / 2 % 2;
    if (tid(t) < 32) {
      if (variant != Ring::NoEmptyWait)
        wait(empty + 8 * stage, variant == Ring::WrongParity ? parity : parity ^ 1);
      STORE(std::uint32_t, t, 3, data + 128 * stage + 4 * tid(t), static_cast<std::uint32_t>(step + 1));
      if (variant != Ring::OneArrivalTooFew || tid(t))
        PTX(t, "mbarrier.arrive.shared.b64", full + 8 * stage);
    } else {
      if (variant != Ring::NoFullWait)
        wait(full + 8 * stage, parity);
      sum += LOAD(std::uint32_t, t, 3, data + 128 * stage + 4 * (31 - tid(t) % 32));
      PTX(t, "mbarrier.arrive.shared.b64", empty + 8 * stage);
    }
  }
  if (tid(t) >= 32)
    STORE(std::uint32_t, t, 1, a[0] + 4 * (tid(t) - 32), sum);
}
TEST(MBarrier, RingOfStages) {
  clean({ring<Ring::Right>, 128, 1, 384}, 96, [](const auto &out) {
    for (std::uint32_t value : out)
      EXPECT_EQ(value, 21u);
  });
  Device device;
  std::vector<std::uint32_t> out(96);
  device.add(out);
  for (keel_emulated_entry entry : {ring<Ring::NoEmptyWait>, ring<Ring::WrongParity>, ring<Ring::NoFullWait>, ring<Ring::OneArrivalTooFew>})
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      Options options;
      options.seed = seed;
      EXPECT_THROW(device.run({entry, 128, 1, 384}, options), EmulationError) << seed;
    }
}

TEST(MBarrier, MisuseIsNamed) {
  faults(Fault::Uninitialised, {[](Thread *t, const std::uint64_t *) {
                                  STORE(std::uint64_t, t, 3, t->shared, 0);
                                  PTX(t, "mbarrier.arrive.shared.b64", t->shared);
                                },
                                1, 1, 128}, {"no mbarrier has been initialised at byte 0"});
  faults(Fault::Invalid, {[](Thread *t, const std::uint64_t *) {
                            PTX(t, "mbarrier.init.shared.b64", t->shared, 1);
                            PTX(t, "mbarrier.init.shared.b64", t->shared, 1);
                          },
                          1, 1, 128}, {"must be invalidated first"});
  faults(Fault::Invalid, {[](Thread *t, const std::uint64_t *) {
                            PTX(t, "mbarrier.init.shared.b64", t->shared, 4);
                            PTX(t, "mbarrier.arrive.shared.b64", t->shared, 5);
                          },
                          1, 1, 128}, {"5 arrivals at a barrier that waits for 4 more"});
}

TEST(MBarrier, StatesOfPhases) {
  clean({[](Thread *t, const std::uint64_t *a) {
           PTX(t, "mbarrier.init.shared.b64", t->shared, 2);
           std::uint64_t state = PTX(t, "mbarrier.arrive.shared.b64", t->shared)[0];
           std::uint64_t before = PTX(t, "mbarrier.test_wait.shared.b64", t->shared, state)[0];
           PTX(t, "mbarrier.arrive.expect_tx.shared.b64", t->shared, 16);
           std::uint64_t bytes = PTX(t, "mbarrier.test_wait.shared.b64", t->shared, state)[0];
           PTX(t, "mbarrier.complete_tx.shared.b64", t->shared, 16);
           std::uint64_t after = PTX(t, "mbarrier.test_wait.shared.b64", t->shared, state)[0];
           STORE(std::uint32_t, t, 1, a[0], static_cast<std::uint32_t>(before * 100 + bytes * 10 + after));
         },
         1, 1, 128}, 1, [](const auto &out) { EXPECT_EQ(out[0], 1u); });
}

// Blocks of a cluster add up the numbers of their neighbours' shared memory.
enum class Neighbour { Right, NoBarrierBefore, NoBarrierAfter };
template <Neighbour variant> void neighbour(Thread *t, const std::uint64_t *a) {
  std::uint32_t rank = t->registers[KEEL_EMULATED_CLUSTER_CTARANK];
  STORE(std::uint32_t, t, 3, t->shared + 4 * tid(t), 100 * rank + tid(t));
  if (variant != Neighbour::NoBarrierBefore) {
    PTX(t, "barrier.cluster.arrive.aligned");
    PTX(t, "barrier.cluster.wait.aligned");
  }
  std::uint64_t remote = PTX(t, "mapa.shared::cluster.u32", (t->shared + 4 * tid(t)) & 0xffffffff, (rank + 1) % 4)[0];
  std::uint64_t value = PTX(t, "ld.shared::cluster.u32", remote)[0];
  if (variant != Neighbour::NoBarrierAfter) {
    PTX(t, "barrier.cluster.arrive.aligned");
    PTX(t, "barrier.cluster.wait.aligned");
  }
  STORE(std::uint32_t, t, 1, a[0] + 4 * (ctaid(t) * 64 + tid(t)), static_cast<std::uint32_t>(value));
}
TEST(Cluster, SharedMemoryOfTheNeighbour) {
  clean({neighbour<Neighbour::Right>, 64, 8, 256, 4}, 512, [](const auto &out) {
    for (std::uint32_t i = 0; i < 512; ++i)
      EXPECT_EQ(out[i], 100 * ((i / 64 + 1) % 4) + i % 64);
  });
  Device device;
  std::vector<std::uint32_t> out(512);
  device.add(out);
  for (keel_emulated_entry entry : {neighbour<Neighbour::NoBarrierBefore>, neighbour<Neighbour::NoBarrierAfter>}) {
    std::uint32_t caught = 0;
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      Options options;
      options.seed = seed;
      try {
        device.run({entry, 64, 8, 256, 4}, options);
      } catch (const EmulationError &) {
        ++caught;
      }
    }
    EXPECT_GE(caught, 4u);
  }
}

// st.async into the neighbour, which waits at its own mbarrier.
template <bool waits> void sendNext(Thread *t, const std::uint64_t *a) {
  std::uint32_t rank = t->registers[KEEL_EMULATED_CLUSTER_CTARANK];
  if (tid(t) == 0) {
    PTX(t, "mbarrier.init.shared.b64", t->shared, 1);
    PTX(t, "mbarrier.arrive.expect_tx.shared.b64", t->shared, 4 * 32);
  }
  PTX(t, "barrier.cluster.arrive");
  PTX(t, "barrier.cluster.wait");
  std::uint64_t slot = PTX(t, "mapa.shared::cluster.u32", t->shared + 128 + 4 * tid(t), rank ^ 1)[0];
  std::uint64_t barrier = PTX(t, "mapa.shared::cluster.u32", t->shared, rank ^ 1)[0];
  PTX(t, "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32", slot, 1000 * rank + tid(t), barrier);
  if (waits)
    while (!PTX(t, "mbarrier.try_wait.parity.acquire.cluster.shared.b64", t->shared, 0)[0]) {
    }
  std::uint32_t value = LOAD(std::uint32_t, t, 3, t->shared + 128 + 4 * (31 - tid(t)));
  STORE(std::uint32_t, t, 1, a[0] + 4 * (32 * ctaid(t) + tid(t)), value);
  PTX(t, "barrier.cluster.arrive");
  PTX(t, "barrier.cluster.wait");
}
TEST(Cluster, AsynchronousStores) {
  clean({sendNext<true>, 32, 2, 256, 2}, 64, [](const auto &out) {
    for (std::uint32_t i = 0; i < 64; ++i)
      EXPECT_EQ(out[i], 1000 * (1 - i / 32) + 31 - i % 32);
  });
  Device device;
  std::vector<std::uint32_t> out(64);
  device.add(out);
  EXPECT_THROW(device.run({sendNext<false>, 32, 2, 256, 2}), EmulationError);
}

// However many warps poll meanwhile, what they wait for lands: step by step a word of each block's own, in many blocks.
void manyPoll(Thread *t, const std::uint64_t *a) {
  if (tid(t) == 0)
    PTX(t, "mbarrier.init.shared.b64", t->shared, 1);
  PTX(t, "barrier.cluster.arrive");
  PTX(t, "barrier.cluster.wait");
  for (std::uint64_t step = 0; step < 8; ++step) {
    if (tid(t) == 0) {
      PTX(t, "mbarrier.arrive.expect_tx.shared.b64", t->shared, 4);
      PTX(t, "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32", (t->shared + 128) & 0xffffffff, step, t->shared & 0xffffffff);
    }
    while (!PTX(t, "mbarrier.try_wait.parity.shared.b64", t->shared, step & 1)[0]) {
    }
    PTX(t, "bar.sync", 0);
  }
  if (tid(t) == 0)
    STORE(std::uint32_t, t, 1, a[0] + 4 * ctaid(t), LOAD(std::uint32_t, t, 3, t->shared + 128));
}
TEST(Cluster, ManyWarpsPoll) {
  clean({manyPoll, 96, 16, 256, 16}, 16, [](const auto &out) {
    for (std::uint32_t value : out)
      EXPECT_EQ(value, 7u);
  });
}

// Every arrival is waited for before the next, and every wait has its arrival.
template <bool waits> void halfOfABarrier(Thread *t, const std::uint64_t *) {
  PTX(t, "barrier.cluster.arrive");
  PTX(t, "barrier.cluster.wait");
  if (waits)
    PTX(t, "barrier.cluster.wait");
  for (int i = 0; i < 2 && !waits; ++i)
    PTX(t, "barrier.cluster.arrive");
}
TEST(Cluster, BarriersAreWhole) {
  faults(Fault::Invalid, {halfOfABarrier<true>, 32, 2, 256, 2}, {"without having arrived"});
  faults(Fault::Invalid, {halfOfABarrier<false>, 32, 2, 256, 2}, {"arrives twice"});
}

} // namespace
} // namespace keel::test
