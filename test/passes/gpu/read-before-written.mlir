// RUN: keel-opt %s --generate-gpu --canonicalize --cse | FileCheck %s

// A step counter that every block reads and the last one to have read it sets: blocks say that they have before they write, since a fence
// behind their writes would have them wait for memory.
// CHECK: llvm.func @update_rows_0
// CHECK: %[[COUNT:.*]] = llvm.load %arg3 {{.*}} -> f32
// CHECK-NOT: llvm.store %{{.*}} : {{.*}}!llvm.ptr<1>
// CHECK: nvvm.barrier0
// CHECK: llvm.fence syncscope("device") acq_rel
// CHECK: llvm.atomicrmw add
// CHECK-NOT: llvm.fence
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<1>
// CHECK: llvm.fence syncscope("device") acq_rel
// CHECK: llvm.store %{{.*}} : i32, !llvm.ptr<1>
// CHECK: arith.addf %[[COUNT]]
// CHECK: llvm.store %{{.*}}, %arg3 {{.*}} : f32, !llvm.ptr<1>
#row = affine_map<(d0, d1) -> (d0, d1)>
#number = affine_map<(d0, d1) -> ()>
func.func @update(%g: tensor<64x64xf32>, %w: tensor<64x64xf32>, %count: tensor<f32>) -> (tensor<64x64xf32>, tensor<f32>) {
  %r:2 = keel.kernel "update_rows_0" ins(%gi = %g : tensor<64x64xf32>) outs(%wi = %w, %ci = %count : tensor<64x64xf32>, tensor<f32>) {
    %one = arith.constant 1.0 : f32
    %new = linalg.generic {indexing_maps = [#row, #number, #row], iterator_types = ["parallel", "parallel"]}
        ins(%gi, %ci : tensor<64x64xf32>, tensor<f32>) outs(%wi : tensor<64x64xf32>) {
    ^bb0(%a: f32, %c: f32, %b: f32):
      %s = arith.mulf %a, %c : f32
      %d = arith.subf %b, %s : f32
      linalg.yield %d : f32
    } -> tensor<64x64xf32>
    %next = linalg.generic {indexing_maps = [affine_map<() -> ()>], iterator_types = []} outs(%ci : tensor<f32>) {
    ^bb0(%c: f32):
      %d = arith.addf %c, %one : f32
      linalg.yield %d : f32
    } -> tensor<f32>
    keel.yield %new, %next : tensor<64x64xf32>, tensor<f32>
  }
  return %r#0, %r#1 : tensor<64x64xf32>, tensor<f32>
}
