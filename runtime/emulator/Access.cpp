// Every access to shared and global memory comes by here: bounds, alignment, and, cell by cell, whether it holds anything
// and who else was there.
#include "runtime/emulator/Worker.h"

#include <algorithm>
#include <cstring>
#include <thread>

namespace keel::emulator {

using runtime::text;

namespace {
enum class Problem : std::uint8_t { None, Pending, Uninitialised, Writer, Reader, OtherReader };

inline bool anyReaderUnordered(const Thread &thread, const Cell &cell) {
  const auto &reader = cell.reader;
  if (reader.block == thread.block->index && reader.time <= thread.order.base && reader.warp < asyncThread / warpSize)
    return false;
  for (std::uint32_t lanes = reader.lanes; lanes; lanes &= lanes - 1)
    if (!happenedBefore(thread, reader.block, reader.time,
                        reader.warp * warpSize + static_cast<std::uint32_t>(std::countr_zero(lanes))))
      return true;
  return false;
}

/// Strong operations whose scopes include each other do not race (PTX ISA 8.7, morally strong).
inline bool morallyStrong(const Thread &thread, Scope mine, Scope other, std::uint32_t block) {
  return mine != Scope::Weak && other != Scope::Weak && reaches(thread, std::min(mine, other), block);
}

/// The thread is about to be the cell's reader: who read before, and has not happened before it, joins the others,
/// since a write that is to come may be ordered after the thread alone. (Strong reads do not: what they poll is written
/// by strong writes.)
inline std::uint32_t othersBefore(const Thread &thread, Cell &cell) {
  const auto &reader = cell.reader;
  if (reader.launch != thread.block->grid->launch)
    return cell.othersBytes = 0;
  if (reader.scope != Scope::Weak || !reader.bytes || !anyReaderUnordered(thread, cell))
    return reader.others;
  if (!cell.othersBytes)
    cell.reader.others = 0;
  cell.othersBytes |= reader.bytes;
  return thread.block->worker->readers.join(reader, thread);
}

/// One of the other readers of these bytes that nothing orders before the thread, or null; `lane` of its warp.
inline const PastReader *unorderedAmong(const Thread &thread, std::uint32_t others, std::uint8_t bytes,
                                        std::uint32_t &lane) {
  const ReaderLists &lists = thread.block->worker->readers;
  while (others) {
    const PastReader &past = lists[others];
    others = past.before;
    if (!(past.bytes & bytes))
      continue;
    for (std::uint32_t lanes = past.lanes; lanes; lanes &= lanes - 1) {
      lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
      if (!happenedBefore(thread, past.block, past.time, past.warp * warpSize + lane))
        return &past;
    }
  }
  return nullptr;
}

inline Problem check(Thread &thread, Cell &cell, std::uint8_t bytes, Access kind, Scope scope, const Site *site, bool whole, bool isGlobal) {
  const Block &block = *thread.block;
  std::uint16_t launch = block.grid->launch;
  if (cell.pending & bytes)
    return Problem::Pending;
  if (kind != Access::Store && !whole && (bytes & ~cell.initialised))
    return Problem::Uninitialised;
  auto &writer = cell.writer;
  if (writer.launch == launch && (writer.bytes & bytes) &&
      !(writer.block == block.index && writer.time <= thread.order.base && writer.thread < asyncThread) &&
      !happenedBefore(thread, writer.block, writer.time, writer.thread) &&
      !morallyStrong(thread, scope, writer.scope, writer.block))
    return Problem::Writer;
  auto &reader = cell.reader;
  if (kind == Access::Load) {
    // A later read of the same threads is none of theirs before.
    if (reader.launch == launch && reader.block == block.index && reader.warp == thread.warp->index &&
        (reader.time == block.time || reader.lanes == thread.bit())) {
      reader.time = block.time;
      reader.lanes |= thread.bit();
      reader.bytes |= bytes;
      reader.scope = std::min(reader.scope, scope);
    } else {
      // Where all of a block meet, the last reader of its shared memory has missed what any has.
      std::uint32_t others = isGlobal || thread.order.clock ? othersBefore(thread, cell) : cell.othersBytes = 0;
      reader = {block.index, block.time, thread.bit(), static_cast<std::uint16_t>(thread.warp->index), launch, bytes,
                scope,       others,     site};
    }
    return Problem::None;
  }
  if (reader.launch == launch && (reader.bytes & bytes)) {
    if (anyReaderUnordered(thread, cell) && !morallyStrong(thread, scope, reader.scope, reader.block))
      return Problem::Reader;
    reader.bytes &= ~bytes;
  }
  if (reader.launch == launch && (cell.othersBytes & bytes)) {
    std::uint32_t lane;
    if (unorderedAmong(thread, reader.others, cell.othersBytes & bytes, lane))
      return Problem::OtherReader;
    cell.othersBytes &= ~bytes;
  }
  writer = {block.index, block.time, static_cast<std::uint16_t>(thread.index), launch, bytes, scope, site};
  cell.initialised |= bytes;
  return Problem::None;
}

/// Global cells are shared with other host threads.
class CellLock {
public:
  CellLock(Cell &cell, bool needed) : cell(cell), needed(needed) {
    if (needed)
      while (cell.lock.exchange(1, std::memory_order_acquire))
        std::this_thread::yield();
  }
  ~CellLock() {
    if (needed)
      cell.lock.store(0, std::memory_order_release);
  }

private:
  Cell &cell;
  bool needed;
};

const char *verb(Access kind) {
  return kind == Access::Load ? "load" : kind == Access::Store ? "store" : "atomic operation";
}

std::string who(const Thread &thread, std::uint32_t block, std::uint32_t other) {
  if (other >= asyncThread)
    return text("an asynchronous operation of block ", block);
  return block == thread.block->index ? text("thread ", other) : text("thread ", other, " of block ", block);
}

std::string where(const Site *site) {
  return site ? *site->location ? text(site->text, ", ", site->location) : site->text : "?";
}

[[noreturn]] void faultAt(Thread &thread, std::uint64_t address, const Cell &cell, Problem problem, Access kind,
                          const Site *site) {
  std::string place = describe(thread, address);
  switch (problem) {
  case Problem::Pending:
    fault(thread, site, Fault::MissingWait,
          text(verb(kind), " of ", place, ", which the asynchronous copy of ", who(thread, cell.writer.block, cell.writer.thread), " (",
               where(cell.writer.site), ") has yet to write: nothing has waited for it"));
  case Problem::Uninitialised:
    fault(thread, site, Fault::Uninitialised, text(verb(kind), " of ", place, ", which nothing has written"));
  case Problem::Writer:
    fault(thread, site, Fault::Race,
          text(verb(kind), " of ", place, " races with the write by ", who(thread, cell.writer.block, cell.writer.thread), " (",
               where(cell.writer.site), "): nothing orders them"));
  case Problem::OtherReader: {
    std::uint32_t lane = 0;
    const PastReader *past = unorderedAmong(thread, cell.reader.others, cell.othersBytes, lane);
    fault(thread, site, Fault::Race,
          text(verb(kind), " of ", place, " races with the read by ",
               past ? who(thread, past->block, past->warp * warpSize + lane) : "?", " (",
               where(past ? past->site : nullptr), "): nothing orders them"));
  }
  default: {
    std::uint32_t lane = 0;
    for (std::uint32_t lanes = cell.reader.lanes; lanes; lanes &= lanes - 1) {
      lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
      if (!happenedBefore(thread, cell.reader.block, cell.reader.time, cell.reader.warp * warpSize + lane))
        break;
    }
    fault(thread, site, Fault::Race,
          text(verb(kind), " of ", place, " races with the read by ",
               who(thread, cell.reader.block, cell.reader.warp * warpSize + lane), " (", where(cell.reader.site),
               "): nothing orders them"));
  }
  }
}

/// The bytes of the four at `cell` that [address, address + bytes) covers.
inline std::uint8_t bytesIn(std::uint64_t cell, std::uint64_t address, std::uint64_t end) {
  if (address <= cell && end >= cell + 4)
    return 0xf;
  std::uint64_t from = std::max(address, cell) - cell, to = std::min(end, cell + 4) - cell;
  return static_cast<std::uint8_t>((1u << to) - (1u << from));
}

inline void checkCells(Thread &thread, Cell *cell, std::uint64_t address, std::uint32_t bytes, Access kind, Scope scope,
                       const Site *site, bool whole, bool isGlobal, std::uint32_t owner, bool lock) {
  std::uint64_t end = address + bytes;
  for (std::uint64_t at = address & ~3ull; at < end; at += 4, ++cell) {
    Problem problem;
    {
      CellLock guard(*cell, lock);
      if (!isGlobal && cell->owner != owner) { // shared memory that another block had
        cell->owner = owner;
        cell->initialised = cell->pending = 0;
        cell->writer.launch = cell->reader.launch = 0;
      }
      problem = check(thread, *cell, bytesIn(at, address, end), kind, scope, site, whole, isGlobal);
    }
    if (problem != Problem::None) [[unlikely]]
      faultAt(thread, std::max(at, address), *cell, problem, kind, site);
  }
}

[[noreturn]] void outOfBounds(Thread &thread, std::uint64_t address, std::uint32_t bytes, Access kind, const Site *site) {
  fault(thread, site, Fault::OutOfBounds, text(verb(kind), " of ", bytes, bytes == 1 ? " byte at " : " bytes at ", describe(thread, address)));
}
/// Buffers lie side by side in one allocation: each is a bound of its own.
inline void checkBuffer(Thread &thread, std::uint64_t address, std::uint32_t bytes, Access kind, const Site *site) {
  auto holds = [&](const Buffer &buffer) { return address - buffer.base < buffer.bytes && bytes <= buffer.bytes - (address - buffer.base); };
  std::span<const Buffer> buffers = thread.block->grid->kernel->buffers;
  if (buffers.empty() || (thread.buffer && holds(*thread.buffer)))
    return;
  auto found = std::ranges::find_if(buffers, holds);
  if (found == buffers.end()) [[unlikely]]
    fault(thread, site, Fault::OutOfBounds, text(verb(kind), " of ", bytes, bytes == 1 ? " byte at " : " bytes at ", describe(thread, address),
                                                 ", which is in none of the launch's ", buffers.size(), " buffers"));
  thread.buffer = &*found;
}
} // namespace

Block *blockAt(Thread &thread, std::uint64_t address) {
  std::uint64_t rank = (address & 0xffffffff) / blockWindow;
  return rank < thread.block->grid->kernel->cluster ? &thread.block->sibling(static_cast<std::uint32_t>(rank)) : nullptr;
}

/// A thread of a kernel that was launched early has waited for those before it, or synchronised with one of its block that has.
static void checkWaited(Thread &thread, std::uint64_t address, Access kind, const Site *site) {
  bool waited = std::ranges::any_of(thread.block->threads, [&](const Thread &other) {
    return other.waitedAt && happenedBefore(thread, thread.block->index, other.waitedAt, other.index);
  });
  if (!waited)
    fault(thread, site, Fault::MissingWait,
          text(verb(kind), " of ", describe(thread, address), " before griddepcontrol.wait: the kernel before may still run"));
  thread.mustWait = false;
}

std::string describe(const Thread &thread, std::uint64_t address) {
  if ((address ^ thread.window) >> 32 == 0) {
    std::uint64_t offset = (address & (blockWindow - 1)) - sharedStart;
    std::uint64_t rank = (address & 0xffffffff) / blockWindow;
    std::string place = offset < blockWindow ? text("byte ", offset, " of the ", thread.block->grid->kernel->sharedBytes,
                                                    " bytes of shared memory")
                                             : std::string("shared memory that is not the kernel's");
    return rank == thread.block->rank ? place : place + text(" of block ", rank, " of the cluster");
  }
  std::ostringstream hex;
  hex << std::hex << address;
  return thread.block->grid->memory->describe(address) + " (address 0x" + hex.str() + ")";
}

char *access(Thread &thread, std::uint64_t address, std::uint32_t bytes, std::uint32_t alignment, std::uint32_t space,
             Access kind, Scope scope, const Site *site) {
  Block &block = *thread.block;
  Grid &grid = *block.grid;
  ++block.worker->report.accesses;
  bool shared = space == 3 || space == 7;
  if (shared)
    address = thread.window | (address & 0xffffffff);
  else if ((address ^ thread.window) >> 32 == 0 && space != 1)
    shared = true;
  if (address & (alignment - 1)) [[unlikely]]
    fault(thread, site, Fault::Misaligned, text(verb(kind), " of ", bytes, " bytes that must be aligned to ", alignment, " at ",
                                                describe(thread, address)));
  char *result = reinterpret_cast<char *>(address);
  if (shared) {
    Block *holder = &block;
    std::uint64_t offset = address - block.arena - sharedStart;
    if (offset >= blockWindow && space != 3) {
      holder = blockAt(thread, address);
      offset = holder ? address - holder->arena - sharedStart : offset;
    }
    if (!holder || offset >= grid.kernel->sharedBytes || bytes > grid.kernel->sharedBytes - offset) [[unlikely]]
      outOfBounds(thread, address, bytes, kind, site);
    if (holder != &block && holder->live == 0) [[unlikely]]
      fault(thread, site, Fault::OutOfBounds, text(verb(kind), " of the shared memory of block ", holder->index, ", which has exited"));
    if (grid.full)
      checkCells(thread, holder->cell(address), address, bytes, kind, scope, site, false, false, holder->instance, false);
    return result;
  }
  if (space != 1 && address - reinterpret_cast<std::uint64_t>(thread.stack) < thread.stackBytes)
    return result; // a local variable
  if (!grid.full)
    return result;
  if (thread.mustWait) [[unlikely]]
    checkWaited(thread, address, kind, site);
  Allocation *allocation = thread.allocation;
  if (!allocation || !allocation->contains(address, bytes)) {
    allocation = grid.memory->find(address);
    if (!allocation || !allocation->contains(address, bytes)) [[unlikely]]
      outOfBounds(thread, address, bytes, kind, site);
    thread.allocation = allocation;
  }
  checkBuffer(thread, address, bytes, kind, site);
  checkCells(thread, allocation->cell(address), address, bytes, kind, scope, site, allocation->initialised, true, 0, grid.parallel);
  return result;
}

// ---- Asynchronous copies.
namespace {
template <class Function> void forCells(Block &holder, std::uint64_t address, std::uint64_t bytes, Function function) {
  std::uint64_t end = address + bytes;
  for (std::uint64_t at = address & ~3ull; at < end; at += 4)
    function(*holder.cell(at), bytesIn(at, address, end));
}
template <class Function> void forCells(Thread &thread, const AsyncCopy &copy, Function function) {
  forCells(*thread.block, reinterpret_cast<std::uint64_t>(copy.to), copy.bytes, function);
}
} // namespace

void expectWrite(Thread &thread, std::uint64_t address, std::uint64_t bytes) {
  if (thread.block->grid->full)
    forCells(*blockAt(thread, address), address, bytes, [](Cell &cell, std::uint8_t bits) { cell.pending |= bits; });
}

void wroteAsynchronously(const AsyncTask &task, std::uint64_t address, std::uint64_t bytes, std::uint32_t time, Scope scope) {
  const Block &from = *task.block;
  if (from.grid->full)
    forCells(*blockAt(*task.thread, address), address, bytes, [&](Cell &cell, std::uint8_t bits) {
      cell.pending &= ~bits;
      cell.initialised |= bits;
      cell.writer = {from.index, time, static_cast<std::uint16_t>(asyncThread), from.grid->launch, bits, scope, task.site};
    });
}

void markGlobalWriter(Thread &thread, std::uint64_t address, std::uint64_t bytes, std::uint32_t writer, std::uint32_t time,
                      const Site *site) {
  const Grid &grid = *thread.block->grid;
  Allocation *allocation = grid.full ? grid.memory->find(address) : nullptr;
  if (!allocation)
    return;
  for (std::uint64_t at = address & ~3ull; at < address + bytes; at += 4) {
    Cell &cell = *allocation->cell(at);
    CellLock guard(cell, grid.parallel);
    std::uint8_t bits = bytesIn(at, address, address + bytes);
    cell.writer = {thread.block->index, time, static_cast<std::uint16_t>(writer), grid.launch, bits, Scope::Weak, site};
  }
}

void checkProxyFence(Thread &thread, std::uint64_t address, std::uint64_t bytes, const Site *site) {
  if (!thread.block->grid->full)
    return;
  const Knowledge *known = thread.order.foreign.get();
  forCells(*blockAt(thread, address), address, bytes, [&](const Cell &cell, std::uint8_t bits) {
    const auto &writer = cell.writer;
    if (writer.launch != thread.block->grid->launch || !(writer.bytes & bits) || writer.thread >= asyncThread ||
        (known && knows(*known, writer.block | proxyOf, writer.thread, writer.time)))
      return;
    fault(thread, site, Fault::Race,
          text("reads ", describe(thread, address), ", which ", who(thread, writer.block, writer.thread), " has written (",
               where(writer.site), "), through the asynchronous proxy: no fence.proxy.async is in between"));
  });
}

const char *readForProduct(Thread &thread, std::uint64_t address, std::uint32_t bytes, std::uint32_t time, const Site *site) {
  const char *from = access(thread, address, bytes, 1, 3, Access::Load, Scope::Weak, site);
  checkProxyFence(thread, address, bytes, site);
  Block &block = *thread.block;
  if (block.grid->full)
    forCells(block, address, bytes, [&](Cell &cell, std::uint8_t bits) {
      cell.reader = {block.index,
                     time,
                     1u << matrixThread % warpSize,
                     static_cast<std::uint16_t>(matrixThread / warpSize),
                     block.grid->launch,
                     bits,
                     Scope::Weak,
                     cell.reader.others,
                     site};
    });
  return from;
}

void startCopy(Thread &thread, const AsyncCopy &copy) {
  thread.copies.push_back(copy);
  if (thread.block->grid->full)
    forCells(thread, copy, [](Cell &cell, std::uint8_t bytes) { cell.pending |= bytes; });
}

void landCopies(Thread &thread, std::uint64_t group) {
  std::size_t landed = 0;
  for (; landed < thread.copies.size() && thread.copies[landed].group < group; ++landed) {
    const AsyncCopy &copy = thread.copies[landed];
    std::memcpy(copy.to, copy.from, copy.sourceBytes);
    std::memset(copy.to + copy.sourceBytes, 0, copy.bytes - copy.sourceBytes);
    if (thread.block->grid->full)
      forCells(thread, copy, [&](Cell &cell, std::uint8_t bytes) {
        cell.pending &= ~bytes;
        cell.writer = {thread.block->index, thread.block->time, static_cast<std::uint16_t>(thread.index),
                       thread.block->grid->launch, bytes, Scope::Weak, copy.site};
      });
  }
  thread.copies.erase(thread.copies.begin(), thread.copies.begin() + static_cast<std::ptrdiff_t>(landed));
}

} // namespace keel::emulator
