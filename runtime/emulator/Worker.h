// A host thread's part of a launch, and what launches reuse.
#ifndef KEEL_EMULATOR_WORKER_H
#define KEEL_EMULATOR_WORKER_H

#include "runtime/emulator/Machine.h"

#include <boost/context/detail/fcontext.hpp>

#include <memory>

namespace keel::emulator {

/// Room for the blocks of a cluster (mostly one): stacks, shared memory and its shadow. Costly to map, so kept.
struct ClusterSlot {
  LazyMemory window, shadow, stacks;
  std::size_t stackBytes = 0;
  std::uint32_t numBlocks = 0, numThreads = 0;
  std::unique_ptr<Block[]> blocks;

  /// Makes room; keeps what there is where it suffices. Up to `guards` of a block's stacks end at a page of no access.
  void prepare(std::uint32_t numBlocks, std::uint32_t numThreads, std::size_t stackBytes, std::uint32_t guards);
};

struct Worker {
  Grid *grid;
  std::uint32_t index;
  RandomOrder random;
  std::vector<ClusterSlot *> resident, idle; // the emulator's, lent
  std::vector<Warp *> candidates;
  std::vector<float> scratch; // an instruction's operands
  ReaderLists readers;
  Report report;

  void *context = nullptr;   // the scheduler's, while a fibre runs
  void **saved = nullptr;    // where who jumped last wants its context
  Thread *current = nullptr; // who was jumped to
  bool early;                // asynchronous work may be done before it must
  bool landing = false;      // asynchronous work is being done, on no fibre
  std::uint32_t budget = 0;  // meetings that the running warp may complete in its turn

  std::uint64_t idleTurns = 0, idleAt = 0, turns = 0;
  std::atomic<std::uint64_t> stuckAt{0}; // the progress count at which this worker gave up; 0: it has not

  Worker(Grid &grid, std::uint32_t index, std::uint64_t seed)
      : grid(&grid), index(index), random(seed), readers(*grid.pastReaders), early(seed & 1) {}
  /// Takes blocks and runs them until there are none.
  void run(const std::vector<std::unique_ptr<Worker>> &all);

private:
  bool start(ClusterSlot &slot);
  bool turn(ClusterSlot &slot);
  bool land(ClusterSlot &slot);
  bool deadlocked(const std::vector<std::unique_ptr<Worker>> &all);
};

/// What a fibre does from beginning to end.
void runThread(boost::context::detail::transfer_t from);
/// Makes the block of that rank in the slot ready to run as the grid's block `index`.
void startBlock(Block &block, ClusterSlot &slot, std::uint32_t rank, std::uint32_t index, Worker &worker);
/// A deadlock among these blocks, described and recorded.
void reportDeadlock(Grid &grid, const std::vector<ClusterSlot *> &slots);
/// Records the first fault of a launch.
void recordFault(Grid &grid, EmulationError error);

} // namespace keel::emulator

#endif
