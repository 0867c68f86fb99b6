// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<?x6xf64>, %y: tensor<2x6xf64>, %k: f64) -> (tensor<?x6xf64>, tensor<?x2x3xf64>, tensor<2x6xf64>, tensor<12xf64>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf64>
  %square = arith.mulf %x, %x : tensor<?x6xf64>
  %a = tensor.concat dim(0) %square, %y, %x : (tensor<?x6xf64>, tensor<2x6xf64>, tensor<?x6xf64>) -> tensor<?x6xf64>
  %b = tensor.expand_shape %square [[0], [1, 2]] output_shape [%n, 2, 3] : tensor<?x6xf64> into tensor<?x2x3xf64>
  %flat = tensor.collapse_shape %y [[0, 1]] : tensor<2x6xf64> into tensor<12xf64>
  %exp = math.exp %flat : tensor<12xf64>
  %shape = arith.constant dense<[2, 6]> : tensor<2xindex>
  %c = tensor.reshape %exp(%shape) : (tensor<12xf64>, tensor<2xindex>) -> tensor<2x6xf64>
  %d = tensor.cast %c : tensor<2x6xf64> to tensor<?x6xf64>
  %e = arith.mulf %d, %d : tensor<?x6xf64>
  %g = tensor.cast %e : tensor<?x6xf64> to tensor<2x6xf64>
  %s = tensor.splat %k : tensor<12xf64>
  %h = arith.mulf %s, %flat : tensor<12xf64>
  return %a, %b, %g, %h : tensor<?x6xf64>, tensor<?x2x3xf64>, tensor<2x6xf64>, tensor<12xf64>
}
