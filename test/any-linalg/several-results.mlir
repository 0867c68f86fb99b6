// RUN: %python %S/execute.py %s  | FileCheck %s
// RUN: %python %S/execute.py %s --device emulator --sizes 33 | FileCheck %s
// CHECK: equal

// Several results of one generic: argmax, and a value beside its sum; a division that must not see masked lanes.
func.func @main(%x: tensor<?x10xf32>, %i: tensor<21xi32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<?x10xf32>, tensor<?xf32>, tensor<21xi32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x10xf32>
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %zeroi = arith.constant 0 : i64
  %e = tensor.empty(%n) : tensor<?xf32>
  %ei = tensor.empty(%n) : tensor<?xi64>
  %f = linalg.fill ins(%low : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %fi = linalg.fill ins(%zeroi : i64) outs(%ei : tensor<?xi64>) -> tensor<?xi64>
  %0:2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x10xf32>) outs(%f, %fi : tensor<?xf32>, tensor<?xi64>) {
  ^bb0(%a: f32, %best: f32, %at: i64):
    %j = linalg.index 1 : index
    %k = arith.index_cast %j : index to i64
    %g = arith.cmpf ogt, %a, %best : f32
    %v = arith.select %g, %a, %best : f32
    %w = arith.select %g, %k, %at : i64
    linalg.yield %v, %w : f32, i64
  } -> (tensor<?xf32>, tensor<?xi64>)
  %ex = tensor.empty(%n) : tensor<?x10xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %1:2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x10xf32>) outs(%ex, %fs : tensor<?x10xf32>, tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32, %sum: f32):
    %v = math.exp %a : f32
    %s = arith.addf %sum, %v : f32
    linalg.yield %v, %s : f32, f32
  } -> (tensor<?x10xf32>, tensor<?xf32>)
  %one = arith.constant 1 : i32
  %hundred = arith.constant 100 : i32
  %e2 = tensor.empty() : tensor<21xi32>
  %2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%i : tensor<21xi32>) outs(%e2 : tensor<21xi32>) {
  ^bb0(%a: i32, %o: i32):
    %d = arith.addi %a, %one : i32
    %q = arith.divsi %hundred, %d : i32
    linalg.yield %q : i32
  } -> tensor<21xi32>
  return %0#0, %0#1, %1#0, %1#1, %2 : tensor<?xf32>, tensor<?xi64>, tensor<?x10xf32>, tensor<?xf32>, tensor<21xi32>
}
