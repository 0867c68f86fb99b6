// RUN: keel-opt %s --split-kernels --form-kernels=fuse=false | FileCheck %s
// RUN: keel-opt %s --split-kernels --remarks-filter=gpu 2>&1 | FileCheck %s --check-prefix=WHY

// A product of three loops and a transposed reader of it share no rows.
// WHY: "kernel ", Remark=f_matmul_0, Remark=" is taken apart: ", Remark="linalg.generic: it does not share the kernel's rows and columns
// CHECK-LABEL: func.func @apart
// CHECK-COUNT-2: keel.kernel
// CHECK-NOT: keel.kernel
func.func @apart(%x: tensor<8x8xf32>, %y: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %e = tensor.empty() : tensor<8x8xf32>
  %k = keel.kernel "f_matmul_0" ins(%a = %x, %b = %y : tensor<8x8xf32>, tensor<8x8xf32>) outs(%o = %e : tensor<8x8xf32>) {
    %zero = arith.constant 0.0 : f32
    %t = tensor.empty() : tensor<8x8xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]} ins(%a : tensor<8x8xf32>) outs(%t : tensor<8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.maximumf %in, %zero : f32
      linalg.yield %m : f32
    } -> tensor<8x8xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]}
        ins(%p, %p : tensor<8x8xf32>, tensor<8x8xf32>) outs(%o : tensor<8x8xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %m = arith.addf %in, %in2 : f32
      linalg.yield %m : f32
    } -> tensor<8x8xf32>
    keel.yield %r : tensor<8x8xf32>
  }
  return %k : tensor<8x8xf32>
}
