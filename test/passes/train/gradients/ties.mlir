// RUN: keel-check-gradient %s --function f
// A matrix beside its transpose: on the diagonal both sides of the maximum are one element, whose gradient is whole though
// the two places are differentiated apart.
func.func @f(%x: tensor<3x3xf64>) -> tensor<3x3x2xf64> {
  %e = tensor.empty() : tensor<3x3x2xf64>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (j, i)>, affine_map<(i, j, k) -> (i, j, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %x : tensor<3x3xf64>, tensor<3x3xf64>) outs(%e : tensor<3x3x2xf64>) {
  ^bb0(%a: f64, %b: f64, %o: f64):
    %m = arith.maximumf %a, %b : f64
    %t = math.tanh %m : f64
    linalg.yield %t : f64
  } -> tensor<3x3x2xf64>
  return %y : tensor<3x3x2xf64>
}
