// RUN: keel-check-gradient %s --function f
// No, one or two factors are zero: the elements below zero in the first columns are masked.
func.func @f(%x: tensor<3x4xf64>, %i: tensor<3xf64>) -> tensor<3xf64> {
  %mask = arith.constant dense<[[1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]> : tensor<3x4xf64>
  %m = arith.mulf %x, %mask : tensor<3x4xf64>
  %shift = arith.constant dense<[[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.0, 0.0]]> : tensor<3x4xf64>
  %y = arith.addf %m, %shift : tensor<3x4xf64>
  %p = linalg.reduce { arith.mulf } ins(%y : tensor<3x4xf64>) outs(%i : tensor<3xf64>) dimensions = [1]
  return %p : tensor<3xf64>
}
