#ifndef KEEL_PASSES_PRECISION_PASSES
#define KEEL_PASSES_PRECISION_PASSES

include "mlir/Pass/PassBase.td"

def LowerPrecision : Pass<"lower-precision", "mlir::ModuleOp"> {
  let summary = "let matmuls and convolutions read bf16, f16 or tf32, and keep everything else in f32";
  let description = [{
    Takes the form that `--normalize-graph` makes. With `precision=bf16` (or `f16`) every f32 operand of a contraction is
    rounded once, where it is made; the contraction extends what it reads and sums in f32. Every other reader of the
    value, forward or backward, reads the rounded one too: the mask of a ReLU, the sum that is a bias's gradient. What is
    given, state and arguments, stays f32 for all but contractions: weights, statistics, biases and the optimizer's state
    keep their digits. Rounded weights depend on state alone (`--hoist-derived-state`).

    ```mlir
    %z = linalg.generic ins(%h, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : tensor<?x8xf32>) {
    ^bb0(%a: f32, %b: f32, %sum: f32):
      %product = arith.mulf %a, %b : f32
      %next = arith.addf %sum, %product : f32
      linalg.yield %next : f32
    } -> tensor<?x8xf32>
    ```
    becomes
    ```mlir
    %h16 = linalg.generic ins(%h : tensor<?x4xf32>) outs(%empty : tensor<?x4xbf16>) { arith.truncf } -> tensor<?x4xbf16>
    %w16 = linalg.generic ins(%w : tensor<4x8xf32>) outs(%other : tensor<4x8xbf16>) { arith.truncf } -> tensor<4x8xbf16>
    %z = linalg.generic ins(%h16, %w16 : tensor<?x4xbf16>, tensor<4x8xbf16>) outs(%bias : tensor<?x8xf32>) {
    ^bb0(%a: bf16, %b: bf16, %sum: f32):
      %left = arith.extf %a : bf16 to f32
      %right = arith.extf %b : bf16 to f32
      %product = arith.mulf %left, %right : f32
      %next = arith.addf %sum, %product : f32
      linalg.yield %next : f32
    } -> tensor<?x8xf32>
    ```

    What a training step saves for backward is rounded likewise: a value of full size that the loss depends on by way of
    a contraction, and that the backward pass reads (the normalized value, a linear layer's result before its
    activation). What follows element by element from rounded values is computed again from them, and not rounded once
    more. So is what is summed over its rows and then read again together with the sum (batch norm: its input less a pivot,
    and the gradient of its result); not the input of a batch norm without a pivot, whose columns may have an offset.
    Statistics are smaller than what they are of, and stay f32, as does all between the last contraction and the
    loss.

    With `precision=tf32` operands stay f32 in memory, and contractions get the attribute `keel.precision = "tf32"`: a
    target whose matrix unit has it may drop the operands' last 13 bits. The CPU computes in f32. With `along-depth`
    matrices of state whose rows are not what the product sums over are read from their transpose, rounded: wgmma
    takes no other tf32 (PTX ISA 9.7.15.5.1), and drops bits without rounding. That is derived state, too.

    f64 is left alone.
  }];
  let options = [
    Option<"precision", "precision", "std::string", /*default=*/"\"bf16\"", "f32 (nothing to do), tf32, bf16 or f16">,
    Option<"alongDepth", "along-depth", "bool", /*default=*/"false", "tf32: weights lie along the depth">
  ];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

#endif
