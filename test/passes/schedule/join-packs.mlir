// RUN: keel-opt %s --join-packs | FileCheck %s
// RUN: keel-opt %s --join-packs --tile-kernels --canonicalize | FileCheck %s --check-prefix=TILED

// The new weights and their packed copy are one launch, and one loop: a block of rows is packed when it is made.
// CHECK-LABEL: func.func @step
// CHECK: %[[E:.*]] = tensor.empty() : tensor<4x64x64xf32>
// CHECK: %[[K:.*]]:2 = keel.kernel "update" ins(%{{.*}} = %{{.*}} : tensor<256x64xf32>) outs(%{{.*}} = %{{.*}}, %[[O:.*]] = %[[E]] :
// CHECK: %[[NEW:.*]] = linalg.generic
// CHECK: %[[PACKED:.*]] = linalg.pack %[[NEW]] {{.*}} into %[[O]]
// CHECK: keel.yield %[[NEW]], %[[PACKED]]
// CHECK-NOT: keel.kernel
// CHECK: return %[[K]]#0, %[[K]]#1
// TILED-LABEL: func.func @step
// TILED: %[[NEW:.*]] = linalg.generic
// TILED: %[[PACKED:.*]] = scf.for %[[P:.*]] = %c0 to %c4 step %c1
// TILED: %[[R:.*]] = affine.apply #{{.*}}(%[[P]])
// TILED: tensor.extract_slice %[[NEW]][%[[R]], 0] [64, 64]
// TILED: linalg.generic {indexing_maps = [#[[T:.*]], #[[I:.*]]]
// TILED: tensor.insert_slice %{{.*}}[%[[P]], 0, 0] [1, 64, 64]
// TILED: keel.yield %[[NEW]], %[[PACKED]]
func.func @step(%g: tensor<256x64xf32>, %w: tensor<256x64xf32>) -> (tensor<256x64xf32>, tensor<4x64x64xf32>) {
  %n = keel.kernel "update" ins(%a = %g : tensor<256x64xf32>) outs(%s = %w : tensor<256x64xf32>) {
    %d = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]} ins(%a : tensor<256x64xf32>) outs(%s : tensor<256x64xf32>) {
    ^bb0(%p: f32, %q: f32):
      %r = arith.subf %q, %p : f32
      linalg.yield %r : f32
    } -> tensor<256x64xf32>
    keel.yield %d : tensor<256x64xf32>
  }
  %e = tensor.empty() : tensor<4x64x64xf32>
  %p = keel.kernel "pack_w_transposed" ins(%a = %n : tensor<256x64xf32>) outs(%o = %e : tensor<4x64x64xf32>) {
    %r = linalg.pack %a outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [64] into %o : tensor<256x64xf32> -> tensor<4x64x64xf32>
    keel.yield %r : tensor<4x64x64xf32>
  }
  return %n, %p : tensor<256x64xf32>, tensor<4x64x64xf32>
}

// What is packed of an argument stays apart.
// CHECK-LABEL: func.func @apart
// CHECK: keel.kernel "pack_w_transposed"
func.func @apart(%w: tensor<256x64xf32>) -> tensor<4x64x64xf32> {
  %e = tensor.empty() : tensor<4x64x64xf32>
  %p = keel.kernel "pack_w_transposed" ins(%a = %w : tensor<256x64xf32>) outs(%o = %e : tensor<4x64x64xf32>) {
    %r = linalg.pack %a outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [64] into %o : tensor<256x64xf32> -> tensor<4x64x64xf32>
    keel.yield %r : tensor<4x64x64xf32>
  }
  return %p : tensor<4x64x64xf32>
}
