// An embedding: rows of a table, trained.
ml_program.global public mutable @table(#keel.init<normal>) : tensor<12x16xf32>
ml_program.global public mutable @w(#keel.init<kaiming_uniform, fan_in = 16>) : tensor<16x10xf32>
func.func @forward(%ids: tensor<?xi32>) -> tensor<?x10xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %ids, %c0 : tensor<?xi32>
  %t = ml_program.global_load @table : tensor<12x16xf32>
  %e0 = tensor.empty(%n) : tensor<?x16xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi32>) outs(%e0 : tensor<?x16xf32>) {
  ^bb0(%id: i32, %out: f32):
    %row = arith.index_cast %id : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %t[%row, %column] : tensor<12x16xf32>
    linalg.yield %v : f32
  } -> tensor<?x16xf32>
  %w = ml_program.global_load @w : tensor<16x10xf32>
  %zero = arith.constant 0.0 : f32
  %o = tensor.empty(%n) : tensor<?x10xf32>
  %z = linalg.fill ins(%zero : f32) outs(%o : tensor<?x10xf32>) -> tensor<?x10xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x16xf32>, tensor<16x10xf32>) outs(%z : tensor<?x10xf32>) -> tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}
func.func @loss(%x: tensor<?xi32>, %labels: tensor<?xi32>) -> tensor<f32> {
  %y = call @forward(%x) : (tensor<?xi32>) -> tensor<?x10xf32>
  %loss = norm.softmax_cross_entropy %y, %labels : tensor<?x10xf32>, tensor<?xi32> -> tensor<f32>
  return %loss : tensor<f32>
}
