// RUN: keel-opt %s -verify-diagnostics --differentiate=function=f

// A loss that goes through the running statistics.
func.func @f(%x: tensor<?x4xf32>, %m: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'norm.batch_norm' op the loss depends on the new running statistics, which have no derivative; only store them, or use norm.moments}}
  %y, %m1, %v1 = norm.batch_norm %x running(%m, %m : tensor<4xf32>) : tensor<?x4xf32>
  return %m1 : tensor<4xf32>
}
