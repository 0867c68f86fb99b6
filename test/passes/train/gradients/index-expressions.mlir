// RUN: keel-check-gradient %s --function f
// A strided read, a diagonal, a constant place, an axis of extent 1, equal operands, the init read by an elementwise op.
func.func @f(%x: tensor<7xf64>, %a: tensor<4x4xf64>, %r: tensor<4x1xf64>, %k: tensor<3x4xf64>, %a0: tensor<4xf64>) -> tensor<4xf64> {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i * 2)>, affine_map<(i) -> (i, i)>, affine_map<(i) -> (i, 0)>,
                                        affine_map<(i) -> (1, i)>, affine_map<(i) -> (2, i)>, affine_map<(i) -> (i, i)>, affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]}
      ins(%x, %a, %r, %k, %k, %a : tensor<7xf64>, tensor<4x4xf64>, tensor<4x1xf64>, tensor<3x4xf64>, tensor<3x4xf64>, tensor<4x4xf64>)
      outs(%a0 : tensor<4xf64>) {
  ^bb0(%xi: f64, %ai: f64, %ri: f64, %k1: f64, %k2: f64, %again: f64, %o: f64):
    %p = arith.mulf %xi, %ai : f64
    %q = arith.mulf %ri, %again : f64
    %s = arith.addf %p, %q : f64
    %t = arith.mulf %s, %k1 : f64
    %u = arith.mulf %t, %k2 : f64
    %z = arith.mulf %u, %o : f64
    linalg.yield %z : f64
  } -> tensor<4xf64>
  return %y : tensor<4xf64>
}
