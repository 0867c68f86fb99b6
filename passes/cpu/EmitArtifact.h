// The last steps: LLVM IR with the artefact's metadata, optimised code, an object, a shared library.
#pragma once

#include "passes/cpu/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"

namespace keel {
/// Translates a module at the llvm level, adds the metadata that `keel_artifact_query` returns, and optimises. Takes the
/// state's globals out of the module: they live on in the metadata.
mlir::FailureOr<std::unique_ptr<llvm::Module>> emitLlvmIr(mlir::ModuleOp module, const CpuTarget &target,
                                                         llvm::LLVMContext &context);

/// Adds the metadata structs and `keel_artifact_query`.
mlir::LogicalResult addMetadata(mlir::ModuleOp module, const CpuTarget &target, llvm::Module &llvmModule);

/// The object file's bytes.
mlir::FailureOr<llvm::SmallVector<char, 0>> emitObject(llvm::Module &module, const CpuTarget &target,
                                                       mlir::Location loc);

/// Links an object to a shared library at `path`, which appears complete or not at all.
mlir::LogicalResult linkSharedLibrary(llvm::ArrayRef<char> object, llvm::StringRef path, mlir::Location loc);
} // namespace keel
