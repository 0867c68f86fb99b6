// RUN: keel-opt %s --lower-entries --split-input-file --verify-diagnostics | FileCheck %s

ml_program.global public mutable @w(#keel.init<ones>) : tensor<4xf32>
// CHECK-LABEL: llvm.func internal @forward(
// CHECK-SAME: %[[ENV:.*]]: !llvm.ptr, %[[BUFFERS:.*]]: !llvm.ptr, %[[BATCH:.*]]: i64)
// CHECK-SAME: keel.entry = {access = [1 : i32], arena_bytes = 64 : i64, batch_capacity = 8 : i64,
// CHECK-SAME: inputs = [tensor<?x4xf32>], outputs = [tensor<?x4xf32>], scratch_bytes = 0 : i64, state = [@w]}
// CHECK: llvm.getelementptr %[[BUFFERS]][1]
// CHECK: llvm.insertvalue %[[BATCH]], %{{.*}}[3, 0]
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<?x4xf32>
// CHECK: llvm.getelementptr %[[ENV]][0, 0]
// CHECK: keel.kernel "k" ins(%{{.*}} = %[[X]] : memref<?x4xf32>)
func.func @forward(%w: memref<4xf32> {keel.access = 1 : i32, keel.state = @w}, %x: memref<?x4xf32>,
                   %y: memref<?x4xf32> {keel.output = 0 : i32}, %arena: memref<?xi8> {keel.arena})
    attributes {keel.arena_bytes = 64 : i64, keel.batch_capacity = 8 : i64, keel.scratch_bytes = 0 : i64} {
  keel.kernel "k" ins(%i = %x : memref<?x4xf32>) outs(%o = %y : memref<?x4xf32>) { keel.yield }
  return
}

// -----

// expected-error @below {{expected one block, memref arguments and no results; run --bufferize first}}
func.func @forward(%x: tensor<4xf32>) { return }
