// RUN: keel-check-gradient %s --function f
// Scaled dot-product attention with two heads, masked, with a residual stream and pre-LN: reshapes, transposes, batched
// products, softmax.
func.func @f(%x: tensor<3x4xf64>, %wq: tensor<4x4xf64>, %wk: tensor<4x4xf64>, %wv: tensor<4x4xf64>, %g: tensor<4xf64>) -> tensor<3x4xf64> {
  %zero = arith.constant 0.0 : f64
  %scale = arith.constant 0.7071 : f64
  %n = norm.layer_norm %x scale(%g : tensor<4xf64>) axes = [1] : tensor<3x4xf64>
  %e = tensor.empty() : tensor<3x4xf64>
  %z = linalg.fill ins(%zero : f64) outs(%e : tensor<3x4xf64>) -> tensor<3x4xf64>
  %q = linalg.matmul ins(%n, %wq : tensor<3x4xf64>, tensor<4x4xf64>) outs(%z : tensor<3x4xf64>) -> tensor<3x4xf64>
  %k = linalg.matmul ins(%n, %wk : tensor<3x4xf64>, tensor<4x4xf64>) outs(%z : tensor<3x4xf64>) -> tensor<3x4xf64>
  %v = linalg.matmul ins(%n, %wv : tensor<3x4xf64>, tensor<4x4xf64>) outs(%z : tensor<3x4xf64>) -> tensor<3x4xf64>
  %qh = tensor.expand_shape %q [[0], [1, 2]] output_shape [3, 2, 2] : tensor<3x4xf64> into tensor<3x2x2xf64>
  %kh = tensor.expand_shape %k [[0], [1, 2]] output_shape [3, 2, 2] : tensor<3x4xf64> into tensor<3x2x2xf64>
  %vh = tensor.expand_shape %v [[0], [1, 2]] output_shape [3, 2, 2] : tensor<3x4xf64> into tensor<3x2x2xf64>
  %eh = tensor.empty() : tensor<2x3x2xf64>
  %qt = linalg.transpose ins(%qh : tensor<3x2x2xf64>) outs(%eh : tensor<2x3x2xf64>) permutation = [1, 0, 2]
  %vt = linalg.transpose ins(%vh : tensor<3x2x2xf64>) outs(%eh : tensor<2x3x2xf64>) permutation = [1, 0, 2]
  %es = tensor.empty() : tensor<2x3x3xf64>
  %zs = linalg.fill ins(%zero : f64) outs(%es : tensor<2x3x3xf64>) -> tensor<2x3x3xf64>
  // Scores by a contraction over the last dimension of both, keys still token-major.
  %s = linalg.generic {indexing_maps = [affine_map<(h, i, j, d) -> (h, i, d)>, affine_map<(h, i, j, d) -> (j, h, d)>, affine_map<(h, i, j, d) -> (h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%qt, %kh : tensor<2x3x2xf64>, tensor<3x2x2xf64>) outs(%zs : tensor<2x3x3xf64>) {
  ^bb0(%a: f64, %b: f64, %o: f64):
    %p = arith.mulf %a, %b : f64
    %r = arith.mulf %p, %scale : f64
    %t = arith.addf %o, %r : f64
    linalg.yield %t : f64
  } -> tensor<2x3x3xf64>
  %low = arith.constant -1.0e30 : f64
  %masked = linalg.generic {indexing_maps = [affine_map<(h, i, j) -> (h, i, j)>, affine_map<(h, i, j) -> (h, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<2x3x3xf64>) outs(%es : tensor<2x3x3xf64>) {
  ^bb0(%a: f64, %o: f64):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %past = arith.cmpi sge, %i, %j : index
    %m = arith.select %past, %a, %low : f64
    linalg.yield %m : f64
  } -> tensor<2x3x3xf64>
  %p = linalg.softmax dimension(2) ins(%masked : tensor<2x3x3xf64>) outs(%es : tensor<2x3x3xf64>) -> tensor<2x3x3xf64>
  %zh = linalg.fill ins(%zero : f64) outs(%eh : tensor<2x3x2xf64>) -> tensor<2x3x2xf64>
  %o = linalg.batch_matmul ins(%p, %vt : tensor<2x3x3xf64>, tensor<2x3x2xf64>) outs(%zh : tensor<2x3x2xf64>) -> tensor<2x3x2xf64>
  %et = tensor.empty() : tensor<3x2x2xf64>
  %ot = linalg.transpose ins(%o : tensor<2x3x2xf64>) outs(%et : tensor<3x2x2xf64>) permutation = [1, 0, 2]
  %flat = tensor.collapse_shape %ot [[0], [1, 2]] : tensor<3x2x2xf64> into tensor<3x4xf64>
  %y = arith.addf %x, %flat : tensor<3x4xf64>
  return %y : tensor<3x4xf64>
}
