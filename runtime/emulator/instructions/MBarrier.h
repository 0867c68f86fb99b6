// mbarrier objects, for the instructions that signal them. PTX ISA 9.7.13.15.
#ifndef KEEL_EMULATOR_INSTRUCTIONS_MBARRIER_H
#define KEEL_EMULATOR_INSTRUCTIONS_MBARRIER_H

#include "runtime/emulator/Instruction.h"

namespace keel::emulator {

/// The object at an address of the shared window (in any block of the cluster); a fault if there is none.
MBarrier &mbarrierAt(Thread &thread, std::uint64_t address, const Site *site);
/// The same for the asynchronous proxy, which sees no initialisation but a fenced one (PTX ISA 9.7.13.4 fence.mbarrier_init,
/// fence.proxy.async).
MBarrier &seenMBarrierAt(Thread &thread, std::uint64_t address, const Site *site);
/// The thread has fenced its initialisations.
void showMBarriers(Thread &thread);
/// complete_tx: asynchronous work has moved `bytes`, and makes `knowledge` known.
void completeBytes(Thread &thread, MBarrier &barrier, std::int64_t bytes, const KnowledgeRef &knowledge, const Site *site);
/// Done: one knows, from an mbarrier, what asynchronous work of `block` has written up to `time`.
KnowledgeRef asyncKnowledge(const Block &block, std::uint32_t time);

} // namespace keel::emulator

#endif
