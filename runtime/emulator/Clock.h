// Which accesses happened before which (PTX ISA 8, memory consistency model), exactly and cheaply enough to ask at every
// access. Each block counts its synchronisations: that is its time, and an access is tagged (block, time, thread).
//
// A thread knows, for its own block, a time `base` up to which everything happened before it (a barrier of all threads
// sets it), and, where fewer threads have synchronised, one time for each thread (`clock`, shared by those who met). Of
// other blocks it knows what releases that it acquired told (`foreign`).
#ifndef KEEL_EMULATOR_CLOCK_H
#define KEEL_EMULATOR_CLOCK_H

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace keel::emulator {

using Clock = std::vector<std::uint32_t>; // a time for each thread of the block

/// What is known to have happened in one block: everything up to `base`, and more of some threads.
struct BlockKnowledge {
  std::uint32_t block, base;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> threads; // (thread, time), sorted by thread
};

/// In place of a block's number: what of its doings a fence.proxy.async has made known to the asynchronous proxy.
constexpr std::uint32_t proxyOf = 0x80000000u;

/// For each block known about, sorted by block.
using Knowledge = std::vector<BlockKnowledge>;
using KnowledgeRef = std::shared_ptr<const Knowledge>;

KnowledgeRef join(const KnowledgeRef &a, const KnowledgeRef &b);
/// What a proxy fence adds to it.
KnowledgeRef proxied(const Knowledge &knowledge);
bool knows(const Knowledge &knowledge, std::uint32_t block, std::uint32_t thread, std::uint32_t time);

/// Thread numbers that asynchronous work goes by, which no barrier covers: who has waited for it knows it (copies into
/// memory), and who has waited for wgmma knows that it has read.
constexpr std::uint32_t asyncThread = 0xfffe, matrixThread = 0xffff;

struct Order {
  std::uint32_t base = 0;
  std::shared_ptr<const Clock> clock; // null: nothing beyond base
  KnowledgeRef foreign;               // null: nothing
  std::uint32_t async[2] = {0, 0};    // of asyncThread and matrixThread

  /// Of an access of this thread's own block.
  bool sees(std::uint32_t thread, std::uint32_t time) const {
    if (thread >= asyncThread)
      return time <= async[thread - asyncThread];
    return time <= base || (clock && time <= (*clock)[thread]);
  }
};

/// What a release by `thread` at `time` makes known.
KnowledgeRef released(const Order &order, std::uint32_t block, std::uint32_t thread, std::uint32_t time);
/// The order of a thread that acquires it.
void acquire(Order &order, std::uint32_t block, std::uint32_t threads, const KnowledgeRef &knowledge);

} // namespace keel::emulator

#endif
