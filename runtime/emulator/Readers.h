// The readers of a word besides the last: whoever writes it must come after all of them, not after the last alone
// (FastTrack, Flanagan and Freund, PLDI 2009, which has one reader, or all). Words that the same threads read in the
// same order share one list, so a tile that ten warps have read costs ten nodes for each place in a warp, not for each
// word.
#ifndef KEEL_EMULATOR_READERS_H
#define KEEL_EMULATOR_READERS_H

#include "runtime/emulator/Shadow.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace keel::emulator {

struct Thread;

/// Lanes of a warp that have read by plain loads, and who had before: never changed once it is there.
struct PastReader {
  std::uint32_t before; // 0: nobody
  std::uint32_t block, time, lanes;
  std::uint16_t warp;
  std::uint8_t bytes, room; // 2 to the power of room: how long the list may be before it is looked through
  std::uint32_t count;      // this one and those before
  std::uint32_t latest;     // of their times, if all are threads of one block; else 0
  const keel_emulator_site *site;

  /// Loads of one place in the model are one here, in an unrolled loop, too.
  bool operator==(const PastReader &other) const {
    return before == other.before && lanes == other.lanes && time == other.time && block == other.block &&
           warp == other.warp && bytes == other.bytes && room == other.room && site->location == other.site->location;
  }
};

/// All lists of a launch, by the number of the last reader.
class PastReaders {
public:
  static constexpr std::uint32_t most = 1 << 21; // later ones are not remembered

  PastReaders() : readers(std::size_t(most) * sizeof(PastReader)) {}
  void clear() { used.store(1, std::memory_order_relaxed); }
  const PastReader &operator[](std::uint32_t index) const { return data()[index]; }
  /// Place for so many, or 0.
  std::uint32_t reserve(std::uint32_t count);
  PastReader *data() const { return reinterpret_cast<PastReader *>(readers.data()); }

private:
  LazyMemory readers;
  std::atomic<std::uint32_t> used{1};
};

/// How one host thread makes lists longer. Others may read what it has made once they have a list's number.
class ReaderLists {
public:
  explicit ReaderLists(PastReaders &all) : all(all) {}
  /// The list of a word's other readers once its last one has joined them, for the next reader: without those that have
  /// happened before that, when the list is long.
  std::uint32_t join(const Reader &reader, const Thread &next);
  const PastReader &operator[](std::uint32_t index) const { return all[index]; }

private:
  std::uint32_t append(std::uint32_t list, PastReader &reader, std::uint8_t room);
  std::uint32_t shorten(const PastReader &reader, const Thread &next);
  void grow();

  PastReaders &all;
  std::uint32_t free = 0, end = 0; // reserved
  // The last question, which the words of a vector repeat.
  Reader asked{};
  const Thread *askedFor = nullptr;
  std::uint32_t askedIn = 0, askedAt = 0, answer = 0; // its block and time
  std::vector<std::uint32_t> table;                   // a hash table of those that are here
  std::uint32_t numHere = 0;
};

} // namespace keel::emulator

#endif
