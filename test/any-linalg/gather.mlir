// RUN: %python %S/execute.py %s --prepare=--import-graph | FileCheck %s
// RUN: %python %S/execute.py %s --prepare=--import-graph --device emulator --sizes 33 | FileCheck %s
// CHECK: equal

// Rows of a table, one element of each row; a gather by name.
func.func @main(%table: tensor<5x33xf32>, %ids: tensor<?xi32>, %at: tensor<7x1xi64>, %x: tensor<?x5xf32>)
    -> (tensor<?x33xf32>, tensor<7x33xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %ids, %c0 : tensor<?xi32>
  %e0 = tensor.empty(%n) : tensor<?x33xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi32>) outs(%e0 : tensor<?x33xf32>) {
  ^bb0(%id: i32, %out: f32):
    %row = arith.index_cast %id : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %table[%row, %column] : tensor<5x33xf32>
    linalg.yield %v : f32
  } -> tensor<?x33xf32>
  %1 = tensor.gather %table[%at] gather_dims([0]) : (tensor<5x33xf32>, tensor<7x1xi64>) -> tensor<7x33xf32>
  %e2 = tensor.empty(%n) : tensor<?xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%ids : tensor<?xi32>) outs(%e2 : tensor<?xf32>) {
  ^bb0(%id: i32, %out: f32):
    %column = arith.index_cast %id : i32 to index
    %row = linalg.index 0 : index
    %v = tensor.extract %x[%row, %column] : tensor<?x5xf32>
    linalg.yield %v : f32
  } -> tensor<?xf32>
  return %0, %1, %2 : tensor<?x33xf32>, tensor<7x33xf32>, tensor<?xf32>
}
