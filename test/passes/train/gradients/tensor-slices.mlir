// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<?x6xf64>, %s: tensor<2x3xf64>, %r: tensor<6xf64>) -> (tensor<2x3xf64>, tensor<?x6xf64>, tensor<6xf64>, tensor<?x9xf64>) {
  %zero = arith.constant 0.0 : f64
  %a = tensor.extract_slice %x[1, 0] [2, 3] [1, 2] : tensor<?x6xf64> to tensor<2x3xf64>
  %b = arith.mulf %a, %s : tensor<2x3xf64>
  %c = tensor.insert_slice %b into %x[0, 1] [2, 3] [1, 1] : tensor<2x3xf64> into tensor<?x6xf64>
  %d = tensor.insert_slice %r into %c[2, 0] [1, 6] [1, 1] : tensor<6xf64> into tensor<?x6xf64>
  %e = tensor.extract_slice %d[0, 0] [1, 6] [1, 1] : tensor<?x6xf64> to tensor<6xf64>
  %sq = arith.mulf %d, %d : tensor<?x6xf64>
  %p = tensor.pad %sq low[0, 1] high[0, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f64
  } : tensor<?x6xf64> to tensor<?x9xf64>
  return %b, %d, %e, %p : tensor<2x3xf64>, tensor<?x6xf64>, tensor<6xf64>, tensor<?x9xf64>
}
