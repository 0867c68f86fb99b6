// Fused means fused: on the buffers, no kernel of a training step goes over an operand twice but for a matmul's reuse, and
// none holds a buffer that grows with the rows and is as wide as they are.
// RUN: keel-opt %models/digits_none.mlir --to-graph --to-step=train=adamw --to-kernels --to-tiles --to-buffers -o %t.none.mlir
// RUN: keel-opt %t.none.mlir --load-pass-plugin=%plugins/CheckFused.so --pass-pipeline="builtin.module(check-fused)" -o %t.mlir
// RUN: keel-opt %models/digits_layer_norm.mlir --to-graph --to-step=train=adamw --to-kernels --to-tiles --to-buffers -o %t.layer.mlir
// RUN: keel-opt %t.layer.mlir --load-pass-plugin=%plugins/CheckFused.so --pass-pipeline="builtin.module(check-fused)" -o %t.mlir
// RUN: keel-opt %models/digits_rms_norm.mlir --to-graph --to-step=train=adamw --to-kernels --to-tiles --to-buffers -o %t.rms.mlir
// RUN: keel-opt %t.rms.mlir --load-pass-plugin=%plugins/CheckFused.so --pass-pipeline="builtin.module(check-fused)" -o %t.mlir
// RUN: keel-opt %models/digits_batch_norm.mlir --to-graph --to-step=train=adamw --to-kernels --to-tiles --to-buffers -o %t.batch.mlir
// RUN: keel-opt %t.batch.mlir --load-pass-plugin=%plugins/CheckFused.so --pass-pipeline="builtin.module(check-fused)" -o %t.mlir
// Without centred weights, too: the statistics are those of the rows in cache.
// RUN: keel-opt %models/digits_layer_norm.mlir --to-graph --to-step="train=adamw algebra=false" --to-kernels --to-tiles --to-buffers -o %t.plain.mlir
// RUN: keel-opt %t.plain.mlir --load-pass-plugin=%plugins/CheckFused.so --pass-pipeline="builtin.module(check-fused)" -o %t.mlir
// RUN: sed 's/norm.layer_norm \(.*\) axes = \[1\]/norm.group_norm \1 groups = 8/' %models/digits_layer_norm.mlir > %t.groups.mlir
// RUN: keel-opt %t.groups.mlir --to-graph --to-step=train=adamw --to-kernels --to-tiles --to-buffers -o %t.group.mlir
// RUN: keel-opt %t.group.mlir --load-pass-plugin=%plugins/CheckFused.so --pass-pipeline="builtin.module(check-fused)" -o %t.mlir
// RUN: keel-opt %models/residual_layer_norm.mlir --to-graph --to-step=train=adamw --to-kernels --to-tiles --to-buffers -o %t.residual.mlir
// RUN: keel-opt %t.residual.mlir --load-pass-plugin=%plugins/CheckFused.so --pass-pipeline="builtin.module(check-fused)" -o %t.mlir

// The check can fail.
// RUN: keel-opt %s --load-pass-plugin=%plugins/CheckFused.so --pass-pipeline="builtin.module(check-fused)" -split-input-file -verify-diagnostics

#rows = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// Statistics in one loop, the norm in the next.
func.func @two_loops(%x: memref<?x256xf32>, %s: memref<?xf32>, %y: memref<?x256xf32>, %n: index) {
  // expected-error @below {{"norm" operand #0 of type 'memref<?x256xf32>' is gone over twice}}
  keel.kernel "norm" ins(%a = %x, %m = %n : memref<?x256xf32>, index)
      outs(%b = %s, %c = %y : memref<?xf32>, memref<?x256xf32>) {
    %zero = arith.constant 0.0 : f32
    scf.forall (%i) = (0) to (%m) step (1) {
      %r = memref.subview %a[%i, 0] [1, 256] [1, 1] : memref<?x256xf32> to memref<1x256xf32, strided<[256, 1], offset: ?>>
      %t = memref.subview %b[%i] [1] [1] : memref<?xf32> to memref<1xf32, strided<[1], offset: ?>>
      linalg.fill ins(%zero : f32) outs(%t : memref<1xf32, strided<[1], offset: ?>>)
      // expected-note @below {{read here}}
      linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
          ins(%r : memref<1x256xf32, strided<[256, 1], offset: ?>>) outs(%t : memref<1xf32, strided<[1], offset: ?>>) {
      ^bb0(%v: f32, %o: f32):
        %sum = arith.addf %o, %v : f32
        linalg.yield %sum : f32
      }
    }
    scf.forall (%i) = (0) to (%m) step (1) {
      %r = memref.subview %a[%i, 0] [1, 256] [1, 1] : memref<?x256xf32> to memref<1x256xf32, strided<[256, 1], offset: ?>>
      %t = memref.subview %b[%i] [1] [1] : memref<?xf32> to memref<1xf32, strided<[1], offset: ?>>
      %u = memref.subview %c[%i, 0] [1, 256] [1, 1] : memref<?x256xf32> to memref<1x256xf32, strided<[256, 1], offset: ?>>
      // expected-note @below {{read here}}
      linalg.generic {indexing_maps = [#rows, #row, #rows], iterator_types = ["parallel", "parallel"]}
          ins(%r, %t : memref<1x256xf32, strided<[256, 1], offset: ?>>, memref<1xf32, strided<[1], offset: ?>>)
          outs(%u : memref<1x256xf32, strided<[256, 1], offset: ?>>) {
      ^bb0(%v: f32, %w: f32, %o: f32):
        %d = arith.subf %v, %w : f32
        linalg.yield %d : f32
      }
    }
    keel.yield
  }
  return
}

// -----

#rows = affine_map<(i, j) -> (i, j)>

// Two reads one after the other, of everything.
func.func @too_large(%x: memref<512x256xf32>, %y: memref<512x256xf32>, %z: memref<512x256xf32>) {
  // expected-error @below {{operand #0 of type 'memref<512x256xf32>' is read twice, and too large to be in the cache the second time}}
  keel.kernel "twice" ins(%a = %x : memref<512x256xf32>) outs(%b = %y, %c = %z : memref<512x256xf32>, memref<512x256xf32>) {
    // expected-note @below {{read here}}
    linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
        ins(%a : memref<512x256xf32>) outs(%b : memref<512x256xf32>) {
    ^bb0(%v: f32, %o: f32):
      linalg.yield %v : f32
    }
    // expected-note @below {{read here}}
    linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
        ins(%a : memref<512x256xf32>) outs(%c : memref<512x256xf32>) {
    ^bb0(%v: f32, %o: f32):
      linalg.yield %v : f32
    }
    keel.yield
  }
  return
}

// -----

func.func @again(%x: memref<?x256xf32>, %y: memref<8x256xf32>) {
  // expected-error @below {{"again" operand #0 of type 'memref<?x256xf32>' is read again in each iteration of a loop around}}
  keel.kernel "again" ins(%a = %x : memref<?x256xf32>) outs(%b = %y : memref<8x256xf32>) {
    scf.forall (%i) = (0) to (8) step (1) {
      %t = memref.subview %b[%i, 0] [1, 256] [1, 1] : memref<8x256xf32> to memref<256xf32, strided<[1], offset: ?>>
      // expected-note @below {{read here}}
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
          iterator_types = ["reduction", "parallel"]}
          ins(%a : memref<?x256xf32>) outs(%t : memref<256xf32, strided<[1], offset: ?>>) {
      ^bb0(%v: f32, %o: f32):
        %s = arith.addf %o, %v : f32
        linalg.yield %s : f32
      }
    }
    keel.yield
  }
  return
}

// -----

// An activation that a kernel keeps for all rows, and partial sums of each block of them; a fixed number of partial sums
// and a few columns are fine.
func.func @holds_rows(%x: memref<?x256xf32>, %n: index) {
  keel.kernel "holds" ins(%a = %x, %m = %n : memref<?x256xf32>, index) {
    // expected-error @below {{grows with the rows, and has 256 elements for each}}
    %all = memref.alloc(%m) : memref<?x256xf32>
    %blocks = affine.apply affine_map<(n) -> (n ceildiv 32)>(%m)
    // expected-error @below {{grows with the rows, and has 256 elements for each}}
    %ofblocks = memref.alloc(%blocks) : memref<?x256xf32>
    %few = memref.alloc(%m) : memref<?x32xf32>
    %parts = affine.min affine_map<(n) -> (n, 64)>(%blocks)
    %partials = memref.alloc(%parts) : memref<?x256xf32>
    keel.yield
  }
  return
}
