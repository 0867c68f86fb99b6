// Lists of readers that share what they have in common.
#include "runtime/emulator/Readers.h"
#include "runtime/emulator/Machine.h"

#include <algorithm>
#include <tuple>

namespace keel::emulator {

namespace {
constexpr std::uint32_t chunk = 256; // readers that a host thread reserves at once
constexpr std::uint8_t firstRoom = 6;

std::uint32_t hash(const PastReader &reader) {
  std::uint64_t a = (std::uint64_t(reader.before) << 32 | reader.lanes) * 0x9e3779b97f4a7c15ull;
  std::uint64_t b = (std::uint64_t(reader.block) << 32 | reader.time) * 0xc2b2ae3d27d4eb4full;
  std::uint64_t c = (reader.warp | std::uint64_t(reader.bytes) << 16) * 0x165667b19e3779f9ull ^
                    reinterpret_cast<std::uint64_t>(reader.site->location);
  std::uint64_t all = (a ^ (b >> 29) ^ b ^ c) * 0x9e3779b97f4a7c15ull;
  return static_cast<std::uint32_t>(all >> 32);
}
} // namespace

std::uint32_t PastReaders::reserve(std::uint32_t count) {
  std::uint32_t first = used.load(std::memory_order_relaxed);
  while (first + count <= most)
    if (used.compare_exchange_weak(first, first + count, std::memory_order_relaxed))
      return first;
  return 0;
}

std::uint32_t ReaderLists::join(const Reader &reader, const Thread &next) {
  const Block &block = *next.block;
  if (askedFor == &next && askedIn == block.instance && askedAt == block.time && asked == reader)
    return answer;
  asked = reader, askedFor = &next, askedIn = block.instance, askedAt = block.time;
  PastReader past{reader.others, reader.block, reader.time, reader.lanes, reader.warp, reader.bytes, firstRoom, 0, 0,
                  reader.site};
  const PastReader &before = all[reader.others];
  // None, or everybody on it came before a barrier of the block.
  if (!reader.others || (before.latest && before.block == block.index && before.latest <= next.order.base))
    return answer = append(0, past, firstRoom);
  if (before.count >> before.room)
    return answer = shorten(past, next);
  return answer = append(reader.others, past, before.room);
}

std::uint32_t ReaderLists::append(std::uint32_t list, PastReader &reader, std::uint8_t room) {
  const PastReader *before = list ? &all[list] : nullptr;
  bool ofOneBlock =
      reader.warp < asyncThread / warpSize && (!before || (before->latest && before->block == reader.block));
  reader.before = list;
  reader.room = room;
  reader.count = before ? before->count + 1 : 1;
  reader.latest = ofOneBlock ? std::max(reader.time, before ? before->latest : 0) : 0;
  if (2 * numHere >= table.size())
    grow();
  std::uint32_t mask = static_cast<std::uint32_t>(table.size()) - 1, slot = hash(reader) & mask;
  for (; table[slot]; slot = (slot + 1) & mask)
    if (all[table[slot]] == reader)
      return table[slot];
  if (free == end) {
    free = all.reserve(chunk);
    end = free ? free + chunk : 0;
    if (!free)
      return list;
  }
  all.data()[free] = reader;
  ++numHere;
  return table[slot] = free++;
}

std::uint32_t ReaderLists::shorten(const PastReader &reader, const Thread &next) {
  std::vector<PastReader> past{reader};
  for (std::uint32_t at = reader.before; at; at = all[at].before)
    past.push_back(all[at]);
  // In an order of their own, lists of words that were read in different orders become the same; each warp's last read
  // first.
  past.front().count = PastReaders::most;
  std::ranges::sort(
      past, {}, [](const PastReader &one) { return std::tuple(one.block, one.warp, PastReaders::most - one.count); });
  std::vector<PastReader> kept;
  for (PastReader &one : past) {
    for (std::uint32_t lanes = one.lanes; lanes; lanes &= lanes - 1)
      if (auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
          happenedBefore(next, one.block, one.time, one.warp * warpSize + lane))
        one.lanes &= ~(1u << lane);
    // A thread's own later read stands for its earlier ones.
    for (auto later = kept.rbegin(); later != kept.rend() && later->block == one.block && later->warp == one.warp;
         ++later)
      if (!(one.bytes & ~later->bytes))
        one.lanes &= ~later->lanes;
    if (one.lanes)
      kept.push_back(one);
  }
  std::uint8_t room = firstRoom;
  while (kept.size() >> (room - 1))
    ++room;
  std::uint32_t result = 0;
  for (std::size_t i = kept.size(); i-- > 0;)
    result = append(result, kept[i], room);
  return result;
}

void ReaderLists::grow() {
  std::vector<std::uint32_t> old = std::move(table);
  table.assign(std::max<std::size_t>(256, 2 * old.size()), 0);
  std::uint32_t mask = static_cast<std::uint32_t>(table.size()) - 1;
  for (std::uint32_t index : old) {
    if (!index)
      continue;
    std::uint32_t slot = hash(all[index]) & mask;
    while (table[slot])
      slot = (slot + 1) & mask;
    table[slot] = index;
  }
}

} // namespace keel::emulator
