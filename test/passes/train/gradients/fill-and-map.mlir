// RUN: keel-check-gradient %s --function f
// A filled scalar, linalg.map, linalg.reduce, a scalar that a body captures.
func.func @f(%s: f64, %c: f64, %x: tensor<3x4xf64>) -> tensor<3xf64> {
  %e = tensor.empty() : tensor<3xf64>
  %i = linalg.fill ins(%s : f64) outs(%e : tensor<3xf64>) -> tensor<3xf64>
  %m = tensor.empty() : tensor<3x4xf64>
  %y = linalg.map ins(%x : tensor<3x4xf64>) outs(%m : tensor<3x4xf64>) (%v: f64, %o: f64) {
    %t = math.tanh %v : f64
    %k = arith.mulf %t, %c : f64
    linalg.yield %k : f64
  }
  %r = linalg.reduce { arith.addf } ins(%y : tensor<3x4xf64>) outs(%i : tensor<3xf64>) dimensions = [1]
  return %r : tensor<3xf64>
}
