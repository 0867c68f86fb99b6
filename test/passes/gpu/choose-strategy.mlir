// RUN: keel-opt %s --choose-strategy="precision=bf16 trained=true" | FileCheck %s --check-prefixes=CHECK,OLDER
// RUN: keel-opt %s --choose-strategy="precision=bf16 trained=true sm=90 cluster-columns=4096" | FileCheck %s --check-prefixes=CHECK,HOPPER
// RUN: keel-opt %s --choose-strategy="precision=bf16" | FileCheck %s --check-prefixes=CHECK,INFERENCE
// RUN: keel-opt %s --choose-strategy="precision=bf16 trained=true" --remarks-filter=gpu -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: keel-opt %s --choose-strategy="precision=bf16 trained=true sm=90 cluster-columns=4096" --remarks-filter=gpu -o /dev/null 2>&1 | FileCheck %s --check-prefix=CLUSTERS

ml_program.global public mutable @w(#keel.init<zeros>) : tensor<512x512xf32>

// In training, with something between norm and layer: the rows' sums on a GPU without clusters, all of them on one with.
// CHECK-LABEL: func.func @loss
// OLDER: norm.rms_norm {{.*}} {keel.strategy = "statistics"}
// INFERENCE: norm.rms_norm %{{.*}} axes = [1] : tensor
// HOPPER: norm.rms_norm %{{.*}} axes = [1] : tensor
// REMARK: choose-strategy.mlir:[[@LINE+12]]:{{.*}}512 columns on A100, expected: row-block-barrier {{[0-9.]+}} us, statistics {{[0-9.]+}} us; statistics
// CLUSTERS: choose-strategy.mlir:[[@LINE+11]]:{{.*}}512 columns on H100, expected: cluster {{[0-9.]+}} us, row-block-barrier {{[0-9.]+}} us, statistics {{[0-9.]+}} us; complete in the matmul's kernel
func.func @loss(%x: tensor<?x512xf32>) -> tensor<?x512xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %batch = tensor.dim %x, %c0 : tensor<?x512xf32>
  %empty = tensor.empty(%batch) : tensor<?x512xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x512xf32>) -> tensor<?x512xf32>
  %w = ml_program.global_load @w : tensor<512x512xf32>
  %h = linalg.matmul ins(%x, %w : tensor<?x512xf32>, tensor<512x512xf32>) outs(%zeros : tensor<?x512xf32>) -> tensor<?x512xf32>
  %s = linalg.add ins(%h, %x : tensor<?x512xf32>, tensor<?x512xf32>) outs(%empty : tensor<?x512xf32>) -> tensor<?x512xf32>

  %y = norm.rms_norm %s axes = [1] : tensor<?x512xf32>
  %r = linalg.exp ins(%y : tensor<?x512xf32>) outs(%empty : tensor<?x512xf32>) -> tensor<?x512xf32>
  %z = linalg.matmul ins(%r, %w : tensor<?x512xf32>, tensor<512x512xf32>) outs(%zeros : tensor<?x512xf32>) -> tensor<?x512xf32>
  return %z : tensor<?x512xf32>
}

// Where a layer alone reads it, and nothing is trained, deferred. What its author has said stays; rows that come from memory have no
// choice.
// CHECK-LABEL: func.func @forward
// INFERENCE: norm.rms_norm {{.*}} {keel.strategy = "deferred"}
// OLDER: norm.rms_norm %{{.*}} axes = [1] : tensor
// HOPPER: norm.rms_norm %{{.*}} axes = [1] : tensor
// CHECK: norm.rms_norm {{.*}} {keel.strategy = "row-block-barrier"}
// CHECK: norm.rms_norm %{{.*}} axes = [1] : tensor
// REMARK: 512 columns on A100, expected: row-block-barrier {{[0-9.]+}} us, statistics {{[0-9.]+}} us; complete in the matmul's kernel
// REMARK-NOT: columns on A100
func.func @forward(%x: tensor<?x512xf32>) -> (tensor<?x512xf32>, tensor<?x512xf32>, tensor<?x512xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %batch = tensor.dim %x, %c0 : tensor<?x512xf32>
  %empty = tensor.empty(%batch) : tensor<?x512xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x512xf32>) -> tensor<?x512xf32>
  %w = ml_program.global_load @w : tensor<512x512xf32>
  %h = linalg.matmul ins(%x, %w : tensor<?x512xf32>, tensor<512x512xf32>) outs(%zeros : tensor<?x512xf32>) -> tensor<?x512xf32>
  %y = norm.rms_norm %h axes = [1] : tensor<?x512xf32>
  %z = linalg.matmul ins(%y, %w : tensor<?x512xf32>, tensor<512x512xf32>) outs(%zeros : tensor<?x512xf32>) -> tensor<?x512xf32>
  %forced = norm.rms_norm %z axes = [1] {keel.strategy = "row-block-barrier"} : tensor<?x512xf32>
  %v = norm.rms_norm %x axes = [1] : tensor<?x512xf32>
  return %z, %forced, %v : tensor<?x512xf32>, tensor<?x512xf32>, tensor<?x512xf32>
}
