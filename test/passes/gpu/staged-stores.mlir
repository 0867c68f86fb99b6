// RUN: keel-opt %s --generate-gpu="wgmma=true sm=90 loop=wgmma" --canonicalize --cse | FileCheck %s
// RUN: keel-opt %s --generate-gpu="sm=90" --canonicalize --cse | FileCheck %s --check-prefix=DIRECT

// Results of 16 bits: warps put them into swizzled boxes, and one thread has the copy engine write each full box. Rows that are not
// there are zeros in the product, so that sums over the rows need not leave them out.

// CHECK: llvm.func @rounded_matmul_0
// CHECK-SAME: #keel.tensor_map<operand = [[RESULT:[0-9]+]], box = [128, 64]>]
// CHECK: nvvm.setmaxregister increase
// CHECK-NOT: arith.select {{.*}} : f32
// CHECK-COUNT-4: nvvm.stmatrix {{.*}}layout = #nvvm.mma_layout<row>
// CHECK: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK: nvvm.barrier id
// CHECK: scf.if
// CHECK: nvvm.cp.async.bulk.tensor.global.shared.cta
// CHECK-NOT: arith.select {{.*}} : f32
// CHECK-COUNT-4: nvvm.stmatrix
// CHECK: nvvm.cp.async.bulk.tensor.global.shared.cta
// CHECK: nvvm.cp.async.bulk.commit.group
// CHECK-NEXT: nvvm.cp.async.bulk.wait_group 0 {read}
// CHECK-NOT: vector<2xi32>, !llvm.ptr<1>
// CHECK: nvvm.setmaxregister decrease

// DIRECT-NOT: nvvm.stmatrix
// DIRECT: llvm.store {{.*}} : vector<2xi32>, !llvm.ptr<1>
func.func @rounded(%x: tensor<?x256xbf16>, %w: tensor<256x128xbf16>) -> (tensor<?x128xbf16>, tensor<128xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x256xbf16>
  %e = tensor.empty(%n) : tensor<?x128xbf16>
  %f = tensor.empty() : tensor<128xf32>
  %y:2 = keel.kernel "rounded_matmul_0" ins(%a = %x, %b = %w, %rows = %n : tensor<?x256xbf16>, tensor<256x128xbf16>, index)
      outs(%o = %e, %total = %f : tensor<?x128xbf16>, tensor<128xf32>) {
    %zero = arith.constant 0.0 : f32
    %product = tensor.empty(%rows) : tensor<?x128xf32>
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%product : tensor<?x128xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x128xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x256xbf16>, tensor<256x128xbf16>) outs(%z : tensor<?x128xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x128xf32>
    %rounded = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%p : tensor<?x128xf32>) outs(%o : tensor<?x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %t = arith.truncf %in : f32 to bf16
      linalg.yield %t : bf16
    } -> tensor<?x128xbf16>
    %none = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>], iterator_types = ["parallel"]} outs(%total : tensor<128xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<128xf32>
    %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
        ins(%rounded : tensor<?x128xbf16>) outs(%none : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %wide = arith.extf %in : bf16 to f32
      %s = arith.addf %out, %wide : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    keel.yield %rounded, %sum : tensor<?x128xbf16>, tensor<128xf32>
  }
  return %y#0, %y#1 : tensor<?x128xbf16>, tensor<128xf32>
}

// Squares of what a bias is added to are not zero where the product is.
// CHECK: llvm.func @biased_matmul_0
// CHECK: nvvm.setmaxregister increase
// CHECK: arith.select {{.*}} : f32
func.func @biased(%x: tensor<?x256xbf16>, %w: tensor<256x128xbf16>, %c: tensor<128xf32>) -> tensor<128xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x256xbf16>
  %f = tensor.empty() : tensor<128xf32>
  %y = keel.kernel "biased_matmul_0" ins(%a = %x, %b = %w, %bias = %c, %rows = %n : tensor<?x256xbf16>, tensor<256x128xbf16>, tensor<128xf32>, index)
      outs(%total = %f : tensor<128xf32>) {
    %zero = arith.constant 0.0 : f32
    %product = tensor.empty(%rows) : tensor<?x128xf32>
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%bias : tensor<128xf32>) outs(%product : tensor<?x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x128xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x256xbf16>, tensor<256x128xbf16>) outs(%z : tensor<?x128xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x128xf32>
    %none = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>], iterator_types = ["parallel"]} outs(%total : tensor<128xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<128xf32>
    %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
        ins(%p : tensor<?x128xf32>) outs(%none : tensor<128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %q = arith.mulf %in, %in : f32
      %s = arith.addf %out, %q : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    keel.yield %sum : tensor<128xf32>
  }
  return %y : tensor<128xf32>
}
