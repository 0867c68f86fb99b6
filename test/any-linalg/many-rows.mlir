// RUN: %python %S/execute.py %s --sizes 1801 --tolerance 1e-5 --batch=2048 | FileCheck %s
// RUN: %python %S/execute.py %s --sizes 3,1801 --tolerance 1e-5 --batch=2048 --device emulator | FileCheck %s
// CHECK: equal

// More rows than blocks of a GPU take at once: each row less its mean, and sums and extremes over all rows.
#each = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
func.func @main(%x: tensor<?x256xf32>) -> (tensor<?x256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<f32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x256xf32>
  %er = tensor.empty(%n) : tensor<?xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<?xf32>) -> tensor<?xf32>
  %ec = tensor.empty() : tensor<256xf32>
  %zc = linalg.fill ins(%zero : f32) outs(%ec : tensor<256xf32>) -> tensor<256xf32>
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %s = linalg.generic {indexing_maps = [#each, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x256xf32>) outs(%zr : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %out, %in : f32
    linalg.yield %a : f32
  } -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#each, #row, #each], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<?x256xf32>, tensor<?xf32>) outs(%e : tensor<?x256xf32>) {
  ^bb0(%in: f32, %sum: f32, %out: f32):
    %count = arith.constant 256.0 : f32
    %m = arith.divf %sum, %count : f32
    %d = arith.subf %in, %m : f32
    linalg.yield %d : f32
  } -> tensor<?x256xf32>
  %p = linalg.generic {indexing_maps = [#each, #each, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x, %y : tensor<?x256xf32>, tensor<?x256xf32>) outs(%zc : tensor<256xf32>) {
  ^bb0(%in: f32, %in1: f32, %out: f32):
    %m = arith.mulf %in, %in1 : f32
    %a = arith.addf %out, %m : f32
    linalg.yield %a : f32
  } -> tensor<256xf32>
  %q = linalg.generic {indexing_maps = [#each, #column], iterator_types = ["reduction", "parallel"]}
      ins(%y : tensor<?x256xf32>) outs(%zc : tensor<256xf32>) {
  ^bb0(%in: f32, %out: f32):
    %b = math.absf %in : f32
    %a = arith.maximumf %out, %b : f32
    linalg.yield %a : f32
  } -> tensor<256xf32>
  %es = tensor.empty() : tensor<f32>
  %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<f32>) -> tensor<f32>
  %t = linalg.generic {indexing_maps = [#each, affine_map<(i, j) -> ()>], iterator_types = ["reduction", "reduction"]}
      ins(%y : tensor<?x256xf32>) outs(%zs : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %b = arith.mulf %in, %in : f32
    %a = arith.maximumf %out, %b : f32
    linalg.yield %a : f32
  } -> tensor<f32>
  return %y, %p, %q, %t : tensor<?x256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<f32>
}
