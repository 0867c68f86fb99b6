// Kernels that are launched before the one ahead of them has ended: griddepcontrol.
#include "test/emulator/Kernel.h"

namespace keel::test {
namespace {

void expectClean(const Launch &launch) {
  std::vector<std::uint32_t> numbers(128);
  Device device;
  device.add(numbers, true, "numbers");
  device.run(launch);
}
void expectMissingWait(const Launch &launch, std::initializer_list<const char *> texts) {
  expectFault(Fault::MissingWait, [&] { expectClean(launch); }, texts);
}

// What a thread does before the wait is its own and the block's.
template <bool waits> void prologue(Thread *t, const std::uint64_t *arguments) {
  PTX(t, "griddepcontrol.launch_dependents");
  STORE(std::uint32_t, t, 3, t->shared + 4 * tid(t), tid(t));
  PTX(t, "bar.sync", 0);
  if (waits)
    PTX(t, "griddepcontrol.wait");
  std::uint64_t place = arguments[0] + 4 * tid(t);
  STORE(std::uint32_t, t, 1, place, LOAD(std::uint32_t, t, 1, place) + LOAD(std::uint32_t, t, 3, t->shared + 4 * (tid(t) ^ 1)));
}
TEST(Early, GlobalMemoryIsUsedBehindTheWait) {
  expectClean({prologue<true>, 64, 1, 256, 1, true});
  expectMissingWait({prologue<false>, 64, 1, 256, 1, true},
                    {"kernel kernel, block 0, thread ", "kernel.cu:", "load of byte", "of 'numbers'", "before griddepcontrol.wait"});
}
TEST(Early, OthersNeedNoWait) { expectClean({prologue<false>, 64, 1, 256, 1, false}); }

// Whoever has synchronised with a thread that has waited sees what that one sees.
template <bool meets> void oneWaits(Thread *t, const std::uint64_t *arguments) {
  if (tid(t) == 40)
    PTX(t, "griddepcontrol.wait");
  if (meets)
    PTX(t, "bar.sync", 0);
  STORE(std::uint32_t, t, 1, arguments[0] + 4 * tid(t), 1u);
}
TEST(Early, OneMayWaitForItsBlock) {
  expectClean({oneWaits<true>, 64, 1, 0, 1, true});
  expectMissingWait({oneWaits<false>, 64, 1, 0, 1, true}, {"store of byte", "before griddepcontrol.wait"});
}

// Atomic operations and asynchronous copies are accesses, too.
void atomic(Thread *t, const std::uint64_t *arguments) { PTX(t, "atom.relaxed.gpu.global.add.u32", arguments[0], 1); }
void copy(Thread *t, const std::uint64_t *arguments) {
  PTX(t, "cp.async.ca.shared.global", t->shared + 4 * tid(t), arguments[0] + 4 * tid(t), 4);
  PTX(t, "griddepcontrol.wait");
  PTX(t, "cp.async.wait_all");
}
TEST(Early, EveryKindOfAccessWaits) {
  expectMissingWait({atomic, 32, 1, 0, 1, true}, {"atom.relaxed.gpu.global.add.u32", "before griddepcontrol.wait"});
  expectMissingWait({copy, 32, 1, 128, 1, true}, {"cp.async.ca.shared.global", "before griddepcontrol.wait"});
}

// Else those behind it, which wait for it alone, would not wait for those before it.
void leave(Thread *, const std::uint64_t *) {}
TEST(Early, AKernelWaitsEvenIfItNeedsNothing) {
  expectClean({leave, 32, 2, 0, 1, false});
  expectMissingWait({leave, 32, 2, 0, 1, true}, {"kernel kernel", "is launched early and never waits (griddepcontrol.wait)"});
}

} // namespace
} // namespace keel::test
