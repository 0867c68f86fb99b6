// What loads, stores and atomics that may synchronise have in common. PTX ISA 8.7 to 8.9.
#ifndef KEEL_EMULATOR_INSTRUCTIONS_STRONG_H
#define KEEL_EMULATOR_INSTRUCTIONS_STRONG_H

#include "runtime/emulator/Instruction.h"

namespace keel::emulator {

struct Semantics {
  Scope scope = Scope::Weak; // Weak: a plain access
  bool acquires = false, releases = false;
};

/// Modifiers .weak, .volatile, .relaxed, .acquire, .release, .acq_rel and the scope. Volatile is relaxed at system scope.
Semantics parseSemantics(const Name &name, bool atomic);

/// While it lives, no other thread does a strong operation at the address. A fault ends it as well: it leaves the fibre
/// without unwinding it.
class StrongOperation {
public:
  StrongOperation(Thread &thread, std::uint64_t address, const Semantics &semantics);
  ~StrongOperation() { unlock(); }
  /// Lets the others run, and goes on where it was.
  void spin(const Site *site);

private:
  void lock();
  void unlock();

  Thread &thread;
  StrongWords *words; // null: of one host thread, or not strong
};

/// Before a strong write is seen.
void beforeWrite(Thread &thread, std::uint64_t address, const Semantics &semantics, bool update);
/// After a strong read.
void afterRead(Thread &thread, std::uint64_t address, const Semantics &semantics);
/// A strong read (or an atomic that changed nothing) found `value`; true: as the last time, so the others should run
/// and the read be done again.
bool pollsInVain(Thread &thread, const Site *site, std::uint64_t address, std::uint64_t value);

/// A word of 1, 2, 4 or 8 bytes, as one access of the host.
std::uint64_t loadWord(const char *address, std::uint32_t bytes);
void storeWord(char *address, std::uint32_t bytes, std::uint64_t value);

} // namespace keel::emulator

#endif
