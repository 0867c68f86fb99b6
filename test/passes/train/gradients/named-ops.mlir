// RUN: keel-check-gradient %s --function f
// matvec, vecmat, dot, transpose, broadcast, elementwise named ops.
func.func @f(%a: tensor<3x4xf64>, %v: tensor<4xf64>, %u: tensor<3xf64>) -> (tensor<f64>, tensor<3xf64>) {
  %zero = arith.constant 0.0 : f64
  %e3 = tensor.empty() : tensor<3xf64>
  %z3 = linalg.fill ins(%zero : f64) outs(%e3 : tensor<3xf64>) -> tensor<3xf64>
  %p = linalg.matvec ins(%a, %v : tensor<3x4xf64>, tensor<4xf64>) outs(%z3 : tensor<3xf64>) -> tensor<3xf64>
  %e4 = tensor.empty() : tensor<4xf64>
  %z4 = linalg.fill ins(%zero : f64) outs(%e4 : tensor<4xf64>) -> tensor<4xf64>
  %q = linalg.vecmat ins(%u, %a : tensor<3xf64>, tensor<3x4xf64>) outs(%z4 : tensor<4xf64>) -> tensor<4xf64>
  %e0 = tensor.empty() : tensor<f64>
  %z0 = linalg.fill ins(%zero : f64) outs(%e0 : tensor<f64>) -> tensor<f64>
  %d = linalg.dot ins(%q, %v : tensor<4xf64>, tensor<4xf64>) outs(%z0 : tensor<f64>) -> tensor<f64>
  %s = linalg.mul ins(%p, %u : tensor<3xf64>, tensor<3xf64>) outs(%e3 : tensor<3xf64>) -> tensor<3xf64>
  %t = linalg.exp ins(%s : tensor<3xf64>) outs(%e3 : tensor<3xf64>) -> tensor<3xf64>
  %w = linalg.sub ins(%t, %u : tensor<3xf64>, tensor<3xf64>) outs(%e3 : tensor<3xf64>) -> tensor<3xf64>
  %e43 = tensor.empty() : tensor<4x3xf64>
  %at = linalg.transpose ins(%a : tensor<3x4xf64>) outs(%e43 : tensor<4x3xf64>) permutation = [1, 0]
  %r = linalg.vecmat ins(%v, %at : tensor<4xf64>, tensor<4x3xf64>) outs(%w : tensor<3xf64>) -> tensor<3xf64>
  return %d, %r : tensor<f64>, tensor<3xf64>
}
