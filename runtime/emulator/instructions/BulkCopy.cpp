// Bulk copies by the copy engine. PTX ISA 9.7.9.25.4 cp.async.bulk, 9.7.9.25.5 cp.async.bulk.tensor (tiled), and
// 9.7.9.25.3.2 their bulk groups.
//
// Into shared memory: the bytes land late, and then count at the mbarrier. Out of it: they are read late, at the latest when
// a wait for the group says so, and the reading counts as the waiting thread's then, so whoever writes the source without
// having synchronised with that is in a race.
#include "runtime/emulator/TensorMap.h"
#include "runtime/emulator/instructions/MBarrier.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace keel::emulator {

using runtime::text;

namespace {
struct BulkModifiers {
  bool multicast, fromShared;
  std::uint32_t rank; // of a tensor; 0: plain bytes
};

using Pieces = std::vector<BulkPiece>;

// ---- Into shared memory. Tasks belong to the block before anything can fail, since a fault unwinds nothing.
struct LoadTask : AsyncTask {
  Pieces pieces;
  std::uint64_t barrier = 0;
  std::uint8_t fill = 0;

  void land() override {
    std::uint32_t time = block->time++;
    std::int64_t bytes = 0;
    for (const BulkPiece &piece : pieces) {
      if (piece.from)
        std::memcpy(reinterpret_cast<char *>(piece.to), reinterpret_cast<const char *>(piece.from), piece.bytes);
      else
        std::memset(reinterpret_cast<char *>(piece.to), fill, piece.bytes);
      wroteAsynchronously(*this, piece.to, piece.bytes, time);
      bytes += piece.bytes;
    }
    completeBytes(*thread, mbarrierAt(*thread, barrier, site), bytes, asyncKnowledge(*block, time), site);
  }
};

template <class Task> Task &newTask(Thread &thread, const Site *site) {
  auto task = std::make_unique<Task>();
  task->block = thread.block, task->thread = &thread, task->site = site;
  Task &result = *task;
  thread.block->tasks.push_back(std::move(task));
  return result;
}

std::uint32_t destinations(Thread &thread, bool multicast, std::uint64_t to, std::uint64_t mask, const Site *site) {
  auto blocks = multicast ? static_cast<std::uint32_t>(mask & 0xffff)
                          : 1u << std::min<std::uint64_t>((to & 0xffffffff) / blockWindow, 31);
  if (blocks == 0 || blocks >> thread.block->grid->kernel->cluster)
    fault(thread, site, Fault::Invalid, text("goes to blocks ", blocks, " (as a mask) of a cluster of ", thread.block->grid->kernel->cluster));
  return blocks;
}

/// Starts the load whose pieces are those of the block's last task, into each of the blocks.
void startLoad(Thread &thread, std::uint32_t blocks, std::uint32_t alignment, const Site *site) {
  std::size_t first = thread.block->tasks.size() - 1;
  for (std::uint32_t rest = blocks & (blocks - 1); rest; rest &= rest - 1)
    newTask<LoadTask>(thread, site) = static_cast<LoadTask &>(*thread.block->tasks[first]);
  std::size_t number = first;
  for (std::uint32_t rest = blocks; rest; rest &= rest - 1, ++number) {
    auto &task = static_cast<LoadTask &>(*thread.block->tasks[number]);
    std::uint64_t window = thread.window | static_cast<std::uint64_t>(std::countr_zero(rest)) * blockWindow;
    task.barrier = window | (task.barrier & (blockWindow - 1));
    seenMBarrierAt(thread, task.barrier, site);
    for (BulkPiece &piece : task.pieces) {
      piece.to = window | (piece.to & (blockWindow - 1));
      if (piece.from && number == first)
        access(thread, piece.from, piece.bytes, alignment, 0, Access::Load, Scope::Weak, site);
      access(thread, piece.to, piece.bytes, alignment, 7, Access::Store, Scope::Weak, site);
      expectWrite(thread, piece.to, piece.bytes);
    }
  }
}

void checkBulk(Thread &thread, std::uint64_t to, std::uint64_t from, std::uint64_t bytes, const Site *site) {
  if (bytes % 16 || bytes == 0)
    fault(thread, site, Fault::Invalid, text("a bulk copy of ", bytes, " bytes: must be a multiple of 16"));
  if (to % 16 || from % 16)
    fault(thread, site, Fault::Misaligned, "source and destination of a bulk copy must be aligned to 16");
}

// cp.async.bulk [to], [from], bytes, [mbarrier]{, mask}{, policy}
void load(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  const auto &modifiers = decoded<BulkModifiers>(site);
  std::uint64_t from = modifiers.fromShared ? thread.window | (in[1] & 0xffffffff) : in[1];
  auto bytes = static_cast<std::uint32_t>(in[2]);
  checkBulk(thread, in[0], from, bytes, site);
  std::uint32_t blocks = destinations(thread, modifiers.multicast, in[0], modifiers.multicast ? in[4] : 0, site);
  auto &task = newTask<LoadTask>(thread, site);
  task.barrier = in[3];
  task.pieces = {{in[0], from, bytes}};
  startLoad(thread, blocks, 16, site);
}

// ---- Out of shared memory.
struct StoreTask : AsyncTask {
  Pieces pieces;
  std::uint64_t group = 0;
  StoreTask() { writesShared = false; }
  void land() override {
    for (const BulkPiece &piece : pieces)
      std::memcpy(reinterpret_cast<char *>(piece.to), reinterpret_cast<const char *>(piece.from), piece.bytes);
  }
};

/// Starts the store whose pieces are those of the block's last task.
void startStore(Thread &thread, std::uint32_t alignment, const Site *site) {
  auto &task = static_cast<StoreTask &>(*thread.block->tasks.back());
  task.group = thread.bulkGroup;
  for (const BulkPiece &piece : task.pieces) {
    access(thread, piece.from, piece.bytes, alignment, 3, Access::Load, Scope::Weak, site);
    checkProxyFence(thread, piece.from, piece.bytes, site);
    access(thread, piece.to, piece.bytes, alignment, 0, Access::Store, Scope::Weak, site);
    markGlobalWriter(thread, piece.to, piece.bytes, asyncThread, ~0u, site); // nobody has seen it
    thread.bulkStores.push_back({piece, thread.bulkGroup, site, false});
  }
}

// cp.async.bulk.global.shared::cta.bulk_group [to], [from], bytes
void store(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  auto bytes = static_cast<std::uint32_t>(in[2]);
  checkBulk(thread, in[0], in[1], bytes, site);
  newTask<StoreTask>(thread, site).pieces = {{in[0], thread.window | (in[1] & 0xffffffff), bytes}};
  startStore(thread, 16, site);
}

void commit(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) { ++self(t).bulkGroup; }

void waitGroups(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  bool readsOnly = decoded<bool>(site);
  std::uint64_t limit = thread.bulkGroup - std::min<std::uint64_t>(static_cast<std::uint32_t>(in[0]), thread.bulkGroup);
  auto &tasks = thread.block->tasks;
  for (std::size_t i = 0; i < tasks.size();) {
    auto *task = tasks[i]->thread == &thread ? dynamic_cast<StoreTask *>(tasks[i].get()) : nullptr;
    if (!task || task->group >= limit) {
      ++i;
      continue;
    }
    task->land();
    tasks.erase(tasks.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (std::size_t i = 0; i < thread.bulkStores.size();) {
    BulkStore &store = thread.bulkStores[i];
    if (store.group >= limit) {
      ++i;
      continue;
    }
    if (!store.read) // this is when the source was read, for all that others may know
      access(thread, store.piece.from, store.piece.bytes, 1, 3, Access::Load, Scope::Weak, store.site);
    store.read = true;
    if (!readsOnly)
      markGlobalWriter(thread, store.piece.to, store.piece.bytes, thread.index, thread.block->time, store.site);
    if (readsOnly)
      ++i;
    else
      thread.bulkStores.erase(thread.bulkStores.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// ---- Tensors.
const TensorMap &mapAt(Thread &thread, std::uint64_t address, std::uint32_t rank, const Site *site) {
  if (address % 64)
    fault(thread, site, Fault::Misaligned, "a tensor map must be aligned to 64");
  const auto &map = *reinterpret_cast<const TensorMap *>(address);
  if (map.magic != TensorMap::expectedMagic)
    fault(thread, site, Fault::Invalid, "not a tensor map that the emulator has encoded");
  if (map.rank != rank)
    fault(thread, site, Fault::Invalid, text("a tensor map of ", int(map.rank), " dimensions, not ", rank));
  return map;
}

/// Calls element(shared address, global address or 0 outside the tensor) for each element of the box.
template <class Function>
void forBox(const TensorMap &map, const std::uint64_t *coordinates, std::uint64_t shared, Function element) {
  std::uint32_t rows = 1;
  for (std::uint32_t d = 1; d < map.rank; ++d)
    rows *= map.box[d];
  auto first = static_cast<std::int32_t>(coordinates[0]);
  for (std::uint32_t row = 0; row < rows; ++row) {
    bool inside = true;
    std::uint64_t global = map.base;
    std::uint32_t rest = row;
    for (std::uint32_t d = 1; d < map.rank; ++d) {
      std::int64_t at = static_cast<std::int64_t>(static_cast<std::int32_t>(coordinates[d])) + rest % map.box[d];
      rest /= map.box[d];
      inside &= at >= 0 && at < map.extents[d];
      global += static_cast<std::uint64_t>(at) * map.strides[d - 1];
    }
    for (std::uint32_t i = 0; i < map.box[0]; ++i) {
      std::int64_t at = static_cast<std::int64_t>(first) + i;
      bool here = inside && at >= 0 && at < map.extents[0];
      element(swizzled(shared + static_cast<std::uint64_t>(row * map.box[0] + i) * map.elementBytes, map.swizzle),
              here ? global + static_cast<std::uint64_t>(at) * map.elementBytes : 0);
    }
  }
}

/// What goes on from the last piece on both sides becomes part of it.
void append(Pieces &pieces, BulkPiece piece) {
  if (!pieces.empty()) {
    BulkPiece &last = pieces.back();
    bool goesOn = last.from ? last.from + last.bytes == piece.from : !piece.from;
    if (last.to + last.bytes == piece.to && goesOn && last.bytes < 4096) {
      last.bytes += piece.bytes;
      return;
    }
  }
  pieces.push_back(piece);
}

void checkTile(Thread &thread, const TensorMap &map, std::uint64_t shared, const Site *site) {
  std::uint32_t alignment = 128u << static_cast<int>(map.swizzle); // the pattern's length
  if (shared % alignment)
    fault(thread, site, Fault::Misaligned, text("the tile in shared memory must be aligned to ", alignment, " for its swizzle"));
}

// [to], [map, {coordinates}], [mbarrier]{, mask}{, policy}
void loadTensor(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  const auto &modifiers = decoded<BulkModifiers>(site);
  const TensorMap &map = mapAt(thread, in[1], modifiers.rank, site);
  checkTile(thread, map, in[0], site);
  std::uint32_t blocks = destinations(thread, modifiers.multicast, in[0], modifiers.multicast ? in[3 + modifiers.rank] : 0, site);
  auto &task = newTask<LoadTask>(thread, site);
  task.barrier = in[2 + modifiers.rank];
  task.fill = map.fillsWithNaN ? 0xff : 0;
  forBox(map, in + 2, in[0] & 0xffffffff, [&](std::uint64_t shared, std::uint64_t global) {
    append(task.pieces, {shared, global, map.elementBytes});
  });
  startLoad(thread, blocks, 1, site);
}

// [map, {coordinates}], [from]: what is outside the tensor is not written.
void storeTensor(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  Thread &thread = self(t);
  const auto &modifiers = decoded<BulkModifiers>(site);
  const TensorMap &map = mapAt(thread, in[0], modifiers.rank, site);
  checkTile(thread, map, in[1 + modifiers.rank], site);
  auto &task = newTask<StoreTask>(thread, site);
  forBox(map, in + 1, thread.window | (in[1 + modifiers.rank] & 0xffffffff), [&](std::uint64_t shared, std::uint64_t global) {
    if (global)
      append(task.pieces, {global, shared, map.elementBytes});
  });
  startStore(thread, 1, site);
}

void nothing(keel_emulated_thread *, const std::uint64_t *, std::uint64_t *, const Site *) {}

std::optional<Binding> decodeBulk(const Name &name) {
  if (!name.has("async") || !name.has("bulk") || name.has("im2col"))
    return std::nullopt;
  if (name.has("commit_group"))
    return Binding{commit};
  if (name.has("wait_group"))
    return bind(waitGroups, name.has("read"));
  if (name.has("prefetch"))
    return Binding{nothing};
  BulkModifiers modifiers{name.has("multicast::cluster"), false, 0};
  if (name.has("tensor"))
    for (std::uint32_t d = 1; d <= 5; ++d)
      if (name.has(std::to_string(d) + "d"))
        modifiers.rank = d;
  if (name.has("tensor") != (modifiers.rank > 0))
    return std::nullopt;
  if (name.has("bulk_group"))
    return bind(modifiers.rank ? storeTensor : store, modifiers);
  if (!name.has("mbarrier::complete_tx::bytes"))
    return std::nullopt;
  // The source is the space that is named last.
  for (std::string_view part : name.parts)
    if (part == "global" || part.substr(0, 8) == "shared::")
      modifiers.fromShared = part == "shared::cta";
  return bind(modifiers.rank ? loadTensor : load, modifiers);
}
} // namespace

std::span<const Opcode> bulkCopyInstructions() {
  static constexpr Opcode table[] = {{"cp", decodeBulk}};
  return table;
}

} // namespace keel::emulator
