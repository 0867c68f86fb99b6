// RUN: keel-opt %s --normalize-graph --form-kernels | FileCheck %s --check-prefix=KERNEL
// RUN: keel-opt %s --normalize-graph --form-kernels --tile-kernels --canonicalize --cse | FileCheck %s

// A weight gradient sums over the rows of what it reads: it goes over blocks of columns, together with what makes them.
// KERNEL: keel.kernel "f_matmul_0"
// KERNEL: keel.split_dim = 1
// KERNEL-NOT: keel.kernel
// CHECK-LABEL: func.func @f
// CHECK: scf.forall (%[[J:.*]]) = (0) to (256) step (32)
// CHECK: tensor.extract_slice %{{.*}}[0, %[[J]]] [128, 32] [1, 1]
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: tensor.parallel_insert_slice %{{.*}} into %{{.*}}[0, %[[J]]] [64, 32]
func.func @f(%x: tensor<128x64xf32>, %dy: tensor<128x256xf32>, %m: tensor<256xf32>) -> tensor<64x256xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<128x256xf32>
  %dz = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%dy, %m : tensor<128x256xf32>, tensor<256xf32>) outs(%e : tensor<128x256xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<128x256xf32>
  %w = tensor.empty() : tensor<64x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%w : tensor<64x256xf32>) -> tensor<64x256xf32>
  %dw = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %dz : tensor<128x64xf32>, tensor<128x256xf32>) outs(%f : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %dw : tensor<64x256xf32>
}
