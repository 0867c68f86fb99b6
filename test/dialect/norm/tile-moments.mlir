// RUN: keel-opt %s -split-input-file --transform-interpreter --canonicalize --cse | FileCheck %s

// Tiled over its rows, moments of whole rows.
// CHECK-LABEL: func @rows
// CHECK: scf.forall
// CHECK: %[[ROWS:.*]] = tensor.extract_slice %{{.*}}[%{{.*}}, 0] [%{{.*}}, 64] [1, 1]
// CHECK: norm.moments %[[ROWS]] axes = [1] : tensor<?x64xf32> -> tensor<?xf32>
// CHECK-COUNT-2: tensor.parallel_insert_slice
func.func @rows(%x: tensor<?x64xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %mean, %m2 = norm.moments %x axes = [1] : tensor<?x64xf32> -> tensor<?xf32>
  return %mean, %m2 : tensor<?xf32>, tensor<?xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["norm.moments"]} in %m : (!transform.any_op) -> !transform.any_op
    %1, %2 = transform.structured.tile_using_forall %0 tile_sizes [8, 0]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Split along the row: each part has its moments and its count, and Chan's merge is two sums.
// CHECK-LABEL: func @columns
// CHECK: %[[PARTS:.*]]:2 = scf.forall (%[[I:.*]]) in (8)
// CHECK: %[[PART:.*]] = tensor.extract_slice %{{.*}}[0, %{{.*}}] [%{{.*}}, 128] [1, 1]
// CHECK: %[[MEAN:.*]], %[[M2:.*]] = norm.moments %[[PART]] axes = [1]
// CHECK: %[[PAIR:.*]] = linalg.generic {{.*}} ins(%[[MEAN]],
// CHECK: tensor.parallel_insert_slice %[[PAIR]] into %{{.*}}[0, %[[I]], 0] [%{{.*}}, 1, 2]
// CHECK: tensor.parallel_insert_slice %[[M2]] into %{{.*}}[0, %[[I]]] [%{{.*}}, 1]
// CHECK-DAG: %[[MEANS:.*]] = tensor.extract_slice %[[PARTS]]#0[0, 0, 0] [%{{.*}}, 8, 1]
// CHECK-DAG: %[[COUNTS:.*]] = tensor.extract_slice %[[PARTS]]#0[0, 0, 1] [%{{.*}}, 8, 1]
// CHECK: linalg.generic {{.*}} ins(%[[COUNTS]], %[[MEANS]] :
// CHECK: %[[MERGED:.*]] = linalg.generic
// CHECK: linalg.generic {{.*}} ins(%[[PARTS]]#1, %[[COUNTS]], %[[MEANS]], %[[MERGED]] :
func.func @columns(%x: tensor<?x1024xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %mean, %m2 = norm.moments %x axes = [1] : tensor<?x1024xf32> -> tensor<?xf32>
  return %mean, %m2 : tensor<?xf32>, tensor<?xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["norm.moments"]} in %m : (!transform.any_op) -> !transform.any_op
    %1, %2, %3, %4, %5, %6, %7, %8 = transform.structured.tile_reduction_using_forall %0 by num_threads = [0, 8] tile_sizes = []
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op,
                                  !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A producer is tiled into its consumer's loop.
// CHECK-LABEL: func @fused
// CHECK: scf.forall
// CHECK: norm.moments {{.*}} -> tensor<8xf32>
// CHECK: linalg.exp {{.*}} outs({{.*}} : tensor<8xf32>)
func.func @fused(%x: tensor<32x64xf32>) -> tensor<32xf32> {
  %mean, %m2 = norm.moments %x axes = [1] : tensor<32x64xf32> -> tensor<32xf32>
  %e = tensor.empty() : tensor<32xf32>
  %y = linalg.exp ins(%m2 : tensor<32xf32>) outs(%e : tensor<32xf32>) -> tensor<32xf32>
  return %y : tensor<32xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg.exp"]} in %m : (!transform.any_op) -> !transform.any_op
    %1, %2 = transform.structured.fuse %0 tile_sizes [8] {use_forall}
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
