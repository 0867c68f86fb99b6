// RUN: %python %S/execute.py %s | FileCheck %s
// CHECK: equal

// Rows in the reverse order: what the gradient of a convolution does to its kernel.
func.func @main(%x: tensor<7x20xf32>, %y: tensor<9x20xf32>) -> (tensor<7x20xf32>, tensor<4x20xf32>) {
  %e = tensor.empty() : tensor<7x20xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (-i + 6, -j + 19)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : tensor<7x20xf32>) outs(%e : tensor<7x20xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  } -> tensor<7x20xf32>
  // What comes before it is done in rows.
  %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%r : tensor<7x20xf32>) outs(%e : tensor<7x20xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  } -> tensor<7x20xf32>
  // Every second row, from the end.
  %f = tensor.empty() : tensor<4x20xf32>
  %r4 = tensor.extract_slice %z[2, 0] [4, 20] [1, 1] : tensor<7x20xf32> to tensor<4x20xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i * -2 + 8, j)>, affine_map<(i, j) -> (-i + 3, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%y, %r4 : tensor<9x20xf32>, tensor<4x20xf32>) outs(%f : tensor<4x20xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<4x20xf32>
  return %z, %s : tensor<7x20xf32>, tensor<4x20xf32>
}
