// Runs emulated CUDA kernels on the host, more strictly than hardware does: whatever the PTX ISA leaves open is decided
// against the kernel, and whatever it leaves undefined is an error that names kernel, block, thread and instruction.
#ifndef KEEL_EMULATOR_EMULATOR_H
#define KEEL_EMULATOR_EMULATOR_H

#include "runtime/emulator/Abi.h"
#include "runtime/support/Error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace keel::emulator {

/// What a kernel did wrong.
enum class Fault {
  Race,          ///< two accesses that nothing orders, at least one of them a write
  MissingWait,   ///< a use of memory that an asynchronous copy, or the kernel before, has yet to write
  OutOfBounds,   ///< an address in no allocation, beyond the shared memory, or in another state space
  Uninitialised, ///< a read of what nobody wrote
  Misaligned,
  Divergence,    ///< threads that must meet are at different instructions
  Deadlock,      ///< nobody makes progress
  Trap,          ///< trap, a failed assertion
  Invalid,       ///< an operand that the instruction does not allow
};
const char *name(Fault fault);

struct EmulationError : runtime::Error {
  EmulationError(Fault fault, std::string kernel, std::uint32_t block, std::uint32_t thread, std::string location,
                 const std::string &message);
  Fault fault;
  std::string kernel, location;
  std::uint32_t block, thread;
};

enum class Checks {
  Fast, ///< divergence, deadlock and late asynchronous copies; accesses are taken as they are
  Full, ///< all faults
};

struct Options {
  std::uint64_t seed = 0;            ///< of the order of blocks and warps
  std::uint32_t residentBlocks = 4;  ///< blocks that run at the same time and so may wait for one another
  std::uint32_t threads = 0;         ///< host threads; 0: as many as CPUs. With one, a run is a function of the seed alone
  Checks checks = Checks::Full;
  std::size_t stackBytes = 64 << 10; ///< of a thread: local memory and calls
  std::uint64_t patience = 1 << 11;  ///< polls without any progress that count as a deadlock
  std::uint32_t mutant = 0;          ///< which change of the code runs, where it was made with mutants; 0: none
};

/// Memory that a launch is given.
struct Buffer {
  std::uint64_t base, bytes;
};

struct Kernel {
  const char *name = "";
  const char *location = "";
  keel_emulated_entry entry = nullptr;
  std::uint32_t threads = 0;     ///< in a block: 1 … 1024
  std::uint32_t sharedBytes = 0; ///< static (rounded up to 128) and dynamic
  std::uint32_t dynamicBytes = 0; ///< of these, dynamic (for %dynamic_smem_size)
  std::uint32_t cluster = 1;     ///< blocks in a cluster: divides the number of blocks
  std::uint32_t registers = 0;   ///< of a thread when it starts (setmaxnreg); 0: all that a multiprocessor has
  std::span<const Buffer> buffers = {}; ///< what of global memory it may touch; none: all that is registered
  bool early = false;            ///< the kernel before it may still run: it waits itself (griddepcontrol.wait)
};

/// Counts of a launch.
struct Report {
  std::uint64_t blocks = 0, switches = 0, accesses = 0, collectives = 0, barriers = 0;
};

/// Looks a module's imports up and fills them. An unknown name is an error that lists all unknown ones. The result keeps
/// what the imports point to alive.
std::shared_ptr<const void> resolve(keel_emulator_import *imports, std::uint32_t count);

/// A device: its memory as far as it is registered, and what launches reuse. One launch at a time.
class Emulator {
public:
  Emulator();
  ~Emulator();
  Emulator(const Emulator &) = delete;
  Emulator &operator=(const Emulator &) = delete;

  /// Host memory that kernels may use as global memory, from here on. Overlaps with nothing registered.
  void registerMemory(const void *base, std::size_t bytes, bool initialised, std::string name = "");
  void unregisterMemory(const void *base);
  /// The host wrote there.
  void markInitialised(const void *base, std::size_t bytes);
  /// The contents are no longer defined (an arena that is lent again).
  void markUninitialised(const void *base, std::size_t bytes);

  /// Runs `blocks` blocks to their end. Throws EmulationError for the first fault; memory is then undefined.
  Report launch(const Kernel &kernel, std::uint32_t blocks, const std::uint64_t *arguments, const Options &options = {});

private:
  struct State;
  std::unique_ptr<State> state;
};

/// Device code in a shared library of its own (made by keel-emulate).
class Module {
public:
  explicit Module(const std::string &path);
  /// Linked in.
  explicit Module(const keel_emulator_module &module);
  ~Module();
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;

  /// The kernel of that name, or an error that lists the names. Dynamic shared memory and the block size are the caller's.
  Kernel kernel(const std::string &name, std::uint32_t threads, std::uint32_t dynamicBytes = 0) const;
  /// Makes the module's variables known to the bounds checks.
  void registerGlobals(Emulator &emulator) const;

private:
  void *library = nullptr;
  const keel_emulator_module *module = nullptr;
  std::shared_ptr<const void> decoded;
};

} // namespace keel::emulator

#endif
