// The threads that run a kernel's items. A region of a hot pool costs a microsecond or two: the workers spin on a cache
// line of their own before they sleep.
//
// Every thread owns an equal share of the items, cut into at most four pieces. A piece is run by whoever claims it
// first: its owner, or, when the owner is late (asleep, or descheduled on a busy machine), the caller; an owner whose
// share is done helps the caller. Who runs a piece never changes a result, since items are independent and whole.
#ifndef KEEL_MODEL_THREADPOOL_H
#define KEEL_MODEL_THREADPOOL_H

#include "keel/artifact.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace keel::runtime {

/// CPUs that this process may use.
unsigned availableThreads();

/// Nanoseconds of a steady clock.
std::uint64_t now();

class ThreadPool {
public:
  /// `threads` counts the caller.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned threads() const { return static_cast<unsigned>(slots.size()); }
  /// Gives every thread at least that much scratch memory. Not during a region.
  void reserveScratch(std::size_t bytes);
  /// Runs body over [0, count), and returns when all of it is done. `tag` goes into the record.
  void run(keel_kernel_body body, const void *captured, std::int64_t count, std::uint64_t tag = 0);

  /// A piece of a region that a thread ran, in now()'s time.
  struct Record {
    std::uint64_t tag, begin, end;
  };
  /// Keeps a record of every piece from here on (and forgets the old ones), or stops. Not during a region.
  void record(bool on);
  const std::vector<Record> &records(unsigned thread) const { return slots[thread]->records; }

private:
  struct alignas(128) Slot { // two cache lines: the prefetcher fetches pairs
    /// epoch (low 32 bits, what a sleeper waits on) | pieces << 32 | the next piece to claim << 48.
    std::atomic<std::uint64_t> ticket{0};
    std::atomic<std::uint32_t> asleep{0};
    std::shared_ptr<std::uint8_t> scratch;
    std::vector<Record> records;
    std::thread thread;
  };
  struct Job {
    keel_kernel_body body;
    const void *captured;
    std::int64_t count, shares;
    std::uint64_t tag;
    bool record;
  };

  void stop();
  void workerLoop(unsigned self);
  unsigned runPieces(unsigned self, unsigned owner, std::uint32_t epoch);
  void finish(unsigned pieces);

  std::vector<std::unique_ptr<Slot>> slots;
  std::size_t scratchBytes = 0;
  int spins;
  bool recording = false;
  std::uint32_t epoch = 0;
  Job job{};
  std::atomic<bool> stopping{false};
  alignas(128) std::atomic<std::uint32_t> pending{0};
  std::atomic<std::uint32_t> callerAsleep{0};
};

} // namespace keel::runtime

#endif
