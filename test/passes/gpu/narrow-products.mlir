// RUN: keel-opt %s --generate-gpu="batch=8192 wgmma=true sm=90" --canonicalize --cse | FileCheck %s

// A product of few columns whose rows are no whole 16 bytes: mma.sync takes it, with much of the depth at a time. The wide operand comes by
// cp.async, the other one by way of registers.
// CHECK: llvm.func @narrow_matmul_0
// CHECK-SAME: keel.schedule = "mma.sync 64x32x128"
// CHECK: nvvm.cp.async.shared.global
// CHECK: nvvm.mma.sync

// Both operands by way of registers: there are no copies to wait for. Results of 16 bits leave in whole sectors: neighbours
// exchange every other pair of columns, then each has four of a row. A shallow product has small tiles, two of which fit
// a multiprocessor.
// CHECK: llvm.func @short_matmul_0
// CHECK-SAME: keel.schedule = "mma.sync 64x128x32"
// CHECK-SAME: nvvm.minctasm = 2 : i32
// CHECK-NOT: nvvm.cp.async
// CHECK: nvvm.mma.sync
// CHECK: nvvm.shfl.sync bfly
// CHECK: llvm.store %{{.*}} {alignment = 8 : i64} : vector<2xi32>
#both = affine_map<(i, j) -> (i, j)>
#ik = affine_map<(i, j, k) -> (i, k)>
#kj = affine_map<(i, j, k) -> (k, j)>
#jk = affine_map<(i, j, k) -> (j, k)>
#ij = affine_map<(i, j, k) -> (i, j)>
func.func @narrow(%x: tensor<?x1024xbf16>, %w: tensor<1024x10xbf16>) -> tensor<?x10xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x1024xbf16>
  %e = tensor.empty(%n) : tensor<?x10xf32>
  %y = keel.kernel "narrow_matmul_0" ins(%a = %x, %b = %w : tensor<?x1024xbf16>, tensor<1024x10xbf16>) outs(%o = %e : tensor<?x10xf32>) {
    %zero = arith.constant 0.0 : f32
    %z = linalg.generic {indexing_maps = [#both], iterator_types = ["parallel", "parallel"]} outs(%o : tensor<?x10xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x10xf32>
    %p = linalg.generic {indexing_maps = [#ik, #kj, #ij], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x1024xbf16>, tensor<1024x10xbf16>) outs(%z : tensor<?x10xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x10xf32>
    keel.yield %p : tensor<?x10xf32>
  }
  return %y : tensor<?x10xf32>
}

func.func @short(%x: tensor<?x10xbf16>, %w: tensor<1024x10xbf16>) -> tensor<?x1024xbf16> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x10xbf16>
  %e = tensor.empty(%n) : tensor<?x1024xbf16>
  %y = keel.kernel "short_matmul_0" ins(%a = %x, %b = %w, %rows = %n : tensor<?x10xbf16>, tensor<1024x10xbf16>, index) outs(%o = %e : tensor<?x1024xbf16>) {
    %zero = arith.constant 0.0 : f32
    %t = tensor.empty(%rows) : tensor<?x1024xf32>
    %z = linalg.generic {indexing_maps = [#both], iterator_types = ["parallel", "parallel"]} outs(%t : tensor<?x1024xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x1024xf32>
    %p = linalg.generic {indexing_maps = [#ik, #jk, #ij], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x10xbf16>, tensor<1024x10xbf16>) outs(%z : tensor<?x1024xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x1024xf32>
    %q = linalg.generic {indexing_maps = [#both, #both], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<?x1024xf32>) outs(%o : tensor<?x1024xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %v = arith.truncf %in : f32 to bf16
      linalg.yield %v : bf16
    } -> tensor<?x1024xbf16>
    keel.yield %q : tensor<?x1024xbf16>
  }
  return %y : tensor<?x1024xbf16>
}
