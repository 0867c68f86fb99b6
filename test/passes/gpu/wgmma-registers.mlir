// RUN: keel-opt %s --generate-gpu="wgmma=true sm=90 loop=wgmma" --canonicalize --cse | FileCheck %s

// The first factor is a function of a matrix in memory and of numbers for its rows and columns: the copy engine brings the matrix,
// and each thread computes what wgmma takes from its registers, before it starts the stage's products. What is read of the stage is
// read by then, but the other factor's tile is until the products are done.

// CHECK: llvm.func @prologue_matmul_0
// CHECK-SAME: keel.schedule = "wgmma 128x128x64
// CHECK-SAME: keel.tensor_maps = [#keel.tensor_map<operand = 0, box = [{{[0-9]+}}, 64]>, #keel.tensor_map<operand = 3, box = [64, 64]>
// CHECK: nvvm.setmaxregister increase
// CHECK: try_wait
// CHECK-COUNT-4: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>
// CHECK: nvvm.wgmma.fence.aligned
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {{.*}}"{{.*}},r,r,r,r,l"
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// CHECK: wgmma.wait_group.sync.aligned 0;
// CHECK: arrive
func.func @prologue(%x: tensor<?x256xbf16>, %s: tensor<256xf32>, %m: tensor<?xf32>, %w: tensor<256x128xbf16>) -> tensor<?x128xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x256xbf16>
  %e = tensor.empty(%n) : tensor<?x128xf32>
  %y = keel.kernel "prologue_matmul_0" ins(%a = %x, %scale = %s, %means = %m, %b = %w, %rows = %n : tensor<?x256xbf16>, tensor<256xf32>, tensor<?xf32>, tensor<256x128xbf16>, index)
      outs(%o = %e : tensor<?x128xf32>) {
    %zero = arith.constant 0.0 : f32
    %f = tensor.empty(%rows) : tensor<?x256xbf16>
    %h = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]}
        ins(%a, %scale, %means : tensor<?x256xbf16>, tensor<256xf32>, tensor<?xf32>) outs(%f : tensor<?x256xbf16>) {
    ^bb0(%in: bf16, %scaled: f32, %mean: f32, %out: bf16):
      %wide = arith.extf %in : bf16 to f32
      %centred = arith.subf %wide, %mean : f32
      %product = arith.mulf %centred, %scaled : f32
      %positive = arith.maximumf %product, %zero : f32
      %t = arith.truncf %positive : f32 to bf16
      linalg.yield %t : bf16
    } -> tensor<?x256xbf16>
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%o : tensor<?x128xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x128xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%h, %b : tensor<?x256xbf16>, tensor<256x128xbf16>) outs(%z : tensor<?x128xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %mm = arith.mulf %l, %r : f32
      %s2 = arith.addf %out, %mm : f32
      linalg.yield %s2 : f32
    } -> tensor<?x128xf32>
    keel.yield %p : tensor<?x128xf32>
  }
  return %y : tensor<?x128xf32>
}
