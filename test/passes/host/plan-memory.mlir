// RUN: keel-opt %s --plan-memory=batch=8 --split-input-file --verify-diagnostics | FileCheck %s

// Buffers whose lifetimes do not meet share memory; sizes are those of the largest batch.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[ARENA:[a-z0-9]+]]: memref<?xi8> {keel.arena}
// CHECK-SAME: keel.arena_bytes = 1024 : i64, keel.batch_capacity = 8 : i64, keel.scratch_bytes = 0 : i64
// CHECK: memref.view %[[ARENA]][%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?x16xf32>
// CHECK: memref.view %[[ARENA]][%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?x16xf32>
// CHECK: memref.view %[[ARENA]][%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?x16xf32>
// CHECK-NOT: alloc
func.func @chain(%x: memref<?x16xf32>, %y: memref<?x16xf32>) {
  %c0 = arith.constant 0 : index
  %batch = memref.dim %x, %c0 : memref<?x16xf32>
  %a = memref.alloc(%batch) : memref<?x16xf32>
  %b = memref.alloc(%batch) : memref<?x16xf32>
  %c = memref.alloc(%batch) : memref<?x16xf32>
  keel.kernel "1" ins(%i = %x : memref<?x16xf32>) outs(%o = %a : memref<?x16xf32>) { keel.yield }
  keel.kernel "2" ins(%i = %a : memref<?x16xf32>) outs(%o = %b : memref<?x16xf32>) { keel.yield }
  keel.kernel "3" ins(%i = %b : memref<?x16xf32>) outs(%o = %c : memref<?x16xf32>) { keel.yield }
  keel.kernel "4" ins(%i = %c : memref<?x16xf32>) outs(%o = %y : memref<?x16xf32>) { keel.yield }
  return
}

// -----

// A buffer inside control flow, or seen through a view, lives as long as what uses it.
// CHECK-LABEL: func.func @views(
// CHECK-SAME: keel.arena_bytes = 128 : i64, keel.batch_capacity = 0 : i64
func.func @views(%n: memref<i64>, %y: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = memref.alloc() : memref<4x4xf32>
  %v = memref.collapse_shape %a [[0, 1]] : memref<4x4xf32> into memref<16xf32>
  keel.kernel "1" outs(%o = %a : memref<4x4xf32>) { keel.yield }
  scf.for %i = %c0 to %c2 step %c1 {
    %b = memref.alloc() : memref<16xf32>
    keel.kernel "2" outs(%o = %b : memref<16xf32>) { keel.yield }
  }
  keel.kernel "3" ins(%i = %v : memref<16xf32>) outs(%o = %y : memref<16xf32>) { keel.yield }
  return
}

// -----

// What a kernel shares among its workers lies in the arena; what one worker needs, in its scratch memory: two buffers
// that live at the same time, and a third in the place of the first.
// CHECK-LABEL: func.func @kernel(
// CHECK-SAME: keel.arena_bytes = 512 : i64, keel.batch_capacity = 8 : i64, keel.scratch_bytes = 512 : i64
// CHECK: %[[PIECE:.*]] = memref.view {{.*}} : memref<?xi8> to memref<512xi8>
// CHECK: keel.kernel "k" ins({{.*}}) outs({{.*}} = %{{.*}}, %[[INSIDE:.*]] = %[[PIECE]] : memref<?x16xf32>, memref<512xi8>)
// CHECK: memref.view %[[INSIDE]]
// CHECK: scf.forall
// CHECK: memref.alloc(%{{.*}}) {keel.scratch_offset = 0 : i64}
// CHECK: memref.alloc(%{{.*}}) {keel.scratch_offset = 256 : i64}
// CHECK: memref.alloc(%{{.*}}) {keel.scratch_offset = 0 : i64}
func.func @kernel(%x: memref<?x16xf32>, %y: memref<?x16xf32>) {
  keel.kernel "k" ins(%i = %x : memref<?x16xf32>) outs(%o = %y : memref<?x16xf32>) {
    %c0 = arith.constant 0 : index
    %rows = memref.dim %i, %c0 : memref<?x16xf32>
    %shared = memref.alloc(%rows) : memref<?x16xf32>
    scf.forall (%r) = (0) to (%rows) step (4) {
      %size = affine.min affine_map<(d0)[s0] -> (4, s0 - d0)>(%r)[%rows]
      %a = memref.alloc(%size) : memref<?x16xf32>
      %b = memref.alloc(%size) : memref<?x16xf32>
      %d = memref.alloc(%size) : memref<?x16xf32>
      linalg.exp ins(%a : memref<?x16xf32>) outs(%b : memref<?x16xf32>)
      linalg.exp ins(%b : memref<?x16xf32>) outs(%d : memref<?x16xf32>)
    }
    keel.yield
  }
  return
}

// -----

func.func @unbounded(%n: memref<i64>) {
  %0 = memref.load %n[] : memref<i64>
  %1 = arith.index_cast %0 : i64 to index
  // expected-error @below {{cannot bound the size of this buffer of type 'memref<?xf32>': its extents must follow from the batch, found one that depends on data}}
  %a = memref.alloc(%1) : memref<?xf32>
  keel.kernel "1" outs(%o = %a : memref<?xf32>) { keel.yield }
  return
}
