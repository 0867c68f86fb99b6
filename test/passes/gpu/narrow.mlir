// RUN: sed s/TIMES/0/ %s | keel-opt --generate-gpu="wgmma=true sm=90" | FileCheck %s --check-prefix=WIDE
// RUN: sed s/TIMES/1/ %s | keel-opt --generate-gpu="wgmma=true sm=90" | FileCheck %s --check-prefix=ONCE
// RUN: sed s/TIMES/2/ %s | keel-opt --generate-gpu="wgmma=true sm=90" | FileCheck %s --check-prefix=TWICE
// RUN: sed s/TIMES/3/ %s | keel-opt --generate-gpu="wgmma=true sm=90" | FileCheck %s --check-prefix=OLDER
// RUN: sed s/TIMES/4/ %s | keel-opt --generate-gpu="wgmma=true sm=90" | FileCheck %s --check-prefix=OLDER-ONCE
// RUN: sed s/TIMES/0/ %s | keel-opt --generate-gpu="wgmma=true sm=90 narrow=linear_matmul_0,linear_matmul_0,other" | FileCheck %s --check-prefix=TWICE
// RUN: sed 's/keel.narrow = TIMES : i64/keel.loop = "mma.sync"/' %s | keel-opt --generate-gpu="wgmma=true sm=90" | FileCheck %s --check-prefix=OLDER
// RUN: sed 's/keel.narrow = TIMES : i64/keel.loop = "wmma"/' %s | not keel-opt --generate-gpu="wgmma=true sm=90" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: sed 's/keel.narrow = TIMES : i64//; s/8192/128/g; s/1024/256/g' %s | keel-opt --generate-gpu="wgmma=true sm=90" | FileCheck %s --check-prefix=SMALL
// RUN: sed 's/keel.narrow = TIMES : i64//; s/8192/128/g; s/1024/256/g' %s | keel-opt --generate-gpu="wgmma=true sm=90 loop=wgmma" | FileCheck %s --check-prefix=ASKED

// UNKNOWN: error: unknown main loop 'wmma', expected wgmma or mma.sync
// Where few tiles go a short way, mma.sync is expected to take less, unless wgmma is asked for.
// SMALL: keel.schedule = "mma.sync
// ASKED: keel.schedule = "wgmma

// What a thread holds of a tile is halved, once for each time that the kernel spilled: of wgmma's tiles first, which end at 64
// columns, then of mma.sync's, which may be asked for.

// WIDE: keel.schedule = "wgmma 128x256x64 cluster of 2"
// ONCE: keel.schedule = "wgmma 128x128x64 cluster of 2"
// TWICE: keel.schedule = "wgmma 128x64x64
// OLDER: keel.schedule = "mma.sync 128x128x32
// OLDER-ONCE: keel.schedule = "mma.sync 32x128x32
func.func @linear(%x: tensor<8192x1024xbf16>, %w: tensor<1024x4096xbf16>) -> tensor<8192x4096xf32> {
  %e = tensor.empty() : tensor<8192x4096xf32>
  %y = keel.kernel "linear_matmul_0" ins(%a = %x, %b = %w : tensor<8192x1024xbf16>, tensor<1024x4096xbf16>) outs(%o = %e : tensor<8192x4096xf32>) attributes {keel.narrow = TIMES : i64} {
    %zero = arith.constant 0.0 : f32
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%o : tensor<8192x4096xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<8192x4096xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<8192x1024xbf16>, tensor<1024x4096xbf16>) outs(%z : tensor<8192x4096xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<8192x4096xf32>
    keel.yield %p : tensor<8192x4096xf32>
  }
  return %y : tensor<8192x4096xf32>
}
