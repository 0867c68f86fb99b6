// Traps, exits, sleeping, and instructions that change nothing that can be seen here. PTX ISA 9.7.19.4 trap, 9.7.12.5
// exit, 9.7.13.13 griddepcontrol, 9.7.19.2 nanosleep, 9.7.19.5 setmaxnreg; printf and assert as CUDA declares them.
#include "runtime/emulator/Instruction.h"

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
  static constexpr Opcode table[] = {{"trap", decodeTrap},        {"brkpt", decodeNothing},          {"exit", decodeExit},
                                     {"ret", decodeExit},         {"nanosleep", decodeSleep},        {"griddepcontrol", decodeNothing},
                                     {"setmaxnreg", decodeNothing}, {"pmevent", decodeNothing},      {"call", decodeCall},
                                     {"discard", decodeNothing},  {"createpolicy", decodeNothing},   {"mutant", decodeMutant}};
  return table;
}

} // namespace keel::emulator
