// RUN: keel-opt %s --plan-memory --lower-entries --outline-parallel --split-input-file | FileCheck %s

// A parallel loop becomes a body over a range; what it uses travels as pointers and extents; its scratch memory is the
// worker's. The sum after the loop runs as a body of one iteration.
// CHECK: llvm.func internal @forward.scale(%[[CAPTURED:.*]]: !llvm.ptr {{.*}}, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %[[SCRATCH:.*]]: !llvm.ptr
// CHECK: llvm.getelementptr %[[CAPTURED]][0, 0]
// CHECK: scf.for
// CHECK: llvm.getelementptr %[[SCRATCH]][0]
// CHECK-NOT: memref.alloc
// CHECK: llvm.return
// CHECK: llvm.func internal @forward.scale_0(
// CHECK: scf.for
// CHECK: llvm.return
// CHECK-LABEL: llvm.func internal @forward(
// CHECK-SAME: %[[ENV:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64)
// CHECK-SAME: keel.kernels = [{location = "{{.*}}outline-parallel.mlir:{{[0-9]+}}:{{[0-9]+}}", name = "scale"}]
// CHECK: llvm.mlir.addressof @forward.scale :
// CHECK: llvm.call %{{.*}}(%[[ENV]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, i64) -> ()
// CHECK: llvm.mlir.addressof @forward.scale_0 :
// CHECK: llvm.call
// CHECK-NOT: keel.kernel "
func.func @forward(%x: memref<?x4xf32>, %y: memref<?x4xf32> {keel.output = 0 : i32}) {
  keel.kernel "scale" ins(%i = %x : memref<?x4xf32>) outs(%o = %y : memref<?x4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %rows = memref.dim %i, %c0 : memref<?x4xf32>
    scf.forall (%r) = (0) to (%rows) step (8) {
      %size = affine.min affine_map<(d0)[s0] -> (8, s0 - d0)>(%r)[%rows]
      %tile = memref.subview %i[%r, 0] [%size, 4] [1, 1] : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
      %to = memref.subview %o[%r, 0] [%size, 4] [1, 1] : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
      %own = memref.alloc(%size) : memref<?x4xf32>
      linalg.exp ins(%tile : memref<?x4xf32, strided<[4, 1], offset: ?>>) outs(%own : memref<?x4xf32>)
      linalg.exp ins(%own : memref<?x4xf32>) outs(%to : memref<?x4xf32, strided<[4, 1], offset: ?>>)
    }
    scf.for %r = %c1 to %rows step %c1 {
      %a = memref.load %o[%r, %c0] : memref<?x4xf32>
      memref.store %a, %o[%c0, %c0] : memref<?x4xf32>
    }
    keel.yield
  }
  return
}

// -----

// Two dimensions become one range. A handful of scalars stays with the caller.
// CHECK: llvm.func internal @forward.tiles(
// CHECK: arith.remui
// CHECK: arith.divui
// CHECK: llvm.return
// CHECK-LABEL: llvm.func internal @forward(
// CHECK: memref.store
func.func @forward(%y: memref<8x4xf32> {keel.output = 0 : i32}) {
  keel.kernel "tiles" outs(%o = %y : memref<8x4xf32>) {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    scf.forall (%r, %c) in (8, 4) {
      memref.store %zero, %o[%r, %c] : memref<8x4xf32>
    }
    memref.store %zero, %o[%c0, %c0] : memref<8x4xf32>
    keel.yield
  }
  return
}
