// RUN: keel-check-gradient %s --function f
// RUN: keel-check-gradient %s --function f --seed 2
// RUN: keel-check-gradient %s --function f --seed 3
func.func @f(%x: tensor<4xf64>, %w: tensor<4xf64>, %p: i1, %q: i1) -> (tensor<4xf64>, f64) {
  %c0 = arith.constant 0 : index
  %y = scf.if %p -> tensor<4xf64> {
    %e = math.exp %x : tensor<4xf64>
    scf.yield %e : tensor<4xf64>
  } else {
    %m = arith.mulf %x, %w : tensor<4xf64>
    scf.yield %m : tensor<4xf64>
  }
  %t = scf.if %q -> f64 {
    %a = tensor.extract %y[%c0] : tensor<4xf64>
    %b = arith.mulf %a, %a : f64
    scf.yield %b : f64
  } else {
    %a = tensor.extract %w[%c0] : tensor<4xf64>
    scf.yield %a : f64
  }
  return %y, %t : tensor<4xf64>, f64
}
