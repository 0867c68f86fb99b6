// One program of the artefact: a model through all levels for one target.
#pragma once

#include "passes/artifact/EmitArtifact.h"
#include "passes/emulate/Emulate.h"
#include "passes/gpu/GpuTarget.h"

namespace keel {
/// Makes device code of a module at the llvm level: the image, what its kernels need (a remark for each), and with
/// `emulate` the kernels as host code in `context`, with mutants where `mutants` is given, which lists them. Its PTX goes
/// to `ptx`.
mlir::FailureOr<Program> makeGpuProgram(mlir::OwningOpRef<mlir::ModuleOp> module, const GpuTarget &target,
                                        const CpuTarget &host, bool emulate, std::vector<Mutant> *mutants,
                                        llvm::LLVMContext &context, std::string &ptx);
} // namespace keel
