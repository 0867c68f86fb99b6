// RUN: keel-opt %s --import-graph --lower-tensor-ops --normalize-graph --mark-splittable --split-input-file | FileCheck %s

!rows = tensor<?x4xf32>

// Each row by itself: a linear layer, a norm, a residual sum.
// CHECK-LABEL: func.func @network(
// CHECK-SAME: keel.splittable
func.func @network(%x: !rows, %w: tensor<4x4xf32>) -> !rows {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : !rows
  %e = tensor.empty(%n) : !rows
  %zeros = linalg.fill ins(%zero : f32) outs(%e : !rows) -> !rows
  %z = linalg.matmul ins(%x, %w : !rows, tensor<4x4xf32>) outs(%zeros : !rows) -> !rows
  %y = norm.layer_norm %z axes = [1] : !rows
  %h = linalg.add ins(%x, %y : !rows, !rows) outs(%e : !rows) -> !rows
  return %h : !rows
}

// Heads: dimensions of a case are joined with the batch, moved about and padded.
// CHECK-LABEL: func.func @heads(
// CHECK-SAME: keel.splittable
func.func @heads(%x: tensor<?x6x4xf32>) -> tensor<?x4x8xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x6x4xf32>
  %flat = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x6x4xf32> into !rows
  %y = norm.rms_norm %flat axes = [1] : !rows
  %back = tensor.expand_shape %y [[0, 1], [2]] output_shape [%n, 6, 4] : !rows into tensor<?x6x4xf32>
  %e = tensor.empty(%n) : tensor<?x4x6xf32>
  %t = linalg.transpose ins(%back : tensor<?x6x4xf32>) outs(%e : tensor<?x4x6xf32>) permutation = [0, 2, 1]
  %p = tensor.pad %t low[0, 0, 1] high[0, 0, 1] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %zero : f32
  } : tensor<?x4x6xf32> to tensor<?x4x8xf32>
  return %p : tensor<?x4x8xf32>
}

// A recurrence over a case's own steps.
// CHECK-LABEL: func.func @steps(
// CHECK-SAME: keel.splittable
func.func @steps(%x: tensor<?x3x4xf32>) -> !rows {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x3x4xf32>
  %e = tensor.empty(%n) : !rows
  %start = linalg.fill ins(%zero : f32) outs(%e : !rows) -> !rows
  %h = scf.for %t = %c0 to %c3 step %c1 iter_args(%carry = %start) -> !rows {
    %xt = tensor.extract_slice %x[0, %t, 0] [%n, 1, 4] [1, 1, 1] : tensor<?x3x4xf32> to !rows
    %sum = linalg.add ins(%carry, %xt : !rows, !rows) outs(%e : !rows) -> !rows
    %next = linalg.tanh ins(%sum : !rows) outs(%e : !rows) -> !rows
    scf.yield %next : !rows
  }
  return %h : !rows
}

// What looks at other rows.
// CHECK-LABEL: func.func @softmax_of_columns(
// CHECK-NOT: keel.splittable
func.func @softmax_of_columns(%x: !rows) -> !rows {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : !rows
  %e = tensor.empty(%n) : !rows
  %y = linalg.softmax dimension(0) ins(%x : !rows) outs(%e : !rows) -> !rows
  return %y : !rows
}

// What knows how many there are.
// CHECK-LABEL: func.func @number_of_cases(
// CHECK-NOT: keel.splittable
func.func @number_of_cases(%x: !rows) -> !rows {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : !rows
  %i = arith.index_cast %n : index to i32
  %f = arith.sitofp %i : i32 to f32
  %e = tensor.empty(%n) : !rows
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%x, %f : !rows, f32) outs(%e : !rows) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %v = arith.divf %a, %b : f32
    linalg.yield %v : f32
  } -> !rows
  return %y : !rows
}

// What knows which one it is.
// CHECK-LABEL: func.func @position(
// CHECK-NOT: keel.splittable
func.func @position(%x: !rows) -> !rows {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : !rows
  %e = tensor.empty(%n) : !rows
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : !rows) outs(%e : !rows) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %k = arith.index_cast %i : index to i32
    %f = arith.sitofp %k : i32 to f32
    %v = arith.addf %a, %f : f32
    linalg.yield %v : f32
  } -> !rows
  return %y : !rows
}

// A row that is another row's.
// CHECK-LABEL: func.func @shifted(
// CHECK-NOT: keel.splittable
func.func @shifted(%x: !rows, %places: tensor<?xi64>) -> !rows {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : !rows
  %e = tensor.empty(%n) : !rows
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%places : tensor<?xi64>) outs(%e : !rows) {
  ^bb0(%p: i64, %o: f32):
    %i = arith.index_cast %p : i64 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %x[%i, %j] : !rows
    linalg.yield %v : f32
  } -> !rows
  return %y : !rows
}

// The batch in a place that is not its own.
// CHECK-LABEL: func.func @joined(
// CHECK-NOT: keel.splittable
func.func @joined(%x: !rows) -> tensor<?xf32> {
  %y = tensor.collapse_shape %x [[0, 1]] : !rows into tensor<?xf32>
  return %y : tensor<?xf32>
}

// CHECK-LABEL: func.func @one_for_all(
// CHECK-NOT: keel.splittable
func.func @one_for_all(%x: !rows, %y: tensor<4xf32>) -> (!rows, tensor<4xf32>) {
  return %x, %y : !rows, tensor<4xf32>
}

// -----

// CHECK: func.func @counts(
// CHECK-NOT: keel.splittable
ml_program.global public mutable @calls(dense<0.0> : tensor<f32>) : tensor<f32>
func.func @counts(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %calls = ml_program.global_load @calls : tensor<f32>
  %next = linalg.exp ins(%calls : tensor<f32>) outs(%calls : tensor<f32>) -> tensor<f32>
  ml_program.global_store @calls = %next : tensor<f32>
  return %x : tensor<?x4xf32>
}
