// Builds `linalg.generic` ops over an iteration space from scalar bodies: what the decompositions are written in.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace keel::norm {

/// f64 for f64 elements, else f32: what statistics and sums accumulate in.
mlir::Type getAccumulationType(mlir::Type elementType);

/// A float converted to a float type, or itself.
mlir::Value castFloat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, mlir::Type type);

/// A float or integer constant of `type`.
mlir::Value constantOf(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, double value);

/// The dimensions of `rank` that are not in `dims`, in order.
llvm::SmallVector<int64_t> complementDims(int64_t rank, llvm::ArrayRef<int64_t> dims);

/// One input of a body: a tensor whose dimension i follows the space's dimension dims[i], a scalar, or a constant
/// that the body holds itself.
struct Input {
  Input(mlir::Value tensor, llvm::ArrayRef<int64_t> dims) : value(tensor), dims(dims) {}
  Input(mlir::Value scalar) : value(scalar) {}
  Input(double constant) : constant(constant) {}

  mlir::Value value;
  llvm::SmallVector<int64_t> dims;
  double constant = 0.0;
};

/// An extent of a tensor, taken from what the tensor is written into or a view of: the op that makes it may be replaced.
mlir::OpFoldResult sizeOf(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor, int64_t dim);

/// Emits ops over the dimensions of one tensor. Bodies see float inputs in the accumulation type and integer ones as
/// they are; what they return is rounded to the result's element type.
class Emitter {
public:
  using Body = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

  Emitter(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value space);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value space;
  mlir::Type accumulation;

  int64_t getRank() const { return type.getRank(); }
  /// All dimensions of the space, in order.
  llvm::SmallVector<int64_t> allDims() const { return complementDims(getRank(), {}); }
  /// The space's element type.
  mlir::Type getElementType() const { return type.getElementType(); }
  /// The whole tensor, over all dimensions.
  Input over(mlir::Value tensor) const { return {tensor, allDims()}; }

  /// A tensor over the dimensions `loops` of the space, computed element by element.
  mlir::Value map(llvm::ArrayRef<Input> inputs, llvm::ArrayRef<int64_t> loops, mlir::Type elementType, Body body);

  /// Reduces the whole space to the dimensions `kept`, in the accumulation type. The body's last argument is the
  /// accumulator, which starts as `identity`.
  mlir::Value reduce(llvm::ArrayRef<Input> inputs, llvm::ArrayRef<int64_t> kept, double identity, Body body);

  /// The number of elements along `dims`: a constant, or a scalar of the accumulation type.
  Input count(llvm::ArrayRef<int64_t> dims);

private:
  mlir::Value empty(llvm::ArrayRef<int64_t> dims, mlir::Type elementType);
  mlir::Value generic(llvm::ArrayRef<Input> inputs, llvm::ArrayRef<int64_t> loops, llvm::ArrayRef<int64_t> kept,
                      mlir::Value init, bool accumulate, Body body);

  mlir::RankedTensorType type;
};

} // namespace keel::norm
