// RUN: keel-check-gradient %s --function f
// Padding, convolution, batch normalization, GELU, a strided convolution, average pooling.
func.func @f(%x: tensor<?x5x5x2xf64>, %w: tensor<3x3x2x2xf64>, %g: tensor<2xf64>, %b: tensor<2xf64>, %v: tensor<2x2x2x3xf64>) -> tensor<?x3xf64> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x5x5x2xf64>
  %zero = arith.constant 0.0 : f64
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f64
  } : tensor<?x5x5x2xf64> to tensor<?x7x7x2xf64>
  %e = tensor.empty(%n) : tensor<?x5x5x2xf64>
  %z = linalg.fill ins(%zero : f64) outs(%e : tensor<?x5x5x2xf64>) -> tensor<?x5x5x2xf64>
  %c = linalg.conv_2d_nhwc_hwcf ins(%p, %w : tensor<?x7x7x2xf64>, tensor<3x3x2x2xf64>) outs(%z : tensor<?x5x5x2xf64>) -> tensor<?x5x5x2xf64>
  %m = arith.constant dense<0.0> : tensor<2xf64>
  %y, %m1, %v1 = norm.batch_norm %c running(%m, %m : tensor<2xf64>) scale(%g : tensor<2xf64>) shift(%b : tensor<2xf64>) channel = 3 : tensor<?x5x5x2xf64>
  %a = linalg.generic {indexing_maps = [affine_map<(i, j, k, l) -> (i, j, k, l)>, affine_map<(i, j, k, l) -> (i, j, k, l)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%y : tensor<?x5x5x2xf64>) outs(%e : tensor<?x5x5x2xf64>) {
  ^bb0(%s: f64, %o: f64):
    %half = arith.constant 0.5 : f64
    %one = arith.constant 1.0 : f64
    %root = arith.constant 0.70710678118654757 : f64
    %t = arith.mulf %s, %root : f64
    %erf = math.erf %t : f64
    %sum = arith.addf %erf, %one : f64
    %weight = arith.mulf %sum, %half : f64
    %gelu = arith.mulf %s, %weight : f64
    linalg.yield %gelu : f64
  } -> tensor<?x5x5x2xf64>
  %e2 = tensor.empty(%n) : tensor<?x2x2x3xf64>
  %z2 = linalg.fill ins(%zero : f64) outs(%e2 : tensor<?x2x2x3xf64>) -> tensor<?x2x2x3xf64>
  %d = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>} ins(%a, %v : tensor<?x5x5x2xf64>, tensor<2x2x2x3xf64>) outs(%z2 : tensor<?x2x2x3xf64>) -> tensor<?x2x2x3xf64>
  %e3 = tensor.empty(%n) : tensor<?x3xf64>
  %z3 = linalg.fill ins(%zero : f64) outs(%e3 : tensor<?x3xf64>) -> tensor<?x3xf64>
  %r = linalg.reduce { arith.addf } ins(%d : tensor<?x2x2x3xf64>) outs(%z3 : tensor<?x3xf64>) dimensions = [1, 2]
  return %r : tensor<?x3xf64>
}
