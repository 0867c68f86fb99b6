// RUN: keel-opt %s --generate-gpu=batch=128 --canonicalize --cse | FileCheck %s
// RUN: keel-opt %s --pass-pipeline="builtin.module(generate-gpu,canonicalize,cse,convert-scf-to-cf,gpu.module(lower-device),assemble-device{target=sm_80})" \
// RUN:   | FileCheck %s --check-prefix=ASSEMBLED

// 512 columns are more than a block holds beside a main loop: eight blocks share a row. (A batch of 128 has few tiles, which are small.) Each publishes its sum as a word
// {epoch, value} and waits for the others' words.

// CHECK: func.func @norm(%{{.*}}: tensor<1024xi64> {{.*}}keel.state = @keel.words{{.*}}, %{{.*}}: tensor<2xi32> {{.*}}keel.state = @keel.tickets
// CHECK: llvm.func @norm_matmul_0
// CHECK-SAME: keel.schedule = "register tile 32x64x32 row-block barrier"
// The tile is taken by ticket; the last one's block sets the next launch's epoch.
// CHECK: llvm.atomicrmw uinc_wrap
// CHECK: scf.if
// CHECK-NEXT: llvm.fence syncscope("device") acq_rel
// CHECK-NEXT: llvm.store
// CHECK: llvm.store %{{.*}} atomic syncscope("device") monotonic
// CHECK: scf.while
// CHECK-NEXT: llvm.load %{{.*}} atomic syncscope("device") monotonic
// CHECK-NOT: llvm.atomicrmw

// ASSEMBLED: keel.resources
func.func @norm(%x: tensor<?x64xf32>, %w: tensor<64x512xf32>) -> tensor<?x512xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%n) : tensor<?x512xf32>
  %y = keel.kernel "norm_matmul_0" ins(%a = %x, %b = %w, %rows = %n : tensor<?x64xf32>, tensor<64x512xf32>, index) outs(%o = %e : tensor<?x512xf32>) {
    %zero = arith.constant 0.0 : f32
    %t = tensor.empty(%rows) : tensor<?x512xf32>
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%t : tensor<?x512xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x512xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x64xf32>, tensor<64x512xf32>) outs(%z : tensor<?x512xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %m = arith.mulf %in, %in2 : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x512xf32>
    %r = tensor.empty(%rows) : tensor<?xf32>
    %rz = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%r : tensor<?xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?xf32>
    %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                           iterator_types = ["parallel", "reduction"]} ins(%p : tensor<?x512xf32>) outs(%rz : tensor<?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.mulf %in, %in : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?xf32>
    %q = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]}
        ins(%p, %sum : tensor<?x512xf32>, tensor<?xf32>) outs(%o : tensor<?x512xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %m = math.rsqrt %in2 : f32
      %s = arith.mulf %in, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x512xf32>
    keel.yield %q : tensor<?x512xf32>
  }
  return %y : tensor<?x512xf32>
}
