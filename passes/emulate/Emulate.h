// Device code made into host code that the emulator runs (the contract: runtime/emulator/Abi.h).
#pragma once

#include "passes/artifact/CpuTarget.h"

#include "mlir/IR/Location.h"
#include "llvm/IR/Module.h"

namespace keel {
struct EmulateOptions {
  /// Put before the names of the kernels' functions and of the imports: unique in the module that this one is linked into.
  std::string prefix = "keel_emulated.";
  /// The GPU whose instructions are emulated. Empty: the "target-cpu" of the kernels, else sm_90a.
  std::string chip;
  /// Mutants go into the code: a launch chooses one by its number (keel_emulated_thread.mutant).
  bool mutants = false;
  /// Optimise the result (O2).
  bool optimize = true;
};

struct EmulatedKernel {
  std::string name;     ///< the kernel's
  std::string symbol;   ///< its function in the result: void(keel_emulated_thread *, const uint64_t *), hidden
  std::string location; ///< file:line:column, or ""
  unsigned numArguments = 0;
  unsigned threads = 0; ///< required block size, or 0
  unsigned cluster = 0; ///< blocks in a cluster, or 0
  uint64_t sharedBytes = 0; ///< static
};

/// A __device__ or __constant__ variable.
struct EmulatedGlobal {
  std::string name, symbol;
  uint64_t bytes = 0;
  bool isInitialised = false;
};

/// One small change that makes a kernel wrong, most likely: what a test of the emulator's checks runs.
struct Mutant {
  std::string kind; ///< "synchronisation", "wait", "counter", "swizzle", "predicate"
  std::string kernel, location, text;
};

struct EmulatedModule {
  std::unique_ptr<llvm::Module> module;
  std::vector<EmulatedKernel> kernels;
  std::vector<EmulatedGlobal> globals;
  std::vector<Mutant> mutants; ///< the first has number 1
  std::string imports; ///< symbol of the array of keel_emulator_import; "" if nothing is imported
  unsigned numImports = 0;
};

/// Rewrites what NVPTX would compile (nvptx64; kernels by calling convention or nvvm.annotations; llvm.nvvm.* calls,
/// inline PTX, address spaces, libdevice linked in or not) to a module of the host, ready for llvm::Linker. Errors go to
/// the place in the source that debug information gives, else to `loc`.
mlir::FailureOr<EmulatedModule> emulate(std::unique_ptr<llvm::Module> device, const CpuTarget &host, mlir::Location loc,
                                        const EmulateOptions &options = {});

/// A mutant a line: number, kind, kernel, place, text, apart by tabs.
void printMutants(llvm::ArrayRef<Mutant> mutants, llvm::raw_ostream &stream);

/// Adds `keel_emulator_query` (see Abi.h) to a module that is to be a shared library of its own.
void addEmulatorQuery(EmulatedModule &emulated);
} // namespace keel
