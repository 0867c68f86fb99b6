// RUN: keel-check-gradient %s --function f
// Control flow in the body of a structured op.
func.func @f(%x: tensor<6xf64>, %k: f64) -> tensor<6xf64> {
  %zero = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<6xf64>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<6xf64>) outs(%e : tensor<6xf64>) {
  ^bb0(%v: f64, %o: f64):
    %positive = arith.cmpf ogt, %v, %zero : f64
    %r = scf.if %positive -> f64 {
      %a = math.exp %v : f64
      scf.yield %a : f64
    } else {
      %b = arith.mulf %v, %k : f64
      scf.yield %b : f64
    }
    linalg.yield %r : f64
  } -> tensor<6xf64>
  return %y : tensor<6xf64>
}
