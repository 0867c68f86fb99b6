// The threads that run a kernel's items.
#include "runtime/model/ThreadPool.h"
#include "runtime/data/Tensor.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <fstream>
#ifdef __linux__
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace keel::runtime {

namespace {
void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Sleeps while the 32-bit word holds `value`; may wake early.
void sleepOn(void *word, std::uint32_t value) {
#ifdef __linux__
  ::syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
#else
  (void)word, (void)value;
  std::this_thread::sleep_for(std::chrono::microseconds(50));
#endif
}

void wake(void *word) {
#ifdef __linux__
  ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
#else
  (void)word;
#endif
}

static_assert(std::endian::native == std::endian::little, "a ticket's first 32 bits are its epoch");

constexpr unsigned maxPieces = 4;
constexpr std::uint64_t onePiece = std::uint64_t(1) << 48;

std::uint64_t makeTicket(std::uint32_t epoch, std::int64_t pieces) {
  return epoch | static_cast<std::uint64_t>(pieces) << 32;
}

/// The first item of part `index` of `parts`.
std::int64_t partBegin(std::int64_t count, std::int64_t index, std::int64_t parts) {
  return count / parts * index + std::min(index, count % parts);
}
} // namespace

unsigned availableThreads() {
  unsigned count = std::max(1u, std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    count = static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  // A container's share of the CPUs: more threads than that are stopped for most of each period.
  double quota = 0, period = 0;
  if (std::ifstream("/sys/fs/cgroup/cpu.max") >> quota >> period && quota > 0 && period > 0)
    count = std::min(count, static_cast<unsigned>(std::max(1.0, std::ceil(quota / period))));
#endif
  return count;
}

std::uint64_t now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

// About 100 µs: the pauses between the kernels of a step and between steps are shorter. With more threads than CPUs
// spinning only takes time from those who work.
ThreadPool::ThreadPool(unsigned threads) : spins(threads <= availableThreads() ? 3000 : 30) {
  threads = std::max(1u, threads);
  for (unsigned i = 0; i < threads; ++i)
    slots.push_back(std::make_unique<Slot>());
  try {
    for (unsigned i = 1; i < threads; ++i)
      slots[i]->thread = std::thread([this, i] { workerLoop(i); });
  } catch (...) { // the system allows no more threads: stop those that run
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping = true;
  ++epoch;
  for (auto &slot : slots)
    if (slot->thread.joinable()) {
      slot->ticket.store(makeTicket(epoch, 0));
      wake(&slot->ticket);
      slot->thread.join();
    }
}

void ThreadPool::reserveScratch(std::size_t bytes) {
  if (bytes <= scratchBytes)
    return;
  for (auto &slot : slots)
    slot->scratch = allocate(bytes);
  scratchBytes = bytes;
}

void ThreadPool::record(bool on) {
  recording = on;
  for (auto &slot : slots)
    slot->records.clear();
}

/// Runs what is left of a share, as long as it belongs to this epoch, and returns the number of pieces run.
/// The job may be read only after a successful claim: until that piece is finished the region cannot end.
unsigned ThreadPool::runPieces(unsigned self, unsigned owner, std::uint32_t current) {
  Slot &slot = *slots[owner];
  unsigned done = 0;
  std::uint64_t ticket = slot.ticket.load(std::memory_order_acquire);
  for (;;) {
    auto pieces = static_cast<std::int64_t>(ticket >> 32 & 0xffff), piece = static_cast<std::int64_t>(ticket >> 48);
    if (static_cast<std::uint32_t>(ticket) != current || piece >= pieces)
      return done;
    if (!slot.ticket.compare_exchange_weak(ticket, ticket + onePiece, std::memory_order_acq_rel,
                                           std::memory_order_acquire))
      continue;
    std::int64_t first = partBegin(job.count, owner, job.shares);
    std::int64_t share = partBegin(job.count, owner + 1, job.shares) - first;
    std::uint64_t start = job.record ? now() : 0;
    job.body(job.captured, first + partBegin(share, piece, pieces), first + partBegin(share, piece + 1, pieces),
             slots[self]->scratch.get());
    if (job.record)
      slots[self]->records.push_back({job.tag, start, now()});
    ++done;
    ticket += onePiece;
  }
}

void ThreadPool::finish(unsigned pieces) {
  if (pieces && pending.fetch_sub(pieces) == pieces && callerAsleep.load())
    wake(&pending);
}

void ThreadPool::workerLoop(unsigned self) {
  Slot &slot = *slots[self];
  std::uint32_t seen = 0;
  for (;;) {
    for (int i = 0; i < spins && static_cast<std::uint32_t>(slot.ticket.load(std::memory_order_acquire)) == seen; ++i)
      pause();
    while (static_cast<std::uint32_t>(slot.ticket.load()) == seen) {
      slot.asleep.store(1);
      // Dekker's handshake with run(): either it sees `asleep`, or this sees the new epoch.
      if (static_cast<std::uint32_t>(slot.ticket.load()) == seen)
        sleepOn(&slot.ticket, seen);
      slot.asleep.store(0);
    }
    seen = static_cast<std::uint32_t>(slot.ticket.load(std::memory_order_acquire));
    if (stopping.load(std::memory_order_acquire))
      return;
    // The caller may finish and leave as soon as the last piece is reported, so this thread's come last.
    unsigned done = runPieces(self, self, seen);
    finish(done + runPieces(self, 0, seen));
  }
}

void ThreadPool::run(keel_kernel_body body, const void *captured, std::int64_t count, std::uint64_t tag) {
  if (count <= 0)
    return;
  std::int64_t shares = std::min<std::int64_t>(count, threads());
  if (shares == 1) {
    std::uint64_t start = recording ? now() : 0;
    body(captured, 0, count, slots[0]->scratch.get());
    if (recording)
      slots[0]->records.push_back({tag, start, now()});
    return;
  }
  job = {body, captured, count, shares, tag, recording};
  auto piecesOf = [&](std::int64_t owner) {
    return std::min<std::int64_t>(maxPieces, partBegin(count, owner + 1, shares) - partBegin(count, owner, shares));
  };
  std::int64_t total = 0;
  for (std::int64_t owner = 0; owner < shares; ++owner)
    total += piecesOf(owner);
  pending.store(static_cast<std::uint32_t>(total), std::memory_order_relaxed);
  ++epoch;
  for (std::int64_t owner = 0; owner < shares; ++owner) {
    Slot &slot = *slots[static_cast<std::size_t>(owner)];
    slot.ticket.store(makeTicket(epoch, piecesOf(owner)));
    if (owner && slot.asleep.load())
      wake(&slot.ticket);
  }

  finish(runPieces(0, 0, epoch));
  // A hot worker is done about now; take over the pieces of one that is late.
  for (int i = 0; i < 100 && pending.load(std::memory_order_acquire); ++i)
    pause();
  for (unsigned owner = 1; owner < threads() && pending.load(std::memory_order_acquire); ++owner)
    finish(runPieces(0, owner, epoch));
  for (int i = 0; i < spins && pending.load(std::memory_order_acquire); ++i)
    pause();
  while (std::uint32_t left = pending.load()) {
    callerAsleep.store(1);
    if (pending.load() == left)
      sleepOn(&pending, left);
    callerAsleep.store(0);
  }
}

} // namespace keel::runtime
