// RUN: keel-opt %s --import-graph -split-input-file | FileCheck %s

// Attributes of dialects that are not here go; ours stay.
// CHECK-NOT: mhlo
// CHECK-NOT: jax
// CHECK: func.func @attributes(%{{.*}}: tensor<4xf32> {bufferization.writable = true}) -> tensor<4xf32>
module attributes {mhlo.num_partitions = 1 : i32} {
  func.func @attributes(%x: tensor<4xf32> {bufferization.writable = true, jax.buffer_donor = true})
      -> (tensor<4xf32> {jax.result_info = "y"}) {
    return %x : tensor<4xf32>
  }
}

// -----

// CHECK-LABEL: func.func @calls
// CHECK-NOT: call
// CHECK-NOT: assert
// CHECK: linalg.generic
// CHECK:   arith.maximumf
// CHECK-NOT: @relu
func.func @calls(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  cf.assert %c, "mismatched size for broadcast"
  %0 = call @relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %0 = arith.maximumf %x, %zero : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// A statistic of a row is a [rows] array.
// CHECK-DAG: #[[ROWS:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-DAG: #[[BOTH:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func.func @unit_dimensions
// CHECK: linalg.generic {indexing_maps = [#[[BOTH]], #[[ROWS]]]
// CHECK: } -> tensor<8xf32>
// CHECK-NOT: expand_shape
// CHECK: linalg.generic {indexing_maps = [#[[BOTH]], #[[ROWS]], #[[BOTH]]]
func.func @unit_dimensions(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x1xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x1xf32>) -> tensor<8x1xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, 0)>],
                         iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x4xf32>) outs(%f : tensor<8x1xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.addf %a, %out : f32
    linalg.yield %0 : f32
  } -> tensor<8x1xf32>
  %ey = tensor.empty() : tensor<8x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : tensor<8x4xf32>, tensor<8x1xf32>) outs(%ey : tensor<8x4xf32>) {
  ^bb0(%a: f32, %s: f32, %out: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// CHECK-LABEL: func.func @gather
// CHECK-SAME: (%[[TABLE:.*]]: tensor<100x32xf32>, %[[IDS:.*]]: tensor<?x1xi32>)
// CHECK: linalg.generic
// CHECK: ^bb0(%[[ID:.*]]: i32, %{{.*}}: f32):
// CHECK-DAG: %[[ROW:.*]] = arith.index_cast %[[ID]]
// CHECK-DAG: %[[COLUMN:.*]] = linalg.index 1
// CHECK: tensor.extract %[[TABLE]][%[[ROW]], %[[COLUMN]]]
func.func @gather(%table: tensor<100x32xf32>, %ids: tensor<?x1xi32>) -> tensor<?x32xf32> {
  %0 = tensor.gather %table[%ids] gather_dims([0]) : (tensor<100x32xf32>, tensor<?x1xi32>) -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// -----

// A slice after the other, at the rows that the indices say.
// CHECK-LABEL: func.func @scatter
// CHECK-SAME: %[[ROWS:.*]]: tensor<?x32xf32>, %[[IDS:.*]]: tensor<?x1xi32>, %[[TABLE:.*]]: tensor<100x32xf32>
// CHECK: scf.for %[[I:.*]] = {{.*}} iter_args(%[[T:.*]] = %[[TABLE]])
// CHECK:   %[[ID:.*]] = tensor.extract %[[IDS]][%[[I]], %{{.*}}]
// CHECK:   %[[AT:.*]] = arith.index_cast %[[ID]]
// CHECK:   %[[ROW:.*]] = tensor.extract_slice %[[ROWS]][%[[I]], 0] [1, 32] [1, 1] : tensor<?x32xf32> to tensor<32xf32>
// CHECK:   tensor.insert_slice %[[ROW]] into %[[T]][%[[AT]], 0] [1, 32] [1, 1]
func.func @scatter(%rows: tensor<?x32xf32>, %ids: tensor<?x1xi32>, %table: tensor<100x32xf32>) -> tensor<100x32xf32> {
  %0 = tensor.scatter %rows into %table[%ids] scatter_dims([0]) unique
      : (tensor<?x32xf32>, tensor<100x32xf32>, tensor<?x1xi32>) -> tensor<100x32xf32>
  return %0 : tensor<100x32xf32>
}

// -----

// CHECK-LABEL: func.func @plainer_forms
// CHECK: tensor.insert_slice
// CHECK: tensor.insert_slice
// CHECK: linalg.fill
// CHECK: linalg.generic
// CHECK:   linalg.index 0
func.func @plainer_forms(%x: tensor<2x4xf32>, %y: tensor<3x4xf32>, %s: f32)
    -> (tensor<5x4xf32>, tensor<7xf32>, tensor<9xindex>) {
  %0 = tensor.concat dim(0) %x, %y : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
  %1 = tensor.splat %s : tensor<7xf32>
  %2 = tensor.generate {
  ^bb0(%i: index):
    %c2 = arith.constant 2 : index
    %j = arith.muli %i, %c2 : index
    tensor.yield %j : index
  } : tensor<9xindex>
  return %0, %1, %2 : tensor<5x4xf32>, tensor<7xf32>, tensor<9xindex>
}

// -----

// A sum over one element is elementwise, and what it starts from an input.
// CHECK-LABEL: func.func @unit_sum
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]} ins(%{{.*}}, %{{.*}} : tensor<8xf32>, tensor<8xf32>)
func.func @unit_sum(%x: tensor<8x1xf32>, %start: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                       iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x1xf32>) outs(%start : tensor<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %1 = arith.addf %a, %out : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
