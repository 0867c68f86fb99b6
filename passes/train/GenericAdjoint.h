// The adjoint of a linalg.generic is a linalg.generic with permuted maps and a differentiated body.
#pragma once

#include "passes/train/AdjointBody.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace keel {

/// How a generic combines a result's old value (the block argument of its init) with the element it computes.
enum class Combiner {
  None,    // no reduction: an elementwise result
  Sum,     // additions to the old value
  Extreme, // maximum or minimum
  Product,
};

/// Builds the gradients of one generic's operands.
class GenericAdjoint {
public:
  GenericAdjoint(mlir::OpBuilder &builder, mlir::linalg::GenericOp op, llvm::ArrayRef<mlir::Value> resultGradients);

  /// Classifies the results and computes what the ties of an extreme and the factors of a product need.
  mlir::LogicalResult prepare(llvm::function_ref<bool(unsigned)> wanted);

  /// The gradients of operands that are indexed by all loops, in one op.
  mlir::LogicalResult differentiateTogether(llvm::ArrayRef<unsigned> operands,
                                            llvm::SmallVectorImpl<mlir::Value> &gradients);
  /// The gradient of any one operand.
  mlir::FailureOr<mlir::Value> differentiate(unsigned operand);
  /// The gradient of a value that the body captures: a scalar, or a tensor that it reads by tensor.extract.
  mlir::FailureOr<mlir::Value> differentiateCaptured(mlir::Value captured);

private:
  struct Result {
    mlir::Value gradient; // null where zero; of an extreme, divided by the number of ties
    Combiner combiner = Combiner::None;
    mlir::Value element;        // what the body combines with the old value (Extreme, Product)
    mlir::Value factors, zeros; // Product: the product of the factors that are not zero, and how many are
  };

  mlir::LogicalResult classify(unsigned result);
  void countTies(unsigned result, bool initCounts);
  void collectFactors(unsigned result);
  /// A copy of the forward body with gradients for `roots` (chosen by the callback from the copy).
  mlir::FailureOr<std::unique_ptr<AdjointBody>>
  differentiateBody(llvm::function_ref<llvm::SmallVector<mlir::Value>(AdjointBody &)> roots);
  void seed(AdjointBody &body);
  mlir::FailureOr<mlir::Value> differentiateInit(unsigned result);
  mlir::FailureOr<mlir::Value> differentiateTable(mlir::Value table);

  mlir::OpBuilder &builder;
  mlir::linalg::GenericOp op;
  mlir::Location loc;
  llvm::SmallVector<Result> results;
  llvm::SmallVector<unsigned> asked; // the operands whose gradients somebody wants
};

/// The gradient of the table behind a gather: adds `gradient`, whose dimensions are `loops` and then the dimensions that
/// index the table directly, to the gathered places of `into`, one after the other, so that the sum's order is fixed.
struct Gather {
  Gather(mlir::linalg::GenericOp op, mlir::tensor::ExtractOp extract);
  mlir::Value scatter(mlir::OpBuilder &builder, mlir::Value gradient, mlir::Value into);

  mlir::linalg::GenericOp op;
  mlir::tensor::ExtractOp extract;
  llvm::SmallVector<unsigned> loops;                  // what the computed indices depend on, and what no index uses
  llvm::SmallVector<unsigned> direct;                 // loops that are an index of the table, in its order
  llvm::SmallVector<std::optional<unsigned>> indices; // for each index of the table: its direct loop, or computed

private:
  mlir::Value computeIndex(mlir::OpBuilder &builder, mlir::Value index);
};

} // namespace keel
