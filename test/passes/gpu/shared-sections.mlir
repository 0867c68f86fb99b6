// RUN: keel-opt %s --generate-gpu --canonicalize --cse | FileCheck %s
// RUN: keel-opt %s --pass-pipeline="builtin.module(generate-gpu,canonicalize,cse,convert-scf-to-cf,gpu.module(lower-device),assemble-device{target=sm_80})" -o /dev/null

#each = affine_map<(i, j) -> (i, j)>

// An optimizer's sections that differ in their tensors alone are one code, of which a block's number chooses the tensors. The third does
// something else, with a code and blocks of its own.
// CHECK: llvm.func @update_0(%[[G0:[a-z0-9]+]]: !llvm.ptr<1>, %[[G1:[a-z0-9]+]]: !llvm.ptr<1>, %[[G2:[a-z0-9]+]]: !llvm.ptr<1>, %[[G3:[a-z0-9]+]]: !llvm.ptr<1>,
// CHECK-SAME: %[[W0:[a-z0-9]+]]: !llvm.ptr<1>, %[[W1:[a-z0-9]+]]: !llvm.ptr<1>, %[[W2:[a-z0-9]+]]: !llvm.ptr<1>, %[[W3:[a-z0-9]+]]: !llvm.ptr<1>)
// CHECK: %[[MEMBER:.*]] = arith.divui
// CHECK: %[[CHOSEN:.*]]:2 = scf.index_switch %{{.*}} -> !llvm.ptr<1>, !llvm.ptr<1>
// CHECK: case 1 {
// CHECK-NEXT: scf.yield %[[G1]], %[[W1]]
// CHECK: case 2 {
// CHECK-NEXT: scf.yield %[[G3]], %[[W3]]
// CHECK: default {
// CHECK-NEXT: scf.yield %[[G0]], %[[W0]]
// CHECK: llvm.getelementptr inbounds %[[CHOSEN]]#
// CHECK-NOT: scf.index_switch
// CHECK: llvm.getelementptr inbounds %[[G2]]
// CHECK-NOT: %[[G3]]
func.func @update(%g0: tensor<64x256xf32>, %g1: tensor<64x256xf32>, %g2: tensor<64x256xf32>, %g3: tensor<64x256xf32>,
                  %w0: tensor<64x256xf32>, %w1: tensor<64x256xf32>, %w2: tensor<64x256xf32>, %w3: tensor<64x256xf32>)
    -> (tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>) {
  %v:4 = keel.kernel "update_0"
      ins(%a = %g0, %b = %g1, %c = %g2, %d = %g3 : tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>)
      outs(%o = %w0, %p = %w1, %q = %w2, %r = %w3 : tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>) {
    %rate = arith.constant 0.5 : f32
    %x = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<64x256xf32>) outs(%o : tensor<64x256xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.mulf %in, %rate : f32
      %s = arith.subf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<64x256xf32>
    %y = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]} ins(%b : tensor<64x256xf32>) outs(%p : tensor<64x256xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.mulf %in, %rate : f32
      %s = arith.subf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<64x256xf32>
    %z = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]} ins(%c : tensor<64x256xf32>) outs(%q : tensor<64x256xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.addf %in, %rate : f32
      %s = arith.subf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<64x256xf32>
    %u = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]} ins(%d : tensor<64x256xf32>) outs(%r : tensor<64x256xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.mulf %in, %rate : f32
      %s = arith.subf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<64x256xf32>
    keel.yield %x, %y, %z, %u : tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>
  }
  return %v#0, %v#1, %v#2, %v#3 : tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>
}
