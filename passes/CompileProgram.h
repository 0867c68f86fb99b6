// One program of the artefact: a model through all levels for one target.
#pragma once

#include "passes/Pipelines.h"
#include "passes/artifact/EmitArtifact.h"
#include "passes/emulate/Emulate.h"
#include "passes/gpu/GpuTarget.h"

namespace keel {
/// Makes device code of a module at the llvm level: the image, what its kernels need (a remark for each), and with
/// `emulate` the kernels as host code in `context`, with mutants where `mutants` is given, which lists them. Its PTX
/// goes to `ptx`. None where kernels spill registers, or ptxas warns of them: their names are added to
/// `options.narrow`, for another try. An error where one was given a narrower tile so often that there is none left.
mlir::FailureOr<std::optional<Program>> makeGpuProgram(mlir::OwningOpRef<mlir::ModuleOp> module,
                                                       const GpuTarget &target, const CpuTarget &host, bool emulate,
                                                       std::vector<Mutant> *mutants, llvm::LLVMContext &context,
                                                       std::string &ptx, PipelineOptions &options);
} // namespace keel
