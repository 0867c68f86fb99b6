// RUN: keel-opt %s -split-input-file --pack-operands | FileCheck %s
// RUN: keel-opt %s -split-input-file --pack-operands="vector-bits=256 registers=16" | FileCheck %s --check-prefix=AVX2
// RUN: keel-opt %s -split-input-file --pack-operands --canonicalize --tile-kernels --canonicalize --cse \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   --canonicalize --cse --canonicalize | FileCheck %s --check-prefix=TILED

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

// A weight stored along k is packed once for both kernels that read it; 100 columns are two panels of 64.
// CHECK-DAG: #[[PANELS:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2, d1 mod 64)>
// CHECK-LABEL: func @shared
// CHECK-SAME: %{{.*}}: tensor<?x70xf32>, %[[W:.*]]: tensor<100x70xf32>
// CHECK: %[[PACKED:.*]] = keel.kernel "pack_first_transposed" ins(%[[IN:.*]] = %[[W]] : tensor<100x70xf32>)
// CHECK: linalg.pack %[[IN]] padding_value(%{{.*}} : f32) outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [64]
// CHECK-NOT: linalg.pack
// CHECK: keel.kernel "first" ins(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %[[PACKED]] : tensor<?x70xf32>, tensor<2x70x64xf32>)
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[PANELS]], #{{.*}}]{{.*}} ins(%[[A]], %[[B]]
// CHECK: keel.kernel "second" ins(%{{.*}} = %{{.*}}, %{{.*}} = %[[PACKED]]
// AVX2: inner_tiles = [16] into %{{.*}} : tensor<100x70xf32> -> tensor<7x70x16xf32>

// Padding, then a transposing copy for each panel, in place.
// TILED-LABEL: func @shared
// TILED: keel.kernel "pack_first_transposed" ins(%[[W:.*]] = {{.*}}) outs(%[[P:.*]] =
// TILED: linalg.fill ins(%{{.*}}) outs(%[[P]]
// TILED: scf.for %[[N:.*]] = %{{.*}} to %c2
// TILED: memref.subview %[[W]][%{{.*}}, 0] [%[[ROWS:.*]], 70]
// TILED: memref.subview %[[P]][%[[N]], 0, 0] [1, 70, %[[ROWS]]]
// TILED: linalg.generic {indexing_maps = [#[[T:.*]], #[[I:.*]]], iterator_types = ["parallel", "parallel"]}
// TILED-NOT: memref.alloc
// TILED-NOT: memref.copy
// TILED: keel.yield
func.func @shared(%x: tensor<?x70xf32>, %w: tensor<100x70xf32>, %e: tensor<?x100xf32>) -> (tensor<?x100xf32>, tensor<?x100xf32>) {
  %r = keel.kernel "first" ins(%a = %x, %b = %w : tensor<?x70xf32>, tensor<100x70xf32>) outs(%o = %e : tensor<?x100xf32>) {
    %c = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x70xf32>, tensor<100x70xf32>) outs(%o : tensor<?x100xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %t = arith.mulf %p, %q : f32
      %u = arith.addf %s, %t : f32
      linalg.yield %u : f32
    } -> tensor<?x100xf32>
    keel.yield %c : tensor<?x100xf32>
  }
  %r2 = keel.kernel "second" ins(%a = %x, %b = %w : tensor<?x70xf32>, tensor<100x70xf32>) outs(%o = %e : tensor<?x100xf32>) {
    %c = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x70xf32>, tensor<100x70xf32>) outs(%o : tensor<?x100xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %t = arith.mulf %p, %q : f32
      %u = arith.addf %s, %t : f32
      linalg.yield %u : f32
    } -> tensor<?x100xf32>
    keel.yield %c : tensor<?x100xf32>
  }
  return %r, %r2 : tensor<?x100xf32>, tensor<?x100xf32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Rows of 4 KiB share cache sets: packed; the name is the weight's. A narrow one is read as it is.
// CHECK-LABEL: func @wide
// CHECK: keel.kernel "pack_weight"
// CHECK: linalg.pack {{.*}} outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64] into %{{.*}} : tensor<128x1024xf32> -> tensor<16x128x64xf32>
// CHECK-LABEL: func @narrow
// CHECK-NOT: linalg.pack
// TILED-LABEL: func @wide
// TILED: scf.forall (%[[I:.*]]) = (0) to (128) step (16)
// TILED: memref.subview %{{.*}}[%[[I]], 0] [16, 1024]
// TILED: memref.subview %{{.*}}[0, %[[I]], 0] [16, 16, 64]
// TILED: scf.for
ml_program.global private mutable @weight(dense<0.0> : tensor<128x1024xf32>) : tensor<128x1024xf32>
func.func @wide(%x: tensor<?x128xf32>, %e: tensor<?x1024xf32>) -> tensor<?x1024xf32> {
  %w = ml_program.global_load @weight : tensor<128x1024xf32>
  %r = keel.kernel "wide" ins(%a = %x, %b = %w : tensor<?x128xf32>, tensor<128x1024xf32>) outs(%o = %e : tensor<?x1024xf32>) {
    %c = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x128xf32>, tensor<128x1024xf32>) outs(%o : tensor<?x1024xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %t = arith.mulf %p, %q : f32
      %u = arith.addf %s, %t : f32
      linalg.yield %u : f32
    } -> tensor<?x1024xf32>
    keel.yield %c : tensor<?x1024xf32>
  }
  return %r : tensor<?x1024xf32>
}

func.func @narrow(%x: tensor<?x128xf32>, %w: tensor<128x256xf32>, %e: tensor<?x256xf32>) -> tensor<?x256xf32> {
  %r = keel.kernel "narrow" ins(%a = %x, %b = %w : tensor<?x128xf32>, tensor<128x256xf32>) outs(%o = %e : tensor<?x256xf32>) {
    %c = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x128xf32>, tensor<128x256xf32>) outs(%o : tensor<?x256xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32):
      %t = arith.mulf %p, %q : f32
      %u = arith.addf %s, %t : f32
      linalg.yield %u : f32
    } -> tensor<?x256xf32>
    keel.yield %c : tensor<?x256xf32>
  }
  return %r : tensor<?x256xf32>
}
