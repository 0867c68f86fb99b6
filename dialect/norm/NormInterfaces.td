//===- Interfaces of differentiable and decomposable ops ------------------===//
#ifndef KEEL_DIALECT_NORM_NORMINTERFACES
#define KEEL_DIALECT_NORM_NORMINTERFACES

include "mlir/IR/OpBase.td"

def Norm_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::keel::norm";
  let description = [{
    An op that can build its own vector-Jacobian product. `norm` ops implement
    it; other dialects' ops get it as an external model (`passes/train`), so a
    plug-in can make its own ops trainable.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds, at the builder's insertion point, the gradients of the operands.
        `resultGradients` has one value for each result, null where the gradient
        is zero; on success `operandGradients` has one for each operand, null
        where it is zero or the operand is not differentiable. An op with regions
        adds one for each value that they use from above, in order of first use.
        On entry `operandGradients` may mark what is asked for, by any non-null
        value in its place; an empty one asks for all, and more than is asked for
        may be given. The op's operands and results may be used: they are saved
        for the backward pass.
        A failure must come with an error on the op.
      }],
      "::llvm::LogicalResult", "buildGradient",
      (ins "::mlir::OpBuilder &":$builder, "::llvm::ArrayRef<::mlir::Value>":$resultGradients,
           "::llvm::SmallVectorImpl<::mlir::Value> &":$operandGradients)>
  ];
}

def Norm_DecomposableOpInterface : OpInterface<"DecomposableOpInterface"> {
  let cppNamespace = "::keel::norm";
  let description = [{
    An op whose meaning is given by simpler ops. The decomposition is the
    reference semantics, what the fuser works on, and emits the same ops for the
    same quantity in an op and in its gradient, so that CSE shares what forward
    saves for backward (the normalized value and the reciprocal standard deviation).
  }];
  let methods = [
    InterfaceMethod<[{
        Builds the decomposition at the builder's insertion point into `linalg`,
        `tensor`, `arith`, `math` and `norm.moments`, and returns one value for
        each result.
      }],
      "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "decompose", (ins "::mlir::OpBuilder &":$builder)>
  ];
}

#endif
