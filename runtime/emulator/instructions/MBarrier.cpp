// Barrier objects in shared memory. PTX ISA 9.7.13.15: init, inval, expect_tx, complete_tx, arrive, arrive_drop, test_wait,
// try_wait, pending_count; 9.7.9.25.3 cp.async.mbarrier.arrive.
//
// A phase is complete when no arrivals and no bytes are missing. Arrivals release, waits acquire, unless .relaxed.
#include "runtime/emulator/instructions/MBarrier.h"
#include "runtime/emulator/instructions/Strong.h"

namespace keel::emulator {

using runtime::text;

namespace {
constexpr std::uint32_t largestCount = (1u << 20) - 1; // of arrivals, and of bytes (9.7.13.15.2)

std::uint64_t place(Thread &thread, std::uint64_t address) { return thread.window | (address & 0xffffffff); }

/// The word counts as accessed: bounds, alignment, races with plain accesses.
std::uint64_t touch(Thread &thread, std::uint64_t address, Access kind, const Site *site) {
  std::uint64_t at = place(thread, address);
  access(thread, at, 8, 8, 0, kind, Scope::Cluster, site);
  return at;
}

void completeIfDone(Thread &thread, MBarrier &barrier) {
  if (barrier.pending || barrier.bytes)
    return;
  ++barrier.phase;
  barrier.pending = barrier.expected;
  barrier.completed = std::move(barrier.gathering);
  barrier.gathering = nullptr;
  progress(thread);
}

void expectBytes(Thread &thread, MBarrier &barrier, std::int64_t bytes, const Site *site) {
  barrier.bytes += bytes;
  if (barrier.bytes > largestCount || barrier.bytes < -static_cast<std::int64_t>(largestCount))
    fault(thread, site, Fault::Invalid, text("the barrier expects ", barrier.bytes, " bytes: at most ", largestCount));
}

void arriveAt(Thread &thread, MBarrier &barrier, std::uint32_t count, bool drop, const KnowledgeRef &knowledge, const Site *site) {
  if (count == 0 || count > barrier.pending)
    fault(thread, site, Fault::Invalid, text(count, " arrivals at a barrier that waits for ", barrier.pending, " more in this phase"));
  barrier.pending -= count;
  if (drop)
    barrier.expected -= count;
  barrier.gathering = join(barrier.gathering, knowledge);
  completeIfDone(thread, barrier);
}

struct Arrival {
  Semantics semantics;
  bool expectsBytes, drops, noComplete;
};

void arrive(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  Thread &thread = self(t);
  const auto &arrival = decoded<Arrival>(site);
  std::uint64_t at = touch(thread, in[0], Access::Update, site);
  MBarrier &barrier = mbarrierAt(thread, at, site);
  out[0] = barrier.phase << 20 | barrier.pending;
  std::uint32_t count = 1;
  if (arrival.expectsBytes)
    expectBytes(thread, barrier, static_cast<std::uint32_t>(in[1]), site);
  else if (site->num_in > 1)
    count = static_cast<std::uint32_t>(in[1]);
  if (arrival.noComplete && count >= barrier.pending)
    fault(thread, site, Fault::Invalid, "an arrival that may not complete the phase does");
  KnowledgeRef knowledge = arrival.semantics.releases ? release(thread, arrival.semantics.scope).knowledge : nullptr;
  arriveAt(thread, barrier, count, arrival.drops, knowledge, site);
}

void initialise(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  auto count = static_cast<std::uint32_t>(in[1]);
  if (count == 0 || count > largestCount)
    fault(thread, site, Fault::Invalid, text("a barrier of ", count, " arrivals: must be 1 to ", largestCount));
  std::uint64_t at = place(thread, in[0]);
  access(thread, at, 8, 8, 3, Access::Store, Scope::Weak, site);
  if (thread.block->mbarriers.count(at))
    fault(thread, site, Fault::Invalid, "there is an mbarrier already: it must be invalidated first");
  thread.block->mbarriers[at] = {count, count};
  thread.block->mbarriers[at].hiddenBy = &thread;
}

void invalidate(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  std::uint64_t at = place(thread, in[0]);
  access(thread, at, 8, 8, 3, Access::Store, Scope::Weak, site);
  mbarrierAt(thread, at, site);
  thread.block->mbarriers.erase(at);
}

void expect(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  MBarrier &barrier = mbarrierAt(thread, touch(thread, in[0], Access::Update, site), site);
  expectBytes(thread, barrier, static_cast<std::uint32_t>(in[1]), site);
}
void complete(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  MBarrier &barrier = mbarrierAt(thread, touch(thread, in[0], Access::Update, site), site);
  completeBytes(thread, barrier, static_cast<std::uint32_t>(in[1]), nullptr, site);
}

struct Wait {
  Semantics semantics;
  bool parity;
};

void wait(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  Thread &thread = self(t);
  const auto &how = decoded<Wait>(site);
  std::uint64_t at = touch(thread, in[0], Access::Load, site);
  mbarrierAt(thread, at, site);
  auto done = [&] {
    const MBarrier &barrier = mbarrierAt(thread, at, site);
    if (how.parity)
      return (barrier.phase & 1) != (in[1] & 1);
    std::uint64_t asked = in[1] >> 20;
    if (asked + 1 < barrier.phase || asked > barrier.phase)
      fault(thread, site, Fault::Invalid, "a state of neither this phase nor the one before");
    return barrier.phase != asked;
  };
  bool result = done();
  if (!result && pollsInVain(thread, site, at, mbarrierAt(thread, at, site).phase)) {
    thread.site = site;
    spin(thread);
    result = done();
  }
  if (result) {
    if (thread.polls && thread.polledAddress == at)
      thread.polls = 0;
    thread.polledSite = nullptr;
    if (how.semantics.acquires)
      acquire(thread, how.semantics.scope, {mbarrierAt(thread, at, site).completed, Scope::Cluster, thread.block->index});
  }
  out[0] = result;
}

void pendingCount(keel_emulated_thread *, const std::uint64_t *in, std::uint64_t *out, const Site *) { out[0] = in[0] & largestCount; }

Semantics semantics(const Name &name, bool acquires) {
  bool relaxed = name.has("relaxed");
  return {parseScope(name, Scope::Cta), acquires && !relaxed, !acquires && !relaxed};
}

std::optional<Binding> decodeBarrier(const Name &name) {
  std::string_view what = name.part(1);
  if (what == "init")
    return Binding{initialise};
  if (what == "inval")
    return Binding{invalidate};
  if (what == "expect_tx")
    return Binding{expect};
  if (what == "complete_tx")
    return Binding{complete};
  if (what == "arrive" || what == "arrive_drop")
    return bind(arrive, Arrival{semantics(name, false), name.has("expect_tx"), what == "arrive_drop", name.has("noComplete")});
  if (what == "test_wait" || what == "try_wait")
    return bind(wait, Wait{semantics(name, true), name.has("parity")});
  if (what == "pending_count")
    return Binding{pendingCount};
  return std::nullopt;
}

/// cp.async.mbarrier.arrive{.noinc}: arrives when all copies that the thread has started are there.
struct CopiesArrive : AsyncTask {
  std::uint64_t at;
  std::uint64_t group;
  bool increments;
  void land() override {
    landCopies(*thread, group);
    arriveAt(*thread, mbarrierAt(*thread, at, site), 1, false, release(*thread, Scope::Cta).knowledge, site);
  }
};

void copiesArrive(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  std::uint64_t at = touch(thread, in[0], Access::Update, site);
  MBarrier &barrier = mbarrierAt(thread, at, site);
  if (decoded<bool>(site))
    ++barrier.pending;
  auto task = std::make_unique<CopiesArrive>();
  task->block = thread.block, task->thread = &thread, task->site = site;
  task->at = at, task->group = ++thread.copyGroup;
  thread.block->tasks.push_back(std::move(task));
}

std::optional<Binding> decodeCopiesArrive(const Name &name) {
  if (!name.has("async") || !name.has("mbarrier") || name.has("bulk"))
    return std::nullopt;
  return bind(copiesArrive, !name.has("noinc"));
}
} // namespace

MBarrier &mbarrierAt(Thread &thread, std::uint64_t address, const Site *site) {
  Block *holder = blockAt(thread, address);
  auto found = holder ? holder->mbarriers.find(place(thread, address)) : std::unordered_map<std::uint64_t, MBarrier>::iterator();
  if (!holder || found == holder->mbarriers.end())
    fault(thread, site, Fault::Uninitialised, text("no mbarrier has been initialised at ", describe(thread, place(thread, address))));
  return found->second;
}

MBarrier &seenMBarrierAt(Thread &thread, std::uint64_t address, const Site *site) {
  MBarrier &barrier = mbarrierAt(thread, address, site);
  if (barrier.hiddenBy)
    fault(thread, site, Fault::Race, text("the mbarrier at ", describe(thread, place(thread, address)),
                                          " was initialised without fence.mbarrier_init or fence.proxy.async: the copy engine may not see it"));
  return barrier;
}

void showMBarriers(Thread &thread) {
  for (auto &[address, barrier] : thread.block->mbarriers)
    if (barrier.hiddenBy == &thread)
      barrier.hiddenBy = nullptr;
}

void completeBytes(Thread &thread, MBarrier &barrier, std::int64_t bytes, const KnowledgeRef &knowledge, const Site *site) {
  expectBytes(thread, barrier, -bytes, site);
  barrier.gathering = join(barrier.gathering, knowledge);
  completeIfDone(thread, barrier);
}

KnowledgeRef asyncKnowledge(const Block &block, std::uint32_t time) {
  auto knowledge = std::make_shared<Knowledge>(1);
  knowledge->front() = {block.index, 0, {{asyncThread, time}}};
  return knowledge;
}

std::span<const Opcode> mbarrierInstructions() {
  static constexpr Opcode table[] = {{"mbarrier", decodeBarrier}, {"cp", decodeCopiesArrive}};
  return table;
}

} // namespace keel::emulator
