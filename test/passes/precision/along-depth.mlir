// RUN: keel-opt %s --normalize-graph --lower-precision="precision=tf32 along-depth=true" | FileCheck %s

// A weight whose rows are the outputs is read from its transpose, rounded to nearest; one whose rows go along the depth is
// not, nor is what is no state, nor a narrow one.
// CHECK-LABEL: func.func @layers
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf32>, %[[V:.*]]: tensor<64x64xf32>,
// CHECK: %[[W:.*]] = ml_program.global_load @w : tensor<64x128xf32>
// CHECK: %[[T:.*]] = linalg.generic {{.*}} ins(%[[W]] : tensor<64x128xf32>) outs(%{{.*}} : tensor<128x64xf32>)
// CHECK: %[[BITS:.*]] = arith.bitcast
// CHECK: %[[HALF:.*]] = arith.addi %[[BITS]], %{{.*}} : i32
// CHECK: %[[KEPT:.*]] = arith.andi %[[HALF]], %{{.*}} : i32
// CHECK: %[[ROUNDED:.*]] = arith.bitcast %[[KEPT]] : i32 to f32
// CHECK: arith.cmpf ord
// CHECK: arith.select %{{.*}}, %[[ROUNDED]], %{{.*}} : f32
// CHECK: %[[N:.*]] = ml_program.global_load @narrow
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[T]] : tensor<?x64xf32>, tensor<128x64xf32>) {{.*}} attrs = {keel.precision = "tf32"}
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<?x128xf32>, tensor<64x128xf32>) {{.*}} attrs = {keel.precision = "tf32"}
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[V]] : tensor<?x64xf32>, tensor<64x64xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[N]] : tensor<?x64xf32>, tensor<64x10xf32>)
ml_program.global public mutable @w(dense<1.0> : tensor<64x128xf32>) : tensor<64x128xf32>
ml_program.global public mutable @narrow(dense<1.0> : tensor<64x10xf32>) : tensor<64x10xf32>
func.func @layers(%x: tensor<?x64xf32>, %v: tensor<64x64xf32>, %a: tensor<?x128xf32>, %b: tensor<?x64xf32>, %c: tensor<?x10xf32>) -> tensor<?x10xf32> {
  %w = ml_program.global_load @w : tensor<64x128xf32>
  %n = ml_program.global_load @narrow : tensor<64x10xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x128xf32>) outs(%a : tensor<?x128xf32>) -> tensor<?x128xf32>
  %d = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%y, %w : tensor<?x128xf32>, tensor<64x128xf32>) outs(%b : tensor<?x64xf32>) -> tensor<?x64xf32>
  %e = linalg.matmul ins(%d, %v : tensor<?x64xf32>, tensor<64x64xf32>) outs(%b : tensor<?x64xf32>) -> tensor<?x64xf32>
  %f = linalg.matmul ins(%e, %n : tensor<?x64xf32>, tensor<64x10xf32>) outs(%c : tensor<?x10xf32>) -> tensor<?x10xf32>
  return %f : tensor<?x10xf32>
}
