#ifndef KEEL_PASSES_ALGEBRA_PASSES
#define KEEL_PASSES_ALGEBRA_PASSES

include "mlir/Pass/PassBase.td"

def CenterWeights : Pass<"center-weights", "mlir::ModuleOp"> {
  let summary = "give layer norms after linear layers centred weights, and so a zero mean by construction";
  let description = [{
    The mean of a linear layer is linear: with the weights centred over the outputs, for each input, and the bias
    centred, every row of `x·W + b` has zero mean. A `norm.layer_norm` over that axis needs no mean then; its value and
    every gradient stay what they were, and are more accurate when the weights have an offset. The centred weights
    depend on state alone, so they are computed once an update (`--hoist-derived-state`).

    ```mlir
    %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : tensor<?x8xf32>) -> tensor<?x8xf32>
    %y = norm.layer_norm %z axes = [1] : tensor<?x8xf32>
    ```
    becomes
    ```mlir
    %c = norm.center %w axes = [1] zero_mean_gradient : tensor<4x8xf32>
    %z = linalg.matmul ins(%x, %c : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : tensor<?x8xf32>) -> tensor<?x8xf32>
    %y = norm.layer_norm %z axes = [1] zero_mean_input : tensor<?x8xf32>
    ```

    It follows residual streams. A value may be centred if every reader is a layer norm over that axis, or linear along
    it (a residual sum, a row scalar, stochastic depth, a reshape) with such readers in turn: then nothing notices, and
    the gradient of the value is itself centred, so that the centring costs nothing in backward
    (`zero_mean_gradient`). It can be centred if every producer is state, a linear form of state (a linear layer, a
    convolution, a broadcast bias, a gather of rows), LayerScale of one, or linear in values that can be.

    A layer norm that is left alone has a remark of the category `algebra` that says why: elementwise dropout between
    linear layer and sum, an activation or depthwise convolution after the linear layer, an `norm.rms_norm` or a result
    of the function reading the stream, weights that are not state.

    Reference: Jiang et al. 2023, arXiv 2305.14858.
  }];
  let dependentDialects = ["norm::NormDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

def PivotBatchNorm : Pass<"pivot-batch-norm", "mlir::ModuleOp"> {
  let summary = "shift the input of batch norms after linear layers by the batch mean known before the matmul";
  let description = [{
    Of `x·W + b` the batch mean is `x̄·W + b`, and x̄, the batch mean of x, is known before the matmul. With the pivot
    ν = x̄·W subtracted, in the place of the bias, `u = x·W − ν` has a mean near zero, so that Σu and Σu², taken in one
    pass, give stable statistics. b cancels: it only moves the running mean, which takes ν + ū + b, and its gradient is
    zero. For a convolution x̄ is the mean over all positions, which is near enough since Σu is kept.

    ```mlir
    %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : tensor<?x8xf32>) -> tensor<?x8xf32>
    %y, %m1, %v1 = norm.batch_norm %z running(%m, %v : tensor<8xf32>) : tensor<?x8xf32>
    ```
    becomes
    ```mlir
    %u = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%minus_nu : tensor<?x8xf32>) -> tensor<?x8xf32>
    %y, %m1, %v1 = norm.batch_norm %u running(%m, %v : tensor<8xf32>) pivot(%nu_plus_b : tensor<8xf32>) : tensor<?x8xf32>
    ```

    The pivot is a constant to differentiation (`norm.stop_gradient`): batch norm does not see a shift. A batch norm
    that is left alone has a remark of the category `algebra` that says why.

    With `running-mean` the running mean is the pivot, which is state: `u = x·W + b − running mean` asks for nothing
    that is not there. It is the mean of the batches before, and as near as those are alike; zero in the first step.
  }];
  let options = [Option<"runningMean", "running-mean", "bool", "false", "the pivot is the running mean">];
  let dependentDialects = ["norm::NormDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

def DropZeroSums : Pass<"drop-zero-sums", "mlir::ModuleOp"> {
  let summary = "leave out sums that are zero by construction: the gradient of a bias before a batch norm";
  let description = [{
    Batch norm does not see a shift of its input, so the gradient that it passes on has a zero mean over the batch in each
    channel. Its sum, which the bias before the batch norm gets, is rounding errors; an optimizer that scales gradients
    by their size, such as AdamW, would make steps of them.

    ```mlir
    %dx, %dg, %db = norm.batch_norm_grad %dy, %x scale(%g : tensor<8xf32>) : tensor<?x8xf32> dscale(tensor<8xf32>) dshift(tensor<8xf32>)
    %dbias = linalg.generic ... ins(%dx : tensor<?x8xf32>) outs(%zeros : tensor<8xf32>) { sum over the rows }
    ```
    `%dbias` becomes `%zeros`, and the largest of its magnitudes, which loss scaling looks at, the zero that it starts from. Works
    on a differentiated module.
  }];
}

def FoldBatchNorm : Pass<"fold-batch-norm", "mlir::ModuleOp"> {
  let summary = "fold batch norm's inference form into the linear layer before it";
  let description = [{
    With s = γ·(variance + ε)^-½, `norm.batch_norm_inference` of `x·W + b` is `x·(W·s) + ((b − mean)·s + β)`: weights
    and bias that depend on state alone.

    ```mlir
    %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : tensor<?x8xf32>) -> tensor<?x8xf32>
    %y = norm.batch_norm_inference %z statistics(%m, %v : tensor<8xf32>) : tensor<?x8xf32>
    ```
    becomes
    ```mlir
    %y = linalg.matmul ins(%x, %ws : tensor<?x4xf32>, tensor<4x8xf32>) outs(%folded : tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let dependentDialects = ["norm::NormDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect",
                           "mlir::math::MathDialect"];
}

def DeferNorm : Pass<"defer-norm", "mlir::ModuleOp"> {
  let summary = "let linear layers read rows before they are normalized, and scale their results";
  let description = [{
    With r the reciprocal deviation of a row, `(γ·r·h + β)·W + b = r·(h·(diag γ·W)) + (β·W + b)`: a layer norm whose input
    has zero mean by construction (`zero_mean_input`), or an RMS norm, that only linear layers with weights of state read
    is not computed at all. The layers read the rows as they are; their results are multiplied by r, which the rows'
    maker can sum up as it makes them. A layer norm's weights are centred over their inputs, so that the gradient of the
    rows keeps its zero mean. Differentiation does the rest: the gradients of scale and shift come from the gradient of
    the weights, without a sum over the rows.

    ```mlir
    %y = norm.rms_norm %h axes = [1] {keel.strategy = "deferred"} : tensor<?x4xf32>
    %z = linalg.matmul ins(%y, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
    becomes, with `%r` (mean h² + ε)^-½ of each row,
    ```mlir
    %a = linalg.matmul ins(%h, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : tensor<?x8xf32>) -> tensor<?x8xf32>
    %z = linalg.generic ... { %a * %r + %bias }
    ```

    Only normalizations with the attribute `keel.strategy = "deferred"` are. One that cannot be stays as it is, and a
    remark of the category `algebra` says why.
  }];
  let dependentDialects = ["norm::NormDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect",
                           "mlir::arith::ArithDialect", "mlir::math::MathDialect"];
}

def FoldScale : Pass<"fold-scale", "mlir::ModuleOp"> {
  let summary = "move a normalization's scale and shift into the linear layers that read it, in inference";
  let description = [{
    `(γ·x̂ + β)·W + b = x̂·(diag γ·W) + (β·W + b)`: where only linear layers with weights of state read a
    normalization, its scale and shift become part of their weights and biases, which are derived state then. It is
    done in the functions named by `functions`, which must be in inference form: in training scale and shift are
    parameters with gradients of their own.

    ```mlir
    %y = norm.rms_norm %x scale(%g : tensor<4xf32>) axes = [1] : tensor<?x4xf32>
    %z = linalg.matmul ins(%y, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
    becomes, with `%gw` the weights times `%g` along their inputs,
    ```mlir
    %y = norm.rms_norm %x axes = [1] : tensor<?x4xf32>
    %z = linalg.matmul ins(%y, %gw : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : tensor<?x8xf32>) -> tensor<?x8xf32>
    ```

    What is left alone has a remark of the category `algebra` that says why.
  }];
  let options = [
    ListOption<"functions", "functions", "std::string", "functions in inference form (default: forward)">
  ];
  let dependentDialects = ["norm::NormDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

#endif
