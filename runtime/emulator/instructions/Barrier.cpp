// Barriers of a block. PTX ISA 9.7.13.1 bar, barrier; 9.7.13.2 bar.warp.sync.
#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/Worker.h"

#include <algorithm>

namespace keel::emulator {

using runtime::text;

namespace {
enum class Kind : std::uint8_t { Sync, Arrive, And, Or, Popc };
struct BarrierModifiers {
  Kind kind;
  bool aligned;
};

bool isComplete(const Block &block, const Barrier &barrier) {
  return barrier.expected ? barrier.arrived >= barrier.expected : barrier.waiting.size() >= block.live;
}

void complete(Block &block, Barrier &barrier) {
  ++block.worker->report.barriers;
  synchronize(block, barrier.waiting.data(), barrier.waiting.size(), barrier.released);
  for (Thread *thread : barrier.waiting) {
    Warp &warp = *thread->warp;
    const auto &modifiers = decoded<BarrierModifiers>(thread->site);
    if (modifiers.aligned) {
      if (warp.barrierSite && (warp.barrierLanes | warp.exited) != warp.lanes)
        fault(*thread, thread->site, Fault::Divergence, "the barrier is complete, and other threads of the warp have not come to it");
      warp.barrierSite = nullptr;
      warp.barrierLanes = 0;
    }
    makeReady(*thread);
    if (modifiers.kind == Kind::And)
      thread->out[0] = barrier.votes == barrier.arrived;
    else if (modifiers.kind == Kind::Or)
      thread->out[0] = barrier.votes != 0;
    else if (modifiers.kind == Kind::Popc)
      thread->out[0] = barrier.votes;
  }
  barrier.waiting.clear();
  barrier.released.clear();
  barrier.arrived = barrier.votes = barrier.expected = 0;
  barrier.site = nullptr;
}

[[noreturn]] void diverges(Thread &thread, const Site *site, const Site *other) {
  fault(thread, site, Fault::Divergence,
        text("other threads of the warp are at another barrier: ", other->text, " (", other->location, ")"));
}

/// All threads of a warp must be at the same aligned barrier.
void comeAligned(Thread &thread, const std::uint64_t *in, std::uint64_t *out, const Site *site, bool waits) {
  Warp &warp = *thread.warp;
  if (warp.barrierSite && warp.barrierSite != site)
    diverges(thread, site, warp.barrierSite);
  for (const Meeting &meeting : warp.meetings)
    if (meeting.site != site && meeting.mask & thread.bit() && !(meeting.arrived & thread.bit()))
      diverges(thread, site, meeting.site);
  if (!waits) // a thread that goes on must not leave the others behind
    return meet(thread, warp.lanes, Convergence::Site, in, out, site, [](Warp &, std::uint32_t, const Site &) {});
  warp.barrierSite = site;
  warp.barrierLanes |= thread.bit();
}

void arrive(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  Thread &thread = self(t);
  Block &block = *thread.block;
  const auto &modifiers = decoded<BarrierModifiers>(site);
  bool votes = modifiers.kind >= Kind::And;
  bool waits = modifiers.kind != Kind::Arrive;
  auto id = static_cast<std::uint32_t>(in[0]);
  bool counted = site->num_in == (votes ? 3u : 2u);
  auto expected = counted ? static_cast<std::uint32_t>(in[1]) : 0;
  if (id >= 16)
    fault(thread, site, Fault::Invalid, text("barrier ", id, ": there are 16"));
  if (counted && (expected == 0 || expected % warpSize || expected > (block.threads.size() + 31) / 32 * 32))
    fault(thread, site, Fault::Invalid, text("a barrier of ", expected, " threads: must be a multiple of 32, and at most the block's ",
                                             block.threads.size()));
  if (!waits && !counted)
    fault(thread, site, Fault::Invalid, "an arrival needs the number of threads");
  Barrier &barrier = block.barriers[id];
  if (barrier.arrived && barrier.expected != expected)
    fault(thread, site, Fault::Invalid, text("a barrier of ", expected ? expected : block.threads.size(), " threads that others take for one of ",
                                             barrier.expected ? barrier.expected : block.threads.size()));
  if (modifiers.aligned)
    comeAligned(thread, in, out, site, waits);
  thread.site = site;
  thread.in = in;
  thread.out = out;
  barrier.expected = expected;
  barrier.site = site;
  ++barrier.arrived;
  barrier.votes += votes && (in[site->num_in - 1] & 1);
  if (waits)
    barrier.waiting.push_back(&thread);
  else
    barrier.released.push_back(arrivalOrder(thread));
  if (isComplete(block, barrier)) {
    complete(block, barrier);
    if (waits)
      yield(thread); // nobody is first by right
  } else if (waits) {
    wait(thread);
  }
}

// bar.warp.sync orders memory among its threads; no other instruction of a warp does.
void warpSync(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  meet(self(t), static_cast<std::uint32_t>(in[0]), Convergence::Opcode, in, out, site,
       [](Warp &warp, std::uint32_t lanes, const Site &) { synchronizeLanes(warp, lanes); });
}

std::optional<Binding> decodeBarrier(const Name &name) {
  if (name.has("warp") && name.has("sync"))
    return Binding{warpSync};
  if (name.has("cluster"))
    return std::nullopt;
  BarrierModifiers modifiers{Kind::Sync, name.part(0) == "bar" || name.has("aligned")};
  if (name.has("arrive"))
    modifiers.kind = Kind::Arrive;
  else if (name.has("red"))
    modifiers.kind = name.has("and") ? Kind::And : name.has("or") ? Kind::Or : Kind::Popc;
  else if (!name.has("sync"))
    return std::nullopt;
  return bind(arrive, modifiers);
}
} // namespace

void barriersAfterExit(Block &block) {
  for (Barrier &barrier : block.barriers)
    if (!barrier.expected && !barrier.waiting.empty() && isComplete(block, barrier))
      complete(block, barrier);
}

void checkBarriersAtEnd(Thread &last) {
  for (const Barrier &barrier : last.block->barriers)
    if (barrier.arrived)
      fault(last, barrier.site, Fault::MissingWait,
            text(barrier.arrived, " threads have arrived when the block ends, and nobody has waited for them"));
}

std::span<const Opcode> barrierInstructions() {
  static constexpr Opcode table[] = {{"bar", decodeBarrier}, {"barrier", decodeBarrier}};
  return table;
}

} // namespace keel::emulator
