// RUN: keel-check-gradient %s --function f --extent 5
// NCHW, one filter a channel, dynamic extents.
func.func @f(%x: tensor<?x2x?x5xf64>, %w: tensor<2x3x3xf64>) -> tensor<?x2x?x3xf64> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0.0 : f64
  %n = tensor.dim %x, %c0 : tensor<?x2x?x5xf64>
  %h = tensor.dim %x, %c2 : tensor<?x2x?x5xf64>
  %rows = arith.subi %h, %c2 : index
  %e = tensor.empty(%n, %rows) : tensor<?x2x?x3xf64>
  %i = linalg.fill ins(%zero : f64) outs(%e : tensor<?x2x?x3xf64>) -> tensor<?x2x?x3xf64>
  %y = linalg.depthwise_conv_2d_nchw_chw ins(%x, %w : tensor<?x2x?x5xf64>, tensor<2x3x3xf64>) outs(%i : tensor<?x2x?x3xf64>) -> tensor<?x2x?x3xf64>
  return %y : tensor<?x2x?x3xf64>
}
