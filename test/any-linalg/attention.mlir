// RUN: %python %S/execute.py %s --prepare=--import-graph --prepare=--normalize-graph | FileCheck %s
// RUN: %python %S/execute.py %s --prepare=--import-graph --prepare=--normalize-graph --device emulator --sizes 33 | FileCheck %s
// CHECK: equal

// Multi-head attention with a causal mask: products in four dimensions, transposed operands, softmax, a dynamic batch.
func.func @main(%q: tensor<?x3x11x8xf32>, %k: tensor<?x3x11x8xf32>, %v: tensor<?x3x11x8xf32>) -> tensor<?x11x3x8xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %low = arith.constant -1.0e9 : f32
  %scale = arith.constant 0.353553391 : f32
  %n = tensor.dim %q, %c0 : tensor<?x3x11x8xf32>
  %es = tensor.empty(%n) : tensor<?x3x11x11xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%es : tensor<?x3x11x11xf32>) -> tensor<?x3x11x11xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, j, d)>, affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<?x3x11x8xf32>, tensor<?x3x11x8xf32>) outs(%fs : tensor<?x3x11x11xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x3x11x11xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(b, h, i, j) -> (b, h, i, j)>, affine_map<(b, h, i, j) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s : tensor<?x3x11x11xf32>) outs(%es : tensor<?x3x11x11xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %later = arith.cmpi ugt, %j, %i : index
    %0 = arith.mulf %a, %scale : f32
    %1 = arith.select %later, %low, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x3x11x11xf32>
  %p = linalg.softmax dimension(3) ins(%m : tensor<?x3x11x11xf32>) outs(%es : tensor<?x3x11x11xf32>) -> tensor<?x3x11x11xf32>
  %eo = tensor.empty(%n) : tensor<?x3x11x8xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<?x3x11x8xf32>) -> tensor<?x3x11x8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, h, i, j, d) -> (b, h, i, d)>, affine_map<(b, h, i, j, d) -> (b, h, d, j)>, affine_map<(b, h, i, j, d) -> (b, h, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<?x3x11x11xf32>, tensor<?x3x11x8xf32>) outs(%fo : tensor<?x3x11x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x3x11x8xf32>
  %et = tensor.empty(%n) : tensor<?x11x3x8xf32>
  %t = linalg.transpose ins(%y : tensor<?x3x11x8xf32>) outs(%et : tensor<?x11x3x8xf32>) permutation = [0, 2, 1, 3]
  return %t : tensor<?x11x3x8xf32>
}
