// RUN: keel-check-gradient %s --function f
// Elements computed from their indices, from a tensor read in two places and from a number.
func.func @f(%x: tensor<4x3xf64>, %scale: f64, %v: tensor<3xf64>) -> tensor<3x4xf64> {
  %y = tensor.generate {
  ^bb0(%j: index, %i: index):
    %a = tensor.extract %x[%i, %j] : tensor<4x3xf64>
    %b = tensor.extract %v[%j] : tensor<3xf64>
    %square = arith.mulf %a, %a : f64
    %c = arith.mulf %square, %scale : f64
    %n = arith.index_cast %i : index to i64
    %f = arith.sitofp %n : i64 to f64
    %d = arith.mulf %b, %f : f64
    %e = arith.addf %c, %d : f64
    tensor.yield %e : f64
  } : tensor<3x4xf64>
  return %y : tensor<3x4xf64>
}
