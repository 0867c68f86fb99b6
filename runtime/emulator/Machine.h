// The emulated machine: a grid of blocks of warps of threads, each thread a fibre. A block stays on one host thread (a
// worker), which runs several of them, so nothing inside a block needs a lock.
#ifndef KEEL_EMULATOR_MACHINE_H
#define KEEL_EMULATOR_MACHINE_H

#include "runtime/emulator/Clock.h"
#include "runtime/emulator/Emulator.h"
#include "runtime/emulator/Readers.h"
#include "runtime/emulator/Shadow.h"

#include <array>
#include <atomic>
#include <bit>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace keel::emulator {

struct Thread;
struct Warp;
struct Block;
struct Worker;
struct Grid;
struct StrongWords;
using Site = keel_emulator_site;

constexpr std::uint32_t warpSize = 32;
constexpr std::uint32_t allLanes = ~0u;
constexpr std::uint64_t blockWindow = 1 << 18; // bytes of a window that belong to one block
constexpr std::uint32_t largestCluster = 16;
constexpr std::uint32_t sharedStart = 1024;    // the first KiB is the system's, as on sm_80 and later
constexpr std::uint32_t largestShared = 227 << 10;

/// What a release made known, to whom.
struct Released {
  KnowledgeRef knowledge; // null: nothing
  Scope scope = Scope::Weak;
  std::uint32_t block = 0;
};

/// Bytes of a bulk copy that are contiguous on both sides.
struct BulkPiece {
  std::uint64_t to, from; // from 0: outside the tensor, filled
  std::uint32_t bytes;
};
/// A piece out of shared memory that the thread has not waited for.
struct BulkStore {
  BulkPiece piece;
  std::uint64_t group;
  const Site *site;
  bool read; // a wait for reads has covered it
};

/// A copy that cp.async has started.
struct AsyncCopy {
  char *to;
  const char *from;
  std::uint32_t bytes, sourceBytes;
  std::uint64_t group;
  const Site *site;
};

/// What a thread has read at a place, to see whether it reads the same again.
struct Poll {
  const Site *site;
  std::uint64_t address, value;
};

struct Thread : keel_emulated_thread {
  Block *block;
  Warp *warp;
  std::uint32_t index, lane;
  void *context; // where the fibre stopped
  char *stack;
  std::size_t stackBytes;
  bool exited;

  // What it has called and not returned from, for whoever completes it and for messages.
  const Site *site;
  const std::uint64_t *in;
  std::uint64_t *out;

  bool carry; // of integers of several words

  Order order;
  Released fenced;                // what a fence made ready to be told by strong writes that follow
  std::vector<Released> observed; // what strong reads saw, to be known after the next fence
  StrongWords *strong;            // locked, while it does a strong operation
  bool mustWait;            // launched early, it may not use global memory before griddepcontrol.wait
  std::uint32_t waitedAt;   // its block's time then; 0: not yet
  Allocation *allocation; // the last one used
  const Buffer *buffer;   // likewise

  // The last strong reads, to tell a wait from progress: a loop may poll several words.
  const Site *polledSite;
  std::uint64_t polledAddress, polls;
  Poll polled[4];
  std::uint32_t nextPoll;

  std::vector<std::pair<std::uint64_t, std::uint32_t>> products; // wgmmas that it has not waited for: (group, time)
  std::uint64_t productGroup;     // the one that is open
  bool productsFenced;            // by wgmma.fence
  std::uint64_t clusterPhase;     // phases of the cluster's barrier that it has arrived at
  std::uint64_t clusterWaited;    // and the last that it has waited for
  std::vector<BulkStore> bulkStores;
  std::uint64_t bulkGroup;        // the one that is open
  std::vector<AsyncCopy> copies;
  std::uint64_t copyGroup; // the one that is open: as many are committed

  std::uint32_t bit() const { return 1u << lane; }
};

/// Work that goes on by itself: bulk copies, stores to other blocks. It is done some time after it was started: as late as
/// can be (when no thread of the cluster can go on otherwise), or, now and then, earlier.
struct AsyncTask {
  Block *block;  // that started it
  Thread *thread;
  const Site *site;
  bool writesShared = true; // so it must not outlive the block
  virtual ~AsyncTask() = default;
  virtual void land() = 0;
};

/// An mbarrier object (PTX ISA 9.7.13.15), of which shared memory holds but the address.
struct MBarrier {
  std::uint32_t expected, pending; // arrivals of a phase, and still to come in this one
  std::int64_t bytes = 0;          // tx-count: expected of asynchronous work, and not yet there
  std::uint64_t phase = 0;
  KnowledgeRef gathering, completed; // what arrivals of this phase, and of the last, make known
  const Thread *hiddenBy = nullptr;  // who has initialised it and not fenced that for the asynchronous proxy
};

/// barrier.cluster; the one of rank 0 is used.
struct ClusterBarrier {
  std::uint32_t arrived = 0;
  std::uint64_t phase = 0;
  KnowledgeRef gathering, completed;
  std::vector<Thread *> waiting;
};

/// Runs for all participants when the last of them has arrived; operands are in the threads.
using Collective = void (*)(Warp &warp, std::uint32_t lanes, const Site &site);

/// Who may meet at an instruction.
enum class Convergence : std::uint8_t {
  Opcode,  ///< threads at the same opcode with the same mask
  Site,    ///< at the same instruction (.aligned)
  Whole,   ///< and all 32 threads of the warp
};

struct Meeting {
  const keel_emulator_import *instruction;
  const Site *site;
  std::uint32_t mask, arrived;
  Convergence convergence;
  Collective perform;
};

struct Warp {
  Block *block;
  std::uint32_t index;
  std::uint32_t lanes;            // that exist
  std::uint32_t ready, spinning;  // of those that live
  std::uint32_t exited;
  std::vector<Meeting> meetings;  // under way
  std::uint64_t polls;            // that found nothing new
  const Site *barrierSite;        // of the aligned barrier that some of its threads have come to
  std::uint32_t barrierLanes;     // those
  std::uint32_t registers;        // of each of its threads (setmaxnreg)
  Thread *threads;                // lane 0

  Thread &thread(std::uint32_t lane) const;
};

/// Four warps that execute wgmma together.
struct WarpGroup {
  std::uint32_t arrived = 0; // warps
  std::uint32_t generation = 0;
  const Site *site = nullptr;
};

/// One of a block's 16 barriers (PTX ISA 9.7.13.1).
struct Barrier {
  std::uint32_t expected = 0; // threads; 0: all
  std::uint32_t arrived = 0;  // threads, those of bar.arrive included
  std::uint32_t votes = 0;    // barrier.red: predicates that were true
  std::vector<Thread *> waiting, arrivers;
  std::vector<Order> released; // of bar.arrive
  const Site *site = nullptr;
};

struct Block {
  Grid *grid;
  Worker *worker;
  std::uint32_t index;    // %ctaid.x
  std::uint32_t instance; // unlike any other block's of this emulator
  std::uint32_t rank;     // in its cluster
  std::uint32_t live;     // threads
  std::uint32_t time;     // of synchronisations; starts at 1
  std::uint32_t freeRegisters; // that warps have given away
  std::uint32_t quiet;    // turns since a poll found nothing new
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  Barrier barriers[16];
  WarpGroup warpGroups[8];
  std::vector<std::unique_ptr<AsyncTask>> tasks;
  std::unordered_map<std::uint64_t, MBarrier> mbarriers; // by host address
  ClusterBarrier clusterBarrier;
  std::uint64_t arena; // host address of the block's part of the window
  Cell *shadow;        // of the arena, or null

  /// The block of that rank in the same cluster.
  Block &sibling(std::uint32_t other) { return this[static_cast<std::ptrdiff_t>(other) - static_cast<std::ptrdiff_t>(rank)]; }
  /// The shadow of an address in the arena.
  Cell *cell(std::uint64_t address) const { return shadow + ((address - arena) >> 2); }
};

inline Thread &Warp::thread(std::uint32_t lane) const { return threads[lane]; }

/// Words of global and shared memory that strong operations go to one after the other, whichever host threads their
/// blocks run on: an access with its check and what it makes known is one step.
struct StrongWords {
  std::mutex mutex;
  std::unordered_map<std::uint64_t, Released> published; // by releases, by the address that they wrote
};

struct Grid {
  const Kernel *kernel;
  const Options *options;
  const std::uint64_t *arguments;
  std::uint32_t blocks, numWarps;
  std::uint16_t launch; // a number of 1 … 65535
  bool full;            // Checks::Full
  bool parallel;        // several workers
  GlobalMemory *memory;
  PastReaders *pastReaders;
  std::vector<std::uint32_t> order; // of starting
  std::atomic<std::uint32_t> next{0};
  std::atomic<std::uint32_t> *instances;
  std::atomic<std::uint64_t> progress{0};
  std::atomic<std::uint32_t> running{0}, stuck{0};
  std::atomic<bool> failed{false};
  std::atomic<bool> waited{false}; // some thread has, for the kernels before
  std::mutex mutex;
  std::exception_ptr error;
  std::array<StrongWords, 64> strong;

  /// By address, of a generic or a shared one alike: no operation's operands are of two.
  StrongWords &strongWords(std::uint64_t address) { return strong[address >> 6 & 63]; }
};

/// xorshift64*: fast, and good enough to choose an order.
struct RandomOrder {
  std::uint64_t state;
  explicit RandomOrder(std::uint64_t seed);
  std::uint32_t next() {
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return static_cast<std::uint32_t>(state * 0x2545f4914f6cdd1dull >> 32);
  }
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(next()) * bound >> 32);
  }
};

/// The fault, reported: does not return, and the fibre is never resumed.
[[noreturn]] void fault(Thread &thread, const Site *site, Fault kind, std::string &&message);

// Scheduling (Scheduler.cpp). The caller is the running fibre.

/// Stops until another thread makes it ready.
void wait(Thread &thread);
/// Lets the others run.
void yield(Thread &thread);
/// As yield, for a thread that has found nothing new at what it polls.
void spin(Thread &thread);
inline void makeReady(Thread &thread) { thread.warp->ready |= thread.bit(); }
void exitThread(Thread &thread);
/// Barriers that waited for no one but a thread that is gone.
void barriersAfterExit(Block &block);
/// Barriers that threads have arrived at, and that are not complete when the last thread of the block exits.
void checkBarriersAtEnd(Thread &last);
void clusterAfterExit(Block &block);
/// Somebody got further.
void progress(Thread &thread);

/// Meets the live threads of `mask` at this instruction; the last to come performs it for all.
void meet(Thread &thread, std::uint32_t mask, Convergence convergence, const std::uint64_t *in, std::uint64_t *out,
          const Site *site, Collective perform);

// Checked memory (Access.cpp).

enum class Access { Load, Store, Update };

/// Checks `bytes` bytes at an address of an LLVM address space, and returns where they are on the host.
char *access(Thread &thread, std::uint64_t address, std::uint32_t bytes, std::uint32_t alignment, std::uint32_t space,
             Access kind, Scope scope, const Site *site);
/// "shared memory at 0x420", "byte 4 of 'weights' of 1024 bytes", for messages.
std::string describe(const Thread &thread, std::uint64_t address);
/// The block of the thread's cluster whose part of the window the address is in, or null.
Block *blockAt(Thread &thread, std::uint64_t address);
/// Asynchronous work of `block` is to write those bytes of shared memory (they have been checked as a store of its thread's).
void expectWrite(Thread &thread, std::uint64_t address, std::uint64_t bytes);
/// It has written them; `time` of its block. With a scope, others may update them, too.
void wroteAsynchronously(const AsyncTask &task, std::uint64_t address, std::uint64_t bytes, std::uint32_t time, Scope scope = Scope::Weak);
/// What bytes of global memory were written by, as of now: another thread number and time than the caller's.
void markGlobalWriter(Thread &thread, std::uint64_t address, std::uint64_t bytes, std::uint32_t writer, std::uint32_t time, const Site *site);
/// The asynchronous proxy reads shared memory: what threads have written there needs a fence.proxy.async in between.
void checkProxyFence(Thread &thread, std::uint64_t address, std::uint64_t bytes, const Site *site);
/// wgmma: checked as the thread's load, and from `time` on a read of matrixThread.
const char *readForProduct(Thread &thread, std::uint64_t address, std::uint32_t bytes, std::uint32_t time, const Site *site);
/// cp.async: the copy is under way, and lands when it must.
void startCopy(Thread &thread, const AsyncCopy &copy);
/// Copies of the groups before `group` land.
void landCopies(Thread &thread, std::uint64_t group);

// Order (Synchronize.cpp).

/// All of them are at one point: what any did before, all see after. `arrivals`: threads that only told what they did.
void synchronize(Block &block, Thread *const *threads, std::size_t count, const std::vector<Order> &arrivals = {});
void synchronizeLanes(Warp &warp, std::uint32_t lanes);
/// What a thread that arrives without waiting tells: its order, with its own accesses up to now.
Order arrivalOrder(Thread &thread);
/// The thread's own accesses up to now, and what it knows, for those that the scope names.
Released release(Thread &thread, Scope scope);
/// Takes notice of what a release of another thread told, where both scopes name the other.
void acquire(Thread &thread, Scope scope, const Released &released);
/// A strong write, in a StrongOperation: `own` is what it releases; an update continues the release sequence.
void publish(Thread &thread, std::uint64_t address, const Released &own, bool update);
Released published(Thread &thread, std::uint64_t address);
/// fence and membar: all that was read is acquired, and what follows releases.
void fence(Thread &thread, Scope scope);
/// fence.proxy.async: what has happened before it may be seen by the asynchronous proxy after it.
void fenceProxy(Thread &thread);
/// Whether an access of (block, thread, time) happened before what the thread does now.
inline bool happenedBefore(const Thread &thread, std::uint32_t block, std::uint32_t time, std::uint32_t other) {
  if (block == thread.block->index)
    return other == thread.index || thread.order.sees(other, time);
  return thread.order.foreign && knows(*thread.order.foreign, block, other, time);
}
/// Whether a scope of this thread's reaches a thread of that block.
bool reaches(const Thread &thread, Scope scope, std::uint32_t block);

} // namespace keel::emulator

#endif
