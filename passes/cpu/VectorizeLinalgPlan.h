// How one linalg.generic on buffers becomes loops: the order of its loops, the one that is vectorised, the accumulators.
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace keel::vectorize {

/// Folding arithmetic on sizes, strides and indices.
mlir::OpFoldResult add(mlir::OpBuilder &builder, mlir::Location loc, mlir::OpFoldResult lhs, mlir::OpFoldResult rhs);
mlir::OpFoldResult multiply(mlir::OpBuilder &builder, mlir::Location loc, mlir::OpFoldResult lhs,
                            mlir::OpFoldResult rhs);
bool isConstant(mlir::OpFoldResult value, int64_t constant);

/// A buffer as flat memory: base plus strides, whatever its rank.
struct FlatBuffer {
  mlir::Value base;                           // memref<?xT, strided<[1], offset: ?>>
  mlir::SmallVector<mlir::OpFoldResult> strides; // of the buffer's own dimensions
  static mlir::FailureOr<FlatBuffer> get(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value buffer);
};

/// An operand of the generic: its element at loop indices (i0, i1, ...) lies at offset + Σ i_d · strides[d] + the
/// irregular terms, those results of the indexing map that are not linear (a packed operand's n floordiv 16).
struct Operand {
  mlir::Value flat; // a flat buffer, or the scalar itself
  bool isScalar = false;
  bool isTransposed = false; // contiguous along the rows: squares are transposed in registers
  mlir::OpFoldResult offset;
  mlir::SmallVector<mlir::OpFoldResult> strides;
  mlir::SmallVector<std::pair<mlir::AffineExpr, mlir::OpFoldResult>> irregular;

  bool dependsOn(unsigned dim) const;
  mlir::Type getElementType() const { return mlir::getElementTypeOrSelf(flat.getType()); }
};

/// Creates the address computations of one operand.
mlir::FailureOr<Operand> makeOperand(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                                     mlir::AffineMap map);

struct Options {
  unsigned vectorBits = 512;
  unsigned registers = 32; // vector registers
};

struct Plan {
  mlir::linalg::GenericOp op;
  mlir::SmallVector<mlir::OpFoldResult> sizes; // of each loop dimension; a dimension that was folded away has none
  mlir::SmallVector<Operand> operands;         // inputs, then outputs
  mlir::DenseMap<mlir::Value, FlatBuffer> extracted; // buffers that the body itself loads from
  mlir::SmallVector<unsigned> loops;           // outermost first
  std::optional<unsigned> vectorDim;
  std::optional<unsigned> rowDim; // a loop unrolled `rows` times, so that a vector in a register serves several rows
  unsigned lanes = 1, rows = 1, vectors = 1;
  bool scalarTail = false; // the remainder cannot be masked
  /// For an output that does not depend on the vector dimension: how its lanes combine.
  mlir::SmallVector<std::optional<mlir::arith::AtomicRMWKind>> combiners;

  unsigned getNumInputs() { return op.getNumDpsInputs(); }
  Operand &getOutput(unsigned i) { return operands[getNumInputs() + i]; }
  /// The number of loops around the place where a value depending on `dims` is known.
  unsigned getDepth(llvm::function_ref<bool(unsigned)> dependsOn) const;
  /// The loop dimension of an index that is the vector dimension's own: 0, 1, 2, ... along the lanes.
  bool isVectorIndex(mlir::Value value) const;
};

/// Creates the address computations before `op` and decides. Fails with a diagnostic where a layout has no strides.
mlir::FailureOr<Plan> makePlan(mlir::OpBuilder &builder, mlir::linalg::GenericOp op, const Options &options);

/// Creates the loops of `plan` before its op.
void emitLoops(mlir::OpBuilder &builder, Plan &plan);

} // namespace keel::vectorize
