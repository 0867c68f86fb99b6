// Traps, exits, sleeping, registers that warps give away, and instructions that change nothing that can be seen here. PTX ISA
// 9.7.19.4 trap, 9.7.12.5 exit, 9.7.13.13 griddepcontrol, 9.7.19.2 nanosleep, 9.7.19.5 setmaxnreg; printf and assert as CUDA
// declares them.
#include "runtime/emulator/instructions/Strong.h"

#include <algorithm>
#include <cstring>

namespace keel::emulator {

using runtime::text;

namespace {
void nothing(keel_emulated_thread *, const std::uint64_t *, std::uint64_t *, const Site *) {}
std::optional<Binding> decodeNothing(const Name &) { return Binding{nothing}; }

// What is left of an instruction that a mutant lacks: mutant.nothing, or mutant.done where it would have said whether.
void done(keel_emulated_thread *, const std::uint64_t *, std::uint64_t *out, const Site *) { out[0] = 1; }
std::optional<Binding> decodeMutant(const Name &name) { return Binding{name.has("done") ? done : nothing}; }

void trap(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *site) {
  fault(self(t), site, Fault::Trap, "the kernel stops itself");
}
std::optional<Binding> decodeTrap(const Name &) { return Binding{trap}; }

void leave(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) { exitThread(self(t)); }
std::optional<Binding> decodeExit(const Name &) { return Binding{leave}; }

void sleep(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) { yield(self(t)); }
std::optional<Binding> decodeSleep(const Name &) { return Binding{sleep}; }

// griddepcontrol.wait: all that kernels before have written is there. When a launch has begun here, those before it have ended.
void waitForEarlier(keel_emulated_thread *t, const std::uint64_t *, std::uint64_t *, const Site *) {
  Thread &thread = self(t);
  thread.mustWait = false;
  thread.waitedAt = thread.block->time;
  thread.block->grid->waited.store(true, std::memory_order_relaxed);
}
std::optional<Binding> decodeDependency(const Name &name) {
  if (name.has("wait"))
    return Binding{waitForEarlier};
  if (name.has("launch_dependents")) // they may start: nobody has to
    return Binding{nothing};
  return std::nullopt;
}

/// A warp has come: out[0] says whether it got what it asks for, or must wait until others have given registers away.
template <bool increases> void changeRegisters(Warp &warp, std::uint32_t lanes, const Site &site) {
  auto wanted = static_cast<std::uint32_t>(warp.thread(0).in[0]);
  Block &block = *warp.block;
  if (wanted < 24 || wanted > 256 || wanted % 8)
    fault(warp.thread(0), &site, Fault::Invalid, text(wanted, " registers: must be a multiple of 8 from 24 to 256"));
  if (increases ? wanted < warp.registers : wanted > warp.registers)
    fault(warp.thread(0), &site, Fault::Invalid,
          text(increases ? "an increase" : "a decrease", " to ", wanted, " registers of a warp that has ", warp.registers));
  bool granted = !increases || (wanted - warp.registers) * warpSize <= block.freeRegisters;
  if (granted) {
    block.freeRegisters += (warp.registers - wanted) * warpSize;
    warp.registers = wanted;
    progress(warp.thread(0));
  }
  for (std::uint32_t lane = 0; lane < warpSize; ++lane)
    if (lanes >> lane & 1)
      warp.thread(lane).out[0] = granted;
}

// setmaxnreg.inc or .dec.sync.aligned.u32 count: all warps of a group are to do it; each is counted for itself.
template <bool increases>
void setRegisters(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *out, const Site *site) {
  Thread &thread = self(t);
  for (;;) {
    meet(thread, allLanes, Convergence::Whole, in, out, site, changeRegisters<increases>);
    if (out[0])
      return;
    if (pollsInVain(thread, site, 0, thread.block->freeRegisters))
      spin(thread);
  }
}

std::optional<Binding> decodeRegisters(const Name &name) {
  if (name.has("inc"))
    return Binding{setRegisters<true>};
  if (name.has("dec"))
    return Binding{setRegisters<false>};
  return std::nullopt;
}

// call.__assertfail(message, file, line, function, character size)
void assertFail(keel_emulated_thread *t, const std::uint64_t *in, std::uint64_t *, const Site *site) {
  auto string = [&](std::uint64_t word) { return word ? reinterpret_cast<const char *>(word) : "?"; };
  fault(self(t), site, Fault::Trap,
        text("assertion failed: ", string(in[0]), " (", string(in[1]), ":", static_cast<std::uint32_t>(in[2]), ")"));
}

// call.vprintf(format, arguments): nothing is printed; it returns how many arguments it would have taken.
void print(keel_emulated_thread *, const std::uint64_t *, std::uint64_t *out, const Site *) { out[0] = 0; }

std::optional<Binding> decodeCall(const Name &name) {
  if (name.part(1) == "__assertfail")
    return Binding{assertFail};
  if (name.part(1) == "vprintf")
    return Binding{print};
  return std::nullopt;
}
} // namespace

std::span<const Opcode> controlInstructions() {
  static constexpr Opcode table[] = {{"trap", decodeTrap},
                                     {"brkpt", decodeTrap},
                                     {"exit", decodeExit},
                                     {"ret", decodeExit},
                                     {"nanosleep", decodeSleep},
                                     {"griddepcontrol", decodeDependency},
                                     {"setmaxnreg", decodeRegisters},
                                     {"pmevent", decodeNothing},
                                     {"call", decodeCall},
                                     {"discard", decodeNothing},
                                     {"createpolicy", decodeNothing},
                                     {"mutant", decodeMutant}};
  return table;
}

} // namespace keel::emulator
