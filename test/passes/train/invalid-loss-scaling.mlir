// RUN: keel-opt %s --build-train-step=loss-scaling -verify-diagnostics

ml_program.global public mutable @weight(dense<1.0> : tensor<f64>) : tensor<f64>
// expected-error @below {{must return a tensor<f32> for its gradients to be scaled, found 'tensor<f64>'}}
func.func @loss(%x: tensor<f64>) -> tensor<f64> {
  %w = ml_program.global_load @weight : tensor<f64>
  %loss = arith.mulf %x, %w : tensor<f64>
  return %loss : tensor<f64>
}
