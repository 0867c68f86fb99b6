// RUN: keel-check-gradient %s --function f
// Strides and dilations, and a bias as the init.
func.func @f(%x: tensor<2x9x8x2xf64>, %w: tensor<3x2x2x3xf64>, %b: tensor<3xf64>) -> tensor<2x4x3x3xf64> {
  %e = tensor.empty() : tensor<2x4x3x3xf64>
  %i = linalg.broadcast ins(%b : tensor<3xf64>) outs(%e : tensor<2x4x3x3xf64>) dimensions = [0, 1, 2]
  %y = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<[1, 2]> : tensor<2xi64>}
      ins(%x, %w : tensor<2x9x8x2xf64>, tensor<3x2x2x3xf64>) outs(%i : tensor<2x4x3x3xf64>) -> tensor<2x4x3x3xf64>
  return %y : tensor<2x4x3x3xf64>
}
