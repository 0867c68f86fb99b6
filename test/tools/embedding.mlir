// A table that is looked up trains: its gradient is added row by row, in place, by a loop.
// RUN: keel-compile %s -o %t.so --train=sgd --batch=4
// RUN: %python -c "import numpy; numpy.save('%t.rows.npy', numpy.array([2, 0, 2, 1], 'i4')); numpy.save('%t.labels.npy', numpy.array([1, 0, 1, 1], 'i4'))"
// RUN: keel-run %t.so call train_step --input %t.rows.npy --input %t.labels.npy --output %t.loss.npy --save-state %t.safetensors
// RUN: %python -c "import numpy; print(numpy.load('%t.loss.npy'))" | FileCheck %s
// Two equal logits a case: log 2.
// CHECK: 0.693147
ml_program.global public mutable @table(#keel.init<zeros>) : tensor<3x2xf32>
func.func @forward(%rows: tensor<?xi32>) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %rows, %c0 : tensor<?xi32>
  %table = ml_program.global_load @table : tensor<3x2xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}
      ins(%rows : tensor<?xi32>) outs(%e : tensor<?x2xf32>) {
  ^bb0(%row: i32, %o: f32):
    %i = arith.index_cast %row : i32 to index
    %c = linalg.index 1 : index
    %v = tensor.extract %table[%i, %c] : tensor<3x2xf32>
    linalg.yield %v : f32
  } -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
func.func @loss(%rows: tensor<?xi32>, %labels: tensor<?xi32>) -> tensor<f32> {
  %y = call @forward(%rows) : (tensor<?xi32>) -> tensor<?x2xf32>
  %loss = norm.softmax_cross_entropy %y, %labels : tensor<?x2xf32>, tensor<?xi32> -> tensor<f32>
  return %loss : tensor<f32>
}
