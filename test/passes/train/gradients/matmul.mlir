// RUN: keel-check-gradient %s --function f
// A linear layer: the bias is the matmul's init.
func.func @f(%x: tensor<?x4xf64>, %w: tensor<4x5xf64>, %b: tensor<5xf64>) -> tensor<?x5xf64> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf64>
  %e = tensor.empty(%n) : tensor<?x5xf64>
  %i = linalg.broadcast ins(%b : tensor<5xf64>) outs(%e : tensor<?x5xf64>) dimensions = [0]
  %y = linalg.matmul ins(%x, %w : tensor<?x4xf64>, tensor<4x5xf64>) outs(%i : tensor<?x5xf64>) -> tensor<?x5xf64>
  return %y : tensor<?x5xf64>
}
