// RUN: sed 's/attributes {STRATEGY}//' %s | keel-opt --generate-gpu="sm=90" --canonicalize --cse | FileCheck %s
// RUN: sed 's/STRATEGY/keel.strategy = "row-block-barrier"/' %s | keel-opt --generate-gpu="sm=90" --canonicalize --cse | FileCheck %s --check-prefix=BARRIER

// The product of a depth of ten is computed where rows are held, whole in one block: 32 columns in a thread, ten multiply-adds
// for each. Nothing is exchanged with other blocks. A row that is not there is taken for zeros, so that its product is.

// CHECK: llvm.func @gradient_matmul_0
// CHECK-SAME: keel.schedule = "dots 8x1024x10 row-complete"
// CHECK-SAME: keel.threads = 256
// CHECK-NOT: nvvm.mma.sync
// CHECK-COUNT-10: arith.select {{.*}} : f32
// CHECK-COUNT-320: arith.mulf
// CHECK-NOT: llvm.atomicrmw
// CHECK: llvm.return
// BARRIER: keel.schedule = "mma.sync {{.*}} row-block barrier"
// BARRIER-DAG: nvvm.mma.sync
// BARRIER-DAG: llvm.atomicrmw uinc_wrap
func.func @gradient(%x: tensor<?x10xbf16>, %w: tensor<1024x10xbf16>) -> tensor<?x1024xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x10xbf16>
  %e = tensor.empty(%n) : tensor<?x1024xf32>
  %y = keel.kernel "gradient_matmul_0" ins(%a = %x, %b = %w, %rows = %n : tensor<?x10xbf16>, tensor<1024x10xbf16>, index)
      outs(%o = %e : tensor<?x1024xf32>) attributes {STRATEGY} {
    %zero = arith.constant 0.0 : f32
    %product = tensor.empty(%rows) : tensor<?x1024xf32>
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%product : tensor<?x1024xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x1024xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x10xbf16>, tensor<1024x10xbf16>) outs(%z : tensor<?x1024xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x1024xf32>
    %sums = tensor.empty(%rows) : tensor<?xf32>
    %none = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%sums : tensor<?xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?xf32>
    %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
        ins(%p : tensor<?x1024xf32>) outs(%none : tensor<?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<?xf32>
    %less = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%p, %sum : tensor<?x1024xf32>, tensor<?xf32>) outs(%o : tensor<?x1024xf32>) {
    ^bb0(%in: f32, %total: f32, %out: f32):
      %s = arith.subf %in, %total : f32
      linalg.yield %s : f32
    } -> tensor<?x1024xf32>
    keel.yield %less : tensor<?x1024xf32>
  }
  return %y : tensor<?x1024xf32>
}
