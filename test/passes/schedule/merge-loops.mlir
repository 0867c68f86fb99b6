// RUN: keel-opt %s --merge-loops --canonicalize | FileCheck %s

// Two updates of different tensors: four blocks of the first, then one of the second.
// CHECK-LABEL: func.func @independent
// CHECK: scf.forall (%[[N:.*]]) in (5) {
// CHECK: %[[FIRST:.*]] = arith.cmpi slt, %[[N]], %c4
// CHECK: scf.if %[[FIRST]]
// CHECK: } else {
// CHECK-NOT: scf.forall
func.func @independent(%a: memref<256xf32>, %b: memref<10xf32>) {
  keel.kernel "update" outs(%x = %a, %y = %b : memref<256xf32>, memref<10xf32>) {
    %zero = arith.constant 0.0 : f32
    scf.forall (%i) = (0) to (256) step (64) {
      %s = memref.subview %x[%i] [64] [1] : memref<256xf32> to memref<64xf32, strided<[1], offset: ?>>
      linalg.fill ins(%zero : f32) outs(%s : memref<64xf32, strided<[1], offset: ?>>)
    }
    scf.forall (%i) = (0) to (10) step (10) {
      %s = memref.subview %y[%i] [10] [1] : memref<10xf32> to memref<10xf32, strided<[1], offset: ?>>
      linalg.fill ins(%zero : f32) outs(%s : memref<10xf32, strided<[1], offset: ?>>)
    }
    keel.yield
  }
  return
}

// The second loop reads what the first writes, under another name.
// CHECK-LABEL: func.func @dependent
// CHECK-COUNT-2: scf.forall
func.func @dependent(%a: memref<256xf32>, %b: memref<256xf32>) {
  keel.kernel "chain" ins(%again = %a : memref<256xf32>) outs(%x = %a, %y = %b : memref<256xf32>, memref<256xf32>) {
    %zero = arith.constant 0.0 : f32
    scf.forall (%i) = (0) to (256) step (128) {
      linalg.fill ins(%zero : f32) outs(%x : memref<256xf32>)
    }
    scf.forall (%i) = (0) to (256) step (128) {
      linalg.copy ins(%again : memref<256xf32>) outs(%y : memref<256xf32>)
    }
    keel.yield
  }
  return
}
