#ifndef KEEL_PASSES_TRAIN_PASSES
#define KEEL_PASSES_TRAIN_PASSES

include "mlir/Pass/PassBase.td"

def InferenceForm : Pass<"inference-form", "mlir::ModuleOp"> {
  let summary = "turns @forward into its inference form";
  let description = [{
    A network is written once, as it trains. In `@forward` this pass inlines all calls, replaces `norm.batch_norm` by
    `norm.batch_norm_inference` with the running statistics, takes out `norm.dropout`, and drops the stores of state.
    Functions that call `@forward` (as `@loss` does) get its body first, so that they keep the training form.

    ```mlir
    %y, %m1, %v1 = norm.batch_norm %x running(%m, %v : tensor<4xf32>) : tensor<?x4xf32>
    ml_program.global_store @mean = %m1 : tensor<4xf32>
    ```
    becomes
    ```mlir
    %y = norm.batch_norm_inference %x statistics(%m, %v : tensor<4xf32>) : tensor<?x4xf32>
    ```
  }];
  let options = [Option<"function", "function", "std::string", /*default=*/"\"forward\"", "The function to turn">,
                 Option<"optional", "optional", "bool", /*default=*/"false", "Leave a module without the function as it is">];
  let dependentDialects = ["keel::norm::NormDialect", "mlir::ml_program::MLProgramDialect"];
}

def Differentiate : Pass<"differentiate", "mlir::ModuleOp"> {
  let summary = "builds the gradient of a function";
  let description = [{
    From `@f` builds `@f_gradient`, which takes the same arguments and returns the results of `@f`, then the gradient for
    every argument that is a float or a tensor of floats. If `@f` has one result of floats and it is a scalar, that is
    what is differentiated; otherwise `@f_gradient` takes one more argument for each result of floats: its gradient.

    ```mlir
    func.func @f(%x: tensor<4xf64>) -> tensor<4xf64> {
      %y = math.exp %x : tensor<4xf64>
      return %y : tensor<4xf64>
    }
    ```
    gets
    ```mlir
    func.func @f_gradient(%x: tensor<4xf64>, %dy: tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>) {
      %y = math.exp %x : tensor<4xf64>
      %dx = arith.mulf %dy, %y : tensor<4xf64>
      return %y, %dx : tensor<4xf64>, tensor<4xf64>
    }
    ```
  }];
  let options = [Option<"function", "function", "std::string", /*default=*/"\"loss\"", "The function to differentiate">];
  let dependentDialects = ["keel::norm::NormDialect", "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"];
}

def BuildTrainStep : Pass<"build-train-step", "mlir::ModuleOp"> {
  let summary = "builds @train_step from @loss";
  let description = [{
    `@train_step` takes the arguments of `@loss`, computes the loss and its gradient for every parameter, updates the
    parameters by the optimizer, stores the state that `@loss` stores, and returns the loss. State is loaded at its top
    and stored at its end. A parameter is a mutable float global that `@loss` reads and never stores.

    Creates the optimizer's state: its settings (tensors of rank 0, which a module may define itself to choose their
    start), the counter `@step`, and for each parameter its slots. Every global gets a `keel.role`: `parameter`,
    `buffer` (state that `@loss` stores), `optimizer` or `setting`.

    | optimizer | settings, with their start | slots |
    |---|---|---|
    | `sgd` | `learning_rate` 0.01 | |
    | `momentum` | `learning_rate` 0.01, `momentum` 0.9 | `velocity` |
    | `adamw` | `learning_rate` 0.001, `beta1` 0.9, `beta2` 0.999, `adam_epsilon` 1e-8, `weight_decay` 0.01 | `first_moment`, `second_moment` |

    The updates are those of torch.optim.SGD and torch.optim.AdamW.

    With `loss-scaling` the backward pass starts from `@loss_scale` instead of 1, so that small gradients do not vanish in
    f16, and the update divides by it. A step in which a gradient is not finite leaves all other state as it was and halves
    the scale; after `@loss_scale_interval` good steps in a row (counted in `@loss_scale_good_steps`) it is doubled. The
    scale is a power of two between 1 and 2^24, 65536 at first; the interval is 2000.

    ```mlir
    ml_program.global public mutable @w(dense<1.0> : tensor<4xf32>) : tensor<4xf32>
    func.func @loss(%x: tensor<4xf32>) -> tensor<f32> { ... }
    ```
    gets, with `optimizer=sgd`,
    ```mlir
    func.func @train_step(%x: tensor<4xf32>) -> tensor<f32> {
      %w = ml_program.global_load @w : tensor<4xf32>
      %rate = ml_program.global_load @learning_rate : tensor<f32>
      ... loss and %dw ...
      %new = linalg.generic ... ins(%dw, %rate : tensor<4xf32>, tensor<f32>) outs(%w : tensor<4xf32>) { w - rate·dw }
      ml_program.global_store @w = %new : tensor<4xf32>
      return %loss : tensor<f32>
    }
    ```
  }];
  let options = [Option<"optimizer", "optimizer", "std::string", /*default=*/"\"adamw\"", "sgd, momentum or adamw">,
                 Option<"lossScaling", "loss-scaling", "bool", /*default=*/"false", "Scale the loss's gradient, for f16">];
  let dependentDialects = ["keel::KeelDialect", "keel::norm::NormDialect", "mlir::arith::ArithDialect",
                           "mlir::linalg::LinalgDialect", "mlir::math::MathDialect", "mlir::ml_program::MLProgramDialect",
                           "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"];
}

#endif
