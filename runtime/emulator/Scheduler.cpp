// Fibres, and who runs next. A warp's threads run one after the other up to where they wait; when the last of a warp has
// come to a collective instruction it performs it for all and goes on. Between warps and blocks the order is drawn from
// the seed: sometimes one warp runs far ahead of all others, sometimes they alternate at every step.
#include "runtime/emulator/Worker.h"

#include <boost/context/detail/fcontext.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

namespace keel::emulator {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::transfer_t;
using runtime::text;

RandomOrder::RandomOrder(std::uint64_t seed) { // splitmix64, so that near seeds give far streams; never zero
  std::uint64_t z = seed + 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  state = (z ^ z >> 31) | 1;
}

// ---- Switching. Whoever arrives stores where the one that left has stopped.
namespace {
void arrive(Worker &worker, transfer_t from) { *worker.saved = from.fctx; }

void jump(Worker &worker, void *&leaving, fcontext_t to, Thread *target) {
  worker.saved = &leaving;
  worker.current = target;
  ++worker.report.switches;
  arrive(worker, jump_fcontext(to, &worker));
}

void toScheduler(Thread &thread) {
  Worker &worker = *thread.block->worker;
  jump(worker, thread.context, worker.context, nullptr);
}

/// To the next ready thread of the warp, or to the scheduler.
void leave(Thread &thread) {
  std::uint32_t ready = thread.warp->ready;
  if (!ready || thread.block->grid->failed.load(std::memory_order_relaxed))
    return toScheduler(thread);
  std::uint32_t first = thread.lane + 1;
  std::uint32_t lane = (static_cast<std::uint32_t>(std::countr_zero(std::rotr(ready, static_cast<int>(first & 31)))) + first) & 31;
  if (lane == thread.lane)
    return;
  Thread &next = thread.warp->thread(lane);
  jump(*thread.block->worker, thread.context, next.context, &next);
}

} // namespace

void runThread(transfer_t from) {
  Worker &worker = *static_cast<Worker *>(from.data);
  arrive(worker, from);
  Thread &thread = *worker.current;
  thread.block->grid->kernel->entry(&thread, thread.block->grid->arguments);
  exitThread(thread);
}

void wait(Thread &thread) {
  thread.warp->ready &= ~thread.bit();
  leave(thread);
}

void yield(Thread &thread) { toScheduler(thread); }

void spin(Thread &thread) {
  Warp &warp = *thread.warp;
  ++warp.polls;
  warp.ready &= ~thread.bit();
  warp.spinning |= thread.bit();
  leave(thread);
}

void progress(Thread &thread) { thread.block->grid->progress.fetch_add(1, std::memory_order_relaxed); }

// ---- Faults.
namespace {
struct LandingFault {};
} // namespace

void recordFault(Grid &grid, EmulationError error) {
  std::lock_guard lock(grid.mutex);
  if (!grid.error)
    grid.error = std::make_exception_ptr(std::move(error));
  grid.failed.store(true);
}

void fault(Thread &thread, const Site *site, Fault kind, std::string &&message) {
  Grid &grid = *thread.block->grid;
  { // everything that this frame owns is gone before the fibre is dropped
    std::string own = std::move(message);
    const char *kernel = grid.kernel->name;
    const char *location = site && *site->location ? site->location : grid.kernel->location;
    recordFault(grid, EmulationError(kind, kernel, thread.block->index, thread.index, location,
                                     site && !own.starts_with(site->text) ? text(site->text, ": ", own) : own));
  }
  if (thread.strong)
    std::exchange(thread.strong, nullptr)->mutex.unlock();
  if (thread.block->worker->landing)
    throw LandingFault();
  toScheduler(thread);
  __builtin_trap(); // nobody resumes it
}

// ---- Meetings.
namespace {
std::uint32_t expected(const Warp &warp, const Meeting &meeting) { return meeting.mask & warp.lanes & ~warp.exited; }

/// Everyone has come: performs it, and lets all go on.
void complete(Warp &warp, std::size_t index) {
  Meeting meeting = warp.meetings[index];
  warp.meetings.erase(warp.meetings.begin() + static_cast<std::ptrdiff_t>(index));
  ++warp.block->worker->report.collectives;
  meeting.perform(warp, meeting.arrived, *meeting.site);
  warp.ready |= meeting.arrived;
}

void checkDivergence(Thread &thread, const Meeting &mine) {
  for (const Meeting &other : thread.warp->meetings) {
    if (&other == &mine || !(other.mask & mine.arrived) || !(mine.mask & other.arrived))
      continue;
    Thread &there = thread.warp->thread(static_cast<std::uint32_t>(std::countr_zero(other.arrived)));
    fault(thread, thread.site, Fault::Divergence,
          text("waits for thread ", there.index, ", which waits at another instruction of the warp: ", other.site->text,
               " (", other.site->location, ")"));
  }
}
} // namespace

void meet(Thread &thread, std::uint32_t mask, Convergence convergence, const std::uint64_t *in, std::uint64_t *out,
          const Site *site, Collective perform) {
  Warp &warp = *thread.warp;
  if (!(mask & thread.bit()))
    fault(thread, site, Fault::Invalid, text("the member mask ", mask, " lacks the executing lane ", thread.lane));
  if (convergence == Convergence::Whole && (warp.exited || warp.lanes != allLanes))
    fault(thread, site, Fault::Divergence, "needs all 32 threads of the warp, and some have exited or never were");
  thread.site = site;
  thread.in = in;
  thread.out = out;
  auto meeting = std::find_if(warp.meetings.begin(), warp.meetings.end(), [&](const Meeting &meeting) {
    return meeting.instruction == site->import && meeting.mask == mask && !(meeting.arrived & thread.bit()) &&
           (convergence == Convergence::Opcode || meeting.site == site);
  });
  if (meeting == warp.meetings.end())
    meeting = warp.meetings.insert(meeting, {site->import, site, mask, 0, convergence, perform});
  meeting->arrived |= thread.bit();
  if (meeting->arrived == expected(warp, *meeting)) {
    complete(warp, static_cast<std::size_t>(meeting - warp.meetings.begin()));
    Worker &worker = *thread.block->worker;
    if (worker.budget == 0 || --worker.budget == 0)
      toScheduler(thread);
    return;
  }
  if (warp.meetings.size() > 1)
    checkDivergence(thread, *meeting);
  wait(thread);
}

void exitThread(Thread &thread) {
  Warp &warp = *thread.warp;
  Block &block = *thread.block;
  landCopies(thread, ~0ull);
  for (const BulkStore &store : thread.bulkStores)
    if (!store.read)
      fault(thread, store.site, Fault::MissingWait, "the thread exits before its shared memory is read: nothing has waited for it");
  if (!thread.products.empty())
    fault(thread, thread.site, Fault::MissingWait, "the thread exits before it has waited for its wgmmas");
  thread.exited = true;
  warp.ready &= ~thread.bit();
  warp.exited |= thread.bit();
  --block.live;
  progress(thread);
  for (std::size_t i = 0; i < warp.meetings.size();) {
    const Meeting &meeting = warp.meetings[i];
    if (meeting.convergence == Convergence::Whole)
      fault(thread, meeting.site, Fault::Divergence, text("thread ", thread.index, " exits while others of its warp wait here"));
    if (meeting.arrived == expected(warp, meeting))
      complete(warp, i);
    else
      ++i;
  }
  barriersAfterExit(block);
  if (block.live == 0)
    checkBarriersAtEnd(thread);
  clusterAfterExit(block);
  void *nowhere; // its fibre ends here
  Worker &worker = *block.worker;
  std::uint32_t ready = warp.ready;
  if (ready && !block.grid->failed.load(std::memory_order_relaxed)) {
    Thread &next = warp.thread(static_cast<std::uint32_t>(std::countr_zero(ready)));
    jump(worker, nowhere, next.context, &next);
  } else {
    jump(worker, nowhere, worker.context, nullptr);
  }
  __builtin_trap();
}

// ---- Deadlock.
void reportDeadlock(Grid &grid, const std::vector<ClusterSlot *> &slots) {
  const Thread *first = nullptr;
  std::map<const Site *, std::uint32_t> waiting;
  for (const ClusterSlot *slot : slots) {
    for (std::uint32_t b = 0; b < slot->numBlocks; ++b) {
      for (const Thread &thread : slot->blocks[b].threads) {
        if (thread.exited)
          continue;
        first = first ? first : &thread;
        bool spins = thread.warp->spinning & thread.bit() || thread.polls;
        ++waiting[spins ? thread.polledSite : thread.site];
      }
    }
  }
  if (!first)
    return;
  std::string message = "nobody can go on:";
  const char *separator = " ";
  for (auto [site, count] : waiting) {
    message += text(separator, count, count == 1 ? " thread waits at " : " threads wait at ",
                    site ? text(site->text, " (", site->location, ")") : "an unknown place");
    separator = ", ";
  }
  const Site *site = first->polls && first->polledSite ? first->polledSite : first->site;
  recordFault(grid, EmulationError(Fault::Deadlock, grid.kernel->name, first->block->index, first->index,
                                   site && *site->location ? site->location : grid.kernel->location, message));
}

bool Worker::start(ClusterSlot &slot) {
  std::uint32_t cluster = grid->kernel->cluster;
  std::uint32_t next = grid->next.fetch_add(1, std::memory_order_relaxed);
  if (next >= grid->order.size())
    return false;
  for (std::uint32_t rank = 0; rank < cluster; ++rank)
    startBlock(slot.blocks[rank], slot, rank, grid->order[next] * cluster + rank, *this);
  report.blocks += cluster;
  grid->progress.fetch_add(1, std::memory_order_relaxed);
  return true;
}

/// Does one piece of asynchronous work of the cluster, any. False: there is none.
bool Worker::land(ClusterSlot &slot) {
  std::uint32_t count = 0;
  for (std::uint32_t b = 0; b < slot.numBlocks; ++b)
    count += static_cast<std::uint32_t>(slot.blocks[b].tasks.size());
  if (!count)
    return false;
  std::uint32_t chosen = random.below(count);
  Block *block = slot.blocks.get();
  for (; chosen >= block->tasks.size(); ++block)
    chosen -= static_cast<std::uint32_t>(block->tasks.size());
  auto task = std::move(block->tasks[chosen]);
  block->tasks.erase(block->tasks.begin() + chosen);
  landing = true;
  try {
    bool over = true;
    for (std::uint32_t b = 0; b < slot.numBlocks; ++b)
      over &= slot.blocks[b].live == 0;
    if (over && task->writesShared)
      fault(*task->thread, task->site, Fault::MissingWait, "is still under way when the block has exited: nothing has waited for it");
    task->land();
  } catch (const LandingFault &) {
  }
  landing = false;
  grid->progress.fetch_add(1, std::memory_order_relaxed);
  return true;
}

/// Runs a warp of the cluster. False: none can run.
bool Worker::turn(ClusterSlot &slot) {
  bool wake = random.below(8) == 0;
  if (early && random.below(16) == 0)
    land(slot);
  for (int attempt = 0; attempt < 2; ++attempt) {
    candidates.clear();
    Warp *sleeper = nullptr;
    std::uint32_t sleepers = 0;
    for (std::uint32_t b = 0; b < slot.numBlocks; ++b) {
      for (Warp &warp : slot.blocks[b].warps) {
        if (warp.spinning && attempt) {
          warp.ready |= warp.spinning;
          warp.spinning = 0;
        }
        if (warp.ready)
          candidates.push_back(&warp);
        else if (wake && warp.spinning && random.below(++sleepers) == 0)
          sleeper = &warp;
      }
    }
    // One of those that poll looks again now and then. All of them at once would never let what they wait for land.
    if (sleeper) {
      sleeper->ready |= sleeper->spinning;
      sleeper->spinning = 0;
      candidates.push_back(sleeper);
    }
    if (!candidates.empty())
      break;
    if (!attempt && land(slot)) // before those that poll look again in vain
      attempt = -1;
  }
  if (candidates.empty())
    return false;
  Warp &warp = *candidates[random.below(static_cast<std::uint32_t>(candidates.size()))];
  std::uint32_t draw = random.next();
  budget = (draw & 7) == 0 ? ~0u : (draw >> 3 & 15) + 1;
  std::uint32_t first = draw >> 8 & 31;
  std::uint32_t lane = (static_cast<std::uint32_t>(std::countr_zero(std::rotr(warp.ready, static_cast<int>(first)))) + first) & 31;
  Thread &thread = warp.thread(lane);
  std::uint64_t polls = warp.polls;
  jump(*this, context, thread.context, &thread);
  Block &block = *warp.block;
  block.quiet = warp.polls == polls ? block.quiet + 1 : 0;
  if (block.quiet > 64) { // long without a poll: at work
    if ((++turns & 63) == 0)
      grid->progress.fetch_add(1, std::memory_order_relaxed);
  } else { // warps that do not poll may be at work, or wait for the one that does
    idleTurns += warp.polls == polls ? 1 : 16;
  }
  return true;
}

bool Worker::deadlocked(const std::vector<std::unique_ptr<Worker>> &all) {
  std::uint64_t now = grid->progress.load(std::memory_order_relaxed);
  if (now != idleAt) {
    idleAt = now;
    idleTurns = 0;
    return false;
  }
  if (all.size() > 1 && idleTurns > 4096) // the others need the CPU
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  if (idleTurns < grid->options->patience * 16)
    return false;
  stuckAt.store(now, std::memory_order_relaxed);
  return std::all_of(all.begin(), all.end(), [&](const std::unique_ptr<Worker> &worker) {
    std::uint64_t stuck = worker->stuckAt.load(std::memory_order_relaxed);
    return stuck == now || stuck == ~0ull; // or is done
  });
}

void Worker::run(const std::vector<std::unique_ptr<Worker>> &all) {
  while (!grid->failed.load(std::memory_order_relaxed)) {
    while (!idle.empty() && start(*idle.back())) {
      resident.push_back(idle.back());
      idle.pop_back();
    }
    if (resident.empty())
      break;
    std::size_t chosen = random.below(static_cast<std::uint32_t>(resident.size()));
    ClusterSlot &slot = *resident[chosen];
    if (!turn(slot)) {
      bool done = true;
      for (std::uint32_t b = 0; b < slot.numBlocks; ++b)
        done &= slot.blocks[b].live == 0;
      if (grid->failed.load(std::memory_order_relaxed))
        break;
      if (!done) {
        reportDeadlock(*grid, {&slot});
        break;
      }
      resident[chosen] = resident.back();
      resident.pop_back();
      idle.push_back(&slot);
      continue;
    }
    if (deadlocked(all)) {
      reportDeadlock(*grid, resident);
      break;
    }
  }
  stuckAt.store(~0ull, std::memory_order_relaxed); // done: whoever is left decides
}

} // namespace keel::emulator
