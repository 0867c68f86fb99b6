// The last steps: LLVM IR with the artefact's metadata, optimised code, an object, a shared library.
#pragma once

#include "passes/artifact/CpuTarget.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"

#include <vector>

namespace keel {
/// A model compiled for one target (keel_artifact_program).
struct Program {
  std::string target;                      ///< as given: "native", "sm_80"
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< at the llvm level: the entries, and the state's globals

  // Of a GPU's:
  unsigned sm = 0; ///< 80; 0: a CPU
  bool specific = false;
  std::vector<char> image;             ///< the cubin
  llvm::StringMap<unsigned> registers; ///< of a thread, by the kernel's symbol

  // Of a GPU's that can be emulated:
  std::unique_ptr<llvm::Module> emulated;    ///< its kernels as host code
  llvm::StringMap<std::string> emulatedSymbols; ///< their functions, by the kernel's symbol
  std::string imports;                       ///< the array of keel_emulator_import; "": nothing is imported
  unsigned numImports = 0;
};

/// Translates the host code of all programs to one module, adds the metadata that `keel_artifact_query` returns, and
/// optimises. The state is the union of the programs'.
mlir::FailureOr<std::unique_ptr<llvm::Module>> emitLlvmIr(llvm::MutableArrayRef<Program> programs, const CpuTarget &host,
                                                         llvm::LLVMContext &context);

/// What an entry of a program, by its symbol there, is called in the module of all of them.
std::string getEntrySymbol(const Program &program, llvm::StringRef symbol);

/// Adds the metadata structs and `keel_artifact_query`. The entries are there by the names above.
mlir::LogicalResult addMetadata(llvm::ArrayRef<Program> programs, const CpuTarget &host, llvm::Module &code);

/// The object file's bytes.
mlir::FailureOr<llvm::SmallVector<char, 0>> emitObject(llvm::Module &module, const CpuTarget &target,
                                                       mlir::Location loc);

/// Links an object to a shared library at `path`, which appears complete or not at all.
mlir::LogicalResult linkSharedLibrary(llvm::ArrayRef<char> object, llvm::StringRef path, mlir::Location loc);
} // namespace keel
