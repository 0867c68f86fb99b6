// The compiler's side of runtime/include/keel/artifact.h: the attributes from which the metadata is made, and the
// types of the structs that generated code touches.
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <string>

namespace keel {
/// On an entry's llvm.func: what keel_artifact_entry says of it (a dictionary; see LowerEntries.cpp).
constexpr llvm::StringLiteral entryAttribute = "keel.entry";
/// On an entry's llvm.func: its kernels, each a dictionary: name, location; of a GPU's also symbol, threads,
/// shared_bytes, num_arguments, cluster, waits, stays, schedule, tensor_maps (of keel_artifact_tensor_map's fields, the
/// dtype as a type), and parameters: the types of what it is given, tensors and numbers.
constexpr llvm::StringLiteral kernelsAttribute = "keel.kernels";

/// What the symbols of entries and of state begin with from ReserveNames on; and the name in the model.
constexpr llvm::StringLiteral entryPrefix = "entry.", statePrefix = "state.";
inline llvm::StringRef getModelName(llvm::StringRef symbol, llvm::StringRef prefix) {
  symbol.consume_front(prefix);
  return symbol;
}

/// keel_env: {arena, parallel, launch}.
inline mlir::LLVM::LLVMStructType getEnvType(mlir::MLIRContext *context) {
  mlir::Type pointer = mlir::LLVM::LLVMPointerType::get(context);
  return mlir::LLVM::LLVMStructType::getLiteral(context, {pointer, pointer, pointer});
}

/// file:line:column of the first place in the model that a location names, or "".
std::string getPlace(mlir::Location loc);
} // namespace keel
