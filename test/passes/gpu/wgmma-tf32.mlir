// RUN: keel-opt %s --generate-gpu="wgmma=true sm=90 loop=wgmma" --canonicalize --cse | FileCheck %s
// RUN: keel-opt %s --generate-gpu="wgmma=true sm=90 loop=wgmma" --remarks-filter=gpu -o /dev/null 2>&1 | FileCheck %s --check-prefix=WHY

// f32 as tf32, both operands along the depth: a stage is 32 deep, an instruction 8, and nothing is transposed.
// CHECK: llvm.func @along_matmul_0
// CHECK-SAME: keel.schedule = "wgmma 128x128x32"
// CHECK-SAME: keel.tensor_maps = [#keel.tensor_map<operand = 0, box = [128, 32]>, #keel.tensor_map<operand = 1, box = [128, 32]>]
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k8.f32.tf32.tf32 {{.*}}, p, 1, 1;
func.func @along(%x: tensor<?x256xf32>, %w: tensor<128x256xf32>) -> tensor<?x128xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x256xf32>
  %e = tensor.empty(%n) : tensor<?x128xf32>
  %y = keel.kernel "along_matmul_0" ins(%a = %x, %b = %w : tensor<?x256xf32>, tensor<128x256xf32>) outs(%o = %e : tensor<?x128xf32>) {
    %zero = arith.constant 0.0 : f32
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%o : tensor<?x128xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x128xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x256xf32>, tensor<128x256xf32>) outs(%z : tensor<?x128xf32>) attrs = {keel.precision = "tf32"} {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %m = arith.mulf %in, %in2 : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x128xf32>
    keel.yield %p : tensor<?x128xf32>
  }
  return %y : tensor<?x128xf32>
}

// An operand that lies across it is mma.sync's.
// CHECK: llvm.func @across_matmul_0
// CHECK-SAME: keel.schedule = "mma.sync
// WHY-NOT: [Missed] main-loop
// WHY: [Missed] main-loop | Category:gpu | Remark="mma.sync in the place of wgmma, which takes tf32 along the depth alone: the rows of an operand are not the depth"
// WHY-NOT: [Missed] main-loop
func.func @across(%x: tensor<?x256xf32>, %w: tensor<256x128xf32>) -> tensor<?x128xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x256xf32>
  %e = tensor.empty(%n) : tensor<?x128xf32>
  %y = keel.kernel "across_matmul_0" ins(%a = %x, %b = %w : tensor<?x256xf32>, tensor<256x128xf32>) outs(%o = %e : tensor<?x128xf32>) {
    %zero = arith.constant 0.0 : f32
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%o : tensor<?x128xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x128xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x256xf32>, tensor<256x128xf32>) outs(%z : tensor<?x128xf32>) attrs = {keel.precision = "tf32"} {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %m = arith.mulf %in, %in2 : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x128xf32>
    keel.yield %p : tensor<?x128xf32>
  }
  return %y : tensor<?x128xf32>
}
