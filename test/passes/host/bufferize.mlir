// RUN: keel-opt %s --state-to-arguments --bufferize --split-input-file | FileCheck %s

// State is updated in its own buffer: no allocation, no copy.
ml_program.global public mutable @w(#keel.init<ones>) : tensor<4xf32>
// CHECK-LABEL: func.func @train_step(
// CHECK-SAME: %[[W:.*]]: memref<4xf32> {keel.access = 3 : i32, keel.state = @w}, %[[G:.*]]: memref<4xf32>)
// CHECK-NOT: alloc
// CHECK: keel.kernel "update" ins(%{{.*}} = %[[G]] : memref<4xf32>) outs(%[[O:.*]] = %[[W]] : memref<4xf32>)
// CHECK-NOT: copy
// CHECK: return
func.func @train_step(%g: tensor<4xf32>) {
  %w = ml_program.global_load @w : tensor<4xf32>
  %n = keel.kernel "update" ins(%i = %g : tensor<4xf32>) outs(%o = %w : tensor<4xf32>) {
    %s = linalg.sub ins(%o, %i : tensor<4xf32>, tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
    keel.yield %s : tensor<4xf32>
  }
  ml_program.global_store @w = %n : tensor<4xf32>
  return
}

// -----

// A result is computed in the caller's buffer, also where it was made in two steps.
// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[X:.*]]: memref<?x4xf32>, %[[Y:.*]]: memref<?x4xf32> {keel.output = 0 : i32})
// CHECK-NOT: alloc
// CHECK: keel.kernel "exp" ins({{.*}}) outs(%{{.*}} = %[[Y]] : memref<?x4xf32>)
// CHECK-NOT: copy
// CHECK: return
func.func @forward(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%batch) : tensor<?x4xf32>
  %y = keel.kernel "exp" ins(%i = %x : tensor<?x4xf32>) outs(%o = %e : tensor<?x4xf32>) {
    %r = linalg.exp ins(%i : tensor<?x4xf32>) outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
    keel.yield %r : tensor<?x4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

// An argument is never written: what is returned of it is a copy, and the copy is a kernel.
// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32> {keel.output = 0 : i32})
// CHECK: keel.kernel "copy" ins(%{{.*}} = %[[X]] : memref<4xf32>) outs(%{{.*}} = %[[Y]] : memref<4xf32>)
func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// State that trades places is read before it is written.
ml_program.global public mutable @a(#keel.init<ones>) : tensor<4xf32>
ml_program.global public mutable @b(#keel.init<zeros>) : tensor<4xf32>
// CHECK-LABEL: func.func @swap(
// CHECK-SAME: %[[A:.*]]: memref<4xf32> {keel.access = 3 : i32, keel.state = @a}, %[[B:.*]]: memref<4xf32>
// CHECK: %[[T0:.*]] = memref.alloc
// CHECK: keel.kernel "copy" ins(%{{.*}} = %[[B]] : memref<4xf32>) outs(%{{.*}} = %[[T0]]
// CHECK: %[[T1:.*]] = memref.alloc
// CHECK: keel.kernel "copy" ins(%{{.*}} = %[[A]] : memref<4xf32>) outs(%{{.*}} = %[[T1]]
// CHECK: keel.kernel "copy" ins(%{{.*}} = %[[T0]] : memref<4xf32>) outs(%{{.*}} = %[[A]]
// CHECK: keel.kernel "copy" ins(%{{.*}} = %[[T1]] : memref<4xf32>) outs(%{{.*}} = %[[B]]
func.func @swap() {
  %a = ml_program.global_load @a : tensor<4xf32>
  %b = ml_program.global_load @b : tensor<4xf32>
  ml_program.global_store @a = %b : tensor<4xf32>
  ml_program.global_store @b = %a : tensor<4xf32>
  return
}

// -----

// What a loop carries stays in one buffer, although each iteration writes another.
// CHECK-LABEL: func.func @loop(
// CHECK: scf.for
// CHECK-NOT: iter_args
// CHECK: keel.kernel "next"
// CHECK: keel.kernel "copy"
func.func @loop(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%s = %x) -> tensor<4xf32> {
    %e = tensor.empty() : tensor<4xf32>
    %y = keel.kernel "next" ins(%a = %s : tensor<4xf32>) outs(%o = %e : tensor<4xf32>) {
      %1 = linalg.exp ins(%a : tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
      keel.yield %1 : tensor<4xf32>
    }
    scf.yield %y : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// A scalar result is stored where it goes.
// CHECK-LABEL: func.func @scalar(
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<f32> {keel.output = 0 : i32})
// CHECK-NOT: alloc
// CHECK: memref.store %{{.*}}, %[[Y]][]
func.func @scalar(%x: tensor<4xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %y = tensor.extract %x[%c0] : tensor<4xf32>
  return %y : f32
}

// -----

// Two values that start from one empty tensor get a buffer each.
// CHECK-LABEL: func.func @shared_start(
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32> {keel.output = 0 : i32})
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: keel.kernel "1" ins({{.*}}) outs(%{{.*}} = %[[A]] :
// CHECK: keel.kernel "2" ins(%{{.*}} = %[[A]] : memref<4xf32>) outs(%{{.*}} = %[[Y]] :
// CHECK-NOT: copy
// CHECK: return
func.func @shared_start(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %1 = keel.kernel "1" ins(%i = %x : tensor<4xf32>) outs(%o = %e : tensor<4xf32>) {
    %r = linalg.exp ins(%i : tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
    keel.yield %r : tensor<4xf32>
  }
  %2 = keel.kernel "2" ins(%i = %1 : tensor<4xf32>) outs(%o = %e : tensor<4xf32>) {
    %r = linalg.exp ins(%i : tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
    keel.yield %r : tensor<4xf32>
  }
  return %2 : tensor<4xf32>
}

// -----

// One value in two places: computed in the first, copied to the second.
// CHECK-LABEL: func.func @twice(
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32> {keel.output = 0 : i32}, %[[Z:.*]]: memref<4xf32> {keel.output = 1 : i32})
// CHECK: keel.kernel "exp" {{.*}} outs(%{{.*}} = %[[Y]] :
// CHECK: keel.kernel "copy" ins(%{{.*}} = %[[Y]] : memref<4xf32>) outs(%{{.*}} = %[[Z]] :
func.func @twice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %y = keel.kernel "exp" ins(%i = %x : tensor<4xf32>) outs(%o = %e : tensor<4xf32>) {
    %r = linalg.exp ins(%i : tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
    keel.yield %r : tensor<4xf32>
  }
  return %y, %y : tensor<4xf32>, tensor<4xf32>
}

// -----

// So it does where the carried value goes elsewhere too.
// CHECK-LABEL: func.func @loop_history(
// CHECK: scf.for
// CHECK-NOT: iter_args
// CHECK: return
func.func @loop_history(%x: tensor<3xf64>) -> (tensor<3xf64>, tensor<4x3xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<4x3xf64>
  %r:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%s = %x, %all = %e) -> (tensor<3xf64>, tensor<4x3xf64>) {
    %n = tensor.empty() : tensor<3xf64>
    %next = keel.kernel "next" ins(%a = %s : tensor<3xf64>) outs(%o = %n : tensor<3xf64>) {
      %1 = linalg.exp ins(%a : tensor<3xf64>) outs(%o : tensor<3xf64>) -> tensor<3xf64>
      keel.yield %1 : tensor<3xf64>
    }
    %kept = keel.kernel "keep" ins(%a = %next, %t = %i : tensor<3xf64>, index) outs(%o = %all : tensor<4x3xf64>) {
      %1 = tensor.insert_slice %a into %o[%t, 0] [1, 3] [1, 1] : tensor<3xf64> into tensor<4x3xf64>
      keel.yield %1 : tensor<4x3xf64>
    }
    scf.yield %next, %kept : tensor<3xf64>, tensor<4x3xf64>
  }
  return %r#0, %r#1 : tensor<3xf64>, tensor<4x3xf64>
}
