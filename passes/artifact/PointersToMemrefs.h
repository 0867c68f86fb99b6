// Memrefs from pointers: what lies behind the artefact's C interface is rebuilt as the descriptor that the memref
// lowering makes of the same type.
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace keel {
/// A memref over `pointer`. `dynamic` holds an i64 for each dynamic value of the type: the offset, then the sizes, then
/// the strides. A dense type's sizes are enough: `dynamic` may leave out what follows from them.
mlir::Value buildMemref(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value pointer, mlir::MemRefType type,
                        mlir::ValueRange dynamic);

/// The i64 values that `buildMemref` needs to rebuild a memref, and its aligned pointer.
mlir::Value takeMemrefApart(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value memref,
                            llvm::SmallVectorImpl<mlir::Value> &dynamic);

/// Loads field `index` of a struct behind `pointer`.
mlir::Value loadField(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value pointer, mlir::Type structType,
                      unsigned index, mlir::Type fieldType);
} // namespace keel
