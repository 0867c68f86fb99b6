// Blocks come to life: room for them, and their threads' registers and stacks.
#include "runtime/emulator/Worker.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define KEEL_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEL_ADDRESS_SANITIZER
#endif
#endif
#ifdef KEEL_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace keel::emulator {

void ClusterSlot::prepare(std::uint32_t blockCount, std::uint32_t threadCount, std::size_t bytes,
                          std::uint32_t guards) {
  if (!window) {
    window = LazyMemory::atWindow(largestCluster * blockWindow);
    shadow = LazyMemory(largestCluster * blockWindow / 4 * sizeof(Cell));
  }
  if (numBlocks != blockCount || numThreads != threadCount || !blocks) {
    blocks = std::make_unique<Block[]>(blockCount);
    numBlocks = blockCount, numThreads = threadCount;
    for (std::uint32_t b = 0; b < blockCount; ++b) {
      blocks[b].threads.resize(threadCount);
      blocks[b].warps.resize((threadCount + warpSize - 1) / warpSize);
    }
  }
  std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  bytes = (bytes + 2 * page - 1) / page * page + page; // and a guard
  std::size_t total = bytes * blockCount * threadCount;
  if (stackBytes != bytes || stacks.size() < total) {
    stacks = LazyMemory(total);
    stackBytes = bytes;
    std::uint32_t apart = (threadCount + guards - 1) / guards;
    for (std::size_t at = 0; at < total; at += apart * bytes)
      if (::mprotect(stacks.data() + at, page, PROT_NONE))
        runtime::fail(KEEL_OUT_OF_MEMORY, "the emulator cannot protect the end of a stack: ", std::strerror(errno));
  }
}

namespace {
void setRegisters(Thread &thread, const Grid &grid, const Block &block) {
  std::uint32_t *r = thread.registers;
  std::uint32_t cluster = grid.kernel->cluster;
  std::memset(r, 0, sizeof thread.registers);
  r[KEEL_EMULATED_TID_X] = thread.index;
  r[KEEL_EMULATED_NTID_X] = grid.kernel->threads;
  r[KEEL_EMULATED_CTAID_X] = block.index;
  r[KEEL_EMULATED_NCTAID_X] = grid.blocks;
  for (int y : {KEEL_EMULATED_NTID_Y, KEEL_EMULATED_NTID_Z, KEEL_EMULATED_NCTAID_Y, KEEL_EMULATED_NCTAID_Z,
                KEEL_EMULATED_NCLUSTERID_Y, KEEL_EMULATED_NCLUSTERID_Z, KEEL_EMULATED_CLUSTER_NCTAID_Y,
                KEEL_EMULATED_CLUSTER_NCTAID_Z})
    r[y] = 1;
  r[KEEL_EMULATED_LANEID] = thread.lane;
  r[KEEL_EMULATED_WARPID] = thread.index / warpSize;
  r[KEEL_EMULATED_NWARPID] = grid.numWarps;
  r[KEEL_EMULATED_SMID] = block.worker->index;
  r[KEEL_EMULATED_NSMID] = 1;
  r[KEEL_EMULATED_GRIDID] = grid.launch;
  r[KEEL_EMULATED_LANEMASK_EQ] = thread.bit();
  r[KEEL_EMULATED_LANEMASK_LT] = thread.bit() - 1;
  r[KEEL_EMULATED_LANEMASK_LE] = thread.bit() | (thread.bit() - 1);
  r[KEEL_EMULATED_LANEMASK_GE] = ~(thread.bit() - 1);
  r[KEEL_EMULATED_LANEMASK_GT] = ~(thread.bit() | (thread.bit() - 1));
  r[KEEL_EMULATED_WARPSIZE] = warpSize;
  r[KEEL_EMULATED_DYNAMIC_SMEM_SIZE] = grid.kernel->dynamicBytes;
  r[KEEL_EMULATED_TOTAL_SMEM_SIZE] = grid.kernel->sharedBytes;
  r[KEEL_EMULATED_CLUSTERID_X] = block.index / cluster;
  r[KEEL_EMULATED_NCLUSTERID_X] = grid.blocks / cluster;
  r[KEEL_EMULATED_CLUSTER_CTAID_X] = r[KEEL_EMULATED_CLUSTER_CTARANK] = block.rank;
  r[KEEL_EMULATED_CLUSTER_NCTAID_X] = r[KEEL_EMULATED_CLUSTER_NCTARANK] = cluster;
  r[KEEL_EMULATED_IS_EXPLICIT_CLUSTER] = cluster > 1;
}

/// What ptxas gives each thread of a block that needs a whole multiprocessor: as many as there are, in steps of 8.
std::uint32_t registersAtStart(const Kernel &kernel) {
  constexpr std::uint32_t file = 1 << 16, most = 255;
  return kernel.registers ? (kernel.registers + 7) / 8 * 8 : std::min(file / kernel.threads / 8 * 8, most / 8 * 8);
}
} // namespace

void startBlock(Block &block, ClusterSlot &slot, std::uint32_t rank, std::uint32_t index, Worker &worker) {
  Grid &grid = *worker.grid;
  block.grid = &grid;
  block.worker = &worker;
  block.index = index;
  block.instance = grid.instances->fetch_add(1, std::memory_order_relaxed);
  block.rank = rank;
  block.live = grid.kernel->threads;
  block.time = 1;
  block.freeRegisters = 0;
  block.quiet = 0;
  for (Barrier &barrier : block.barriers)
    barrier = Barrier();
  for (WarpGroup &group : block.warpGroups)
    group = WarpGroup();
  block.tasks.clear();
  block.mbarriers.clear();
  block.clusterBarrier = ClusterBarrier();
  block.arena = reinterpret_cast<std::uint64_t>(slot.window.data()) + rank * blockWindow;
  block.shadow = grid.full ? reinterpret_cast<Cell *>(slot.shadow.data()) + rank * (blockWindow / 4) : nullptr;
  // Shared memory starts as not-a-numbers: what is used uninitialised shows even without the checks.
  std::memset(reinterpret_cast<char *>(block.arena) + sharedStart, 0xff, grid.kernel->sharedBytes);
  for (std::uint32_t w = 0; w < block.warps.size(); ++w) {
    Warp &warp = block.warps[w];
    std::uint32_t count = std::min(warpSize, block.live - w * warpSize);
    warp.block = &block;
    warp.index = w;
    warp.lanes = warp.ready = count == warpSize ? allLanes : (1u << count) - 1;
    warp.spinning = warp.exited = 0;
    warp.meetings.clear();
    warp.polls = 0;
    warp.registers = registersAtStart(*grid.kernel);
    warp.barrierSite = nullptr;
    warp.barrierLanes = 0;
    warp.threads = block.threads.data() + w * warpSize;
  }
  for (std::uint32_t i = 0; i < block.live; ++i) {
    Thread &thread = block.threads[i];
    thread.shared = block.arena + sharedStart;
    thread.window = thread.shared & ~0xffffffffull;
    thread.checked = grid.full;
    thread.mutant = grid.options->mutant;
    thread.block = &block;
    thread.warp = &block.warps[i / warpSize];
    thread.index = i;
    thread.lane = i % warpSize;
    thread.exited = false;
    thread.site = nullptr;
    thread.carry = false;
    thread.order = Order();
    thread.fenced = {};
    thread.observed.clear();
    thread.strong = nullptr;
    thread.mustWait = grid.kernel->early;
    thread.waitedAt = 0;
    thread.allocation = nullptr;
    thread.buffer = nullptr;
    thread.polledSite = nullptr;
    std::fill(std::begin(thread.polled), std::end(thread.polled), Poll{});
    thread.nextPoll = 0;
    thread.polls = 0;
    thread.clusterPhase = thread.clusterWaited = 0;
    thread.products.clear();
    thread.productGroup = 0;
    thread.productsFenced = false;
    thread.bulkStores.clear();
    thread.bulkGroup = 0;
    thread.copies.clear();
    thread.copyGroup = 0;
    setRegisters(thread, grid, block);
    thread.stack = slot.stacks.data() + (static_cast<std::size_t>(rank) * grid.kernel->threads + i) * slot.stackBytes;
    thread.stackBytes = slot.stackBytes;
#ifdef KEEL_ADDRESS_SANITIZER // a thread that was dropped by a fault left its frames marked
    ASAN_UNPOISON_MEMORY_REGION(thread.stack, slot.stackBytes);
#endif
    // Stacks start at different cache sets.
    std::size_t colour = i % 32 * 192;
    thread.context = boost::context::detail::make_fcontext(thread.stack + slot.stackBytes - colour, slot.stackBytes - colour, runThread);
  }
}

} // namespace keel::emulator
