// RUN: keel-opt %s --generate-gpu | FileCheck %s
// RUN: keel-opt %s --generate-gpu="batch=4096" | FileCheck %s --check-prefix=LARGE

// Blocks that share a tile leave their parts in a workspace; the last one adds them, in their order.
// CHECK: keel.launch @device::@forced blocks(%{{.*}}) ins(%{{.*}} : tensor<?x64xbf16>, tensor<?x64xbf16>, tensor<1xi32>) outs(%{{.*}} : tensor<64x64xf32>, tensor<12288xf32>)
// CHECK: keel.launch @device::@chosen
// CHECK: llvm.func @forced
// CHECK-SAME: keel.schedule = "mma.sync 64x64x32 depth in 3"
// CHECK: nvvm.mma.sync
// CHECK: llvm.store {{.*}} f32, !llvm.ptr<1>
// CHECK: nvvm.barrier0
// CHECK: llvm.atomicrmw uinc_wrap
// CHECK: scf.if
// CHECK: scf.for
// CHECK: arith.addf

// By rule: no parts shorter than 256, no more blocks than an A100 has multiprocessors.
// CHECK: llvm.func @chosen
// CHECK-SAME: keel.schedule = "mma.sync 32x64x64"
// LARGE: llvm.func @chosen
// LARGE-SAME: keel.schedule = "mma.sync 64x64x32 depth in 16"

func.func @forced(%x: tensor<?x64xbf16>, %y: tensor<?x64xbf16>, %z: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %k = keel.kernel "forced" ins(%a = %x, %b = %y : tensor<?x64xbf16>, tensor<?x64xbf16>) outs(%o = %z : tensor<64x64xf32>) attributes {keel.splits = 3 : i64} {
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x64xbf16>, tensor<?x64xbf16>) outs(%o : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<64x64xf32>
    keel.yield %p : tensor<64x64xf32>
  }
  return %k : tensor<64x64xf32>
}

func.func @chosen(%x: tensor<?x64xbf16>, %y: tensor<?x64xbf16>, %z: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %k = keel.kernel "chosen" ins(%a = %x, %b = %y : tensor<?x64xbf16>, tensor<?x64xbf16>) outs(%o = %z : tensor<64x64xf32>) {
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x64xbf16>, tensor<?x64xbf16>) outs(%o : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<64x64xf32>
    keel.yield %p : tensor<64x64xf32>
  }
  return %k : tensor<64x64xf32>
}
