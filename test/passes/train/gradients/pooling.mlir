// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<1x7x6x2xf64>) -> (tensor<1x3x3x2xf64>, tensor<1x5x5x2xf64>) {
  %low = arith.constant 0xFFF0000000000000 : f64
  %zero = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<1x3x3x2xf64>
  %i = linalg.fill ins(%low : f64) outs(%e : tensor<1x3x3x2xf64>) -> tensor<1x3x3x2xf64>
  %w = tensor.empty() : tensor<3x2xf64>
  %m = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>} ins(%x, %w : tensor<1x7x6x2xf64>, tensor<3x2xf64>) outs(%i : tensor<1x3x3x2xf64>) -> tensor<1x3x3x2xf64>
  %e2 = tensor.empty() : tensor<1x5x5x2xf64>
  %i2 = linalg.fill ins(%zero : f64) outs(%e2 : tensor<1x5x5x2xf64>) -> tensor<1x5x5x2xf64>
  %s = linalg.pooling_nhwc_sum ins(%x, %w : tensor<1x7x6x2xf64>, tensor<3x2xf64>) outs(%i2 : tensor<1x5x5x2xf64>) -> tensor<1x5x5x2xf64>
  return %m, %s : tensor<1x3x3x2xf64>, tensor<1x5x5x2xf64>
}
