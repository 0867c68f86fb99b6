// RUN: keel-check-gradient %s --function f
// The value beside its index, as importers write torch.max.
func.func @f(%x: tensor<3x5xf64>) -> (tensor<3xf64>, tensor<3xi64>) {
  %low = arith.constant 0xFFF0000000000000 : f64
  %c0 = arith.constant 0 : i64
  %e = tensor.empty() : tensor<3xf64>
  %i = linalg.fill ins(%low : f64) outs(%e : tensor<3xf64>) -> tensor<3xf64>
  %e2 = tensor.empty() : tensor<3xi64>
  %i2 = linalg.fill ins(%c0 : i64) outs(%e2 : tensor<3xi64>) -> tensor<3xi64>
  %m:2 = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a)>, affine_map<(a, b) -> (a)>],
      iterator_types = ["parallel", "reduction"]} ins(%x : tensor<3x5xf64>) outs(%i, %i2 : tensor<3xf64>, tensor<3xi64>) {
  ^bb0(%v: f64, %best: f64, %at: i64):
    %index = linalg.index 1 : index
    %here = arith.index_cast %index : index to i64
    %greater = arith.cmpf ogt, %v, %best : f64
    %value = arith.select %greater, %v, %best : f64
    %place = arith.select %greater, %here, %at : i64
    linalg.yield %value, %place : f64, i64
  } -> (tensor<3xf64>, tensor<3xi64>)
  return %m#0, %m#1 : tensor<3xf64>, tensor<3xi64>
}
