// RUN: keel-opt %s --generate-gpu=batch=128 | FileCheck %s --check-prefix=FEW
// RUN: keel-opt %s --generate-gpu=batch=8192 | FileCheck %s --check-prefix=MANY

// Where tiles of the usual size would leave multiprocessors idle they are smaller, and more of the depth is loaded at a time.

// FEW: llvm.func @half
// FEW-SAME: keel.schedule = "mma.sync 32x64x64"
// FEW: llvm.func @single
// FEW-SAME: keel.schedule = "register tile 32x64x32"
// MANY: llvm.func @half
// MANY-SAME: keel.schedule = "mma.sync 64x128x32"
// MANY: llvm.func @single
// MANY-SAME: keel.schedule = "register tile 64x64x16"
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
func.func @half(%x: tensor<?x256xbf16>, %w: tensor<256x256xbf16>, %z: tensor<?x256xf32>) -> tensor<?x256xf32> {
  %k = keel.kernel "half" ins(%a = %x, %b = %w : tensor<?x256xbf16>, tensor<256x256xbf16>) outs(%o = %z : tensor<?x256xf32>) {
    %p = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x256xbf16>, tensor<256x256xbf16>) outs(%o : tensor<?x256xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x256xf32>
    keel.yield %p : tensor<?x256xf32>
  }
  return %k : tensor<?x256xf32>
}

func.func @single(%x: tensor<?x256xf32>, %w: tensor<256x256xf32>, %z: tensor<?x256xf32>) -> tensor<?x256xf32> {
  %k = keel.kernel "single" ins(%a = %x, %b = %w : tensor<?x256xf32>, tensor<256x256xf32>) outs(%o = %z : tensor<?x256xf32>) {
    %p = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x256xf32>, tensor<256x256xf32>) outs(%o : tensor<?x256xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %m = arith.mulf %in, %in2 : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x256xf32>
    keel.yield %p : tensor<?x256xf32>
  }
  return %k : tensor<?x256xf32>
}
