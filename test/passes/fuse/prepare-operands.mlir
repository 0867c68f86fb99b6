// RUN: keel-opt %s --normalize-graph --form-kernels='planar operand-reuse=64' | FileCheck %s
// RUN: keel-opt %s --normalize-graph --form-kernels='planar operand-reuse=32' | FileCheck %s --check-prefix=MEMORY
// RUN: keel-opt %s --normalize-graph --form-kernels='planar operand-reuse=128 prepared-work=1000 batch=8' | FileCheck %s
// RUN: keel-opt %s --normalize-graph --form-kernels='planar operand-reuse=128 prepared-work=20000 batch=8' | FileCheck %s --check-prefixes=CHECK,FITS
// RUN: keel-opt %s --normalize-graph --form-kernels='planar operand-reuse=128 prepared-work=20000 batch=16' | FileCheck %s --check-prefixes=CHECK,MUCH

// Two products read relu(z), and one of them sums over the rows as the bias' gradient does: each computes it as it loads,
// and the sum goes along.
// CHECK-LABEL: func.func @both
// CHECK: keel.kernel "both_matmul_0" ins(%[[Z:.*]] = %arg0, %{{.*}} = %arg1 :
// CHECK: %[[H:.*]] = linalg.generic {{.*}} ins(%[[Z]] :
// CHECK: arith.maximumf
// CHECK: linalg.generic {{.*}}"reduction"]} ins(%[[H]],
// CHECK: keel.kernel "both_matmul_1" ins(%[[Z2:.*]] = %arg0,
// CHECK: %[[H2:.*]] = linalg.generic {{.*}} ins(%[[Z2]] :
// CHECK: linalg.generic {{.*}}"reduction"]} ins({{.*}}%[[H2]] :
// CHECK: linalg.generic {{.*}} ins(%[[H2]] :
// CHECK: arith.addf
// CHECK-NOT: keel.kernel

// A product with more columns would compute it too often.
// MEMORY-LABEL: func.func @both
// MEMORY: keel.kernel "both_rows_0"
// MEMORY: keel.kernel "both_matmul_1"
// MEMORY: keel.kernel "both_matmul_2"

#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @both(%z: tensor<?x32xf32>, %w: tensor<32x64xf32>, %x: tensor<?x16xf32>) -> (tensor<?x64xf32>, tensor<16x32xf32>, tensor<32xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %B = tensor.dim %z, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%B) : tensor<?x32xf32>
  %h = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%z : tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<?x32xf32>
  %ye = tensor.empty(%B) : tensor<?x64xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<?x64xf32>) -> tensor<?x64xf32>
  %y = linalg.matmul ins(%h, %w : tensor<?x32xf32>, tensor<32x64xf32>) outs(%y0 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %ge = tensor.empty() : tensor<16x32xf32>
  %g0 = linalg.fill ins(%zero : f32) outs(%ge : tensor<16x32xf32>) -> tensor<16x32xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %h : tensor<?x16xf32>, tensor<?x32xf32>) outs(%g0 : tensor<16x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %o, %p : f32
    linalg.yield %q : f32
  } -> tensor<16x32xf32>
  %se = tensor.empty() : tensor<32xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%se : tensor<32xf32>) -> tensor<32xf32>
  %s = linalg.reduce { arith.addf } ins(%h : tensor<?x32xf32>) outs(%s0 : tensor<32xf32>) dimensions = [0]
  return %y, %g, %s : tensor<?x64xf32>, tensor<16x32xf32>, tensor<32xf32>
}

// More columns than a few: where the product is small; batch x 16 x 96 multiplications.
// CHECK-LABEL: func.func @many
// FITS: keel.kernel "many_matmul_0"
// FITS-NOT: keel.kernel
// MUCH: keel.kernel "many_rows_0"
// MUCH: keel.kernel "many_matmul_1"
func.func @many(%z: tensor<?x16xf32>, %w: tensor<16x96xf32>) -> tensor<?x96xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %B = tensor.dim %z, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%B) : tensor<?x16xf32>
  %h = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%z : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<?x16xf32>
  %ye = tensor.empty(%B) : tensor<?x96xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<?x96xf32>) -> tensor<?x96xf32>
  %y = linalg.matmul ins(%h, %w : tensor<?x16xf32>, tensor<16x96xf32>) outs(%y0 : tensor<?x96xf32>) -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}
