// RUN: keel-opt %s --differentiate=function=elementwise --differentiate=function=scalar --differentiate=function=matmul --canonicalize --cse | FileCheck %s

// CHECK-DAG: #[[MN_K:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[NK:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[KM:.*]] = affine_map<(d0, d1, d2) -> (d2, d0)>
// CHECK-DAG: #[[KN:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[OUT:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>

// A result that is no scalar: its gradient is an argument.
// CHECK-LABEL: func.func @elementwise_gradient
// CHECK-SAME: %[[X:.*]]: tensor<4xf64>, %[[DY:.*]]: tensor<4xf64>
// CHECK: %[[Y:.*]] = math.exp %[[X]]
// CHECK: %[[DX:.*]] = arith.mulf %[[DY]], %[[Y]]
// CHECK: return %[[Y]], %[[DX]]
func.func @elementwise(%x: tensor<4xf64>) -> tensor<4xf64> {
  %y = math.exp %x : tensor<4xf64>
  return %y : tensor<4xf64>
}

// Nothing is added to a zero gradient, and an argument without influence has a zero one.
// CHECK-LABEL: func.func @scalar_gradient
// CHECK-SAME: %[[X:.*]]: f64, %[[Z:.*]]: f64
// CHECK: %[[ZERO:.*]] = arith.constant 0.0
// CHECK: %[[Y:.*]] = arith.mulf %[[X]], %[[X]]
// CHECK: %[[DX:.*]] = arith.addf %[[X]], %[[X]]
// CHECK-NEXT: return %[[Y]], %[[DX]], %[[ZERO]]
func.func @scalar(%x: f64, %z: f64) -> f64 {
  %y = arith.mulf %x, %x : f64
  return %y : f64
}

// The adjoint of a contraction is two contractions; the init's gradient is the result's.
// CHECK-LABEL: func.func @matmul_gradient
// CHECK-SAME: %[[A:.*]]: tensor<?x8xf32>, %[[B:.*]]: tensor<8x6xf32>, %[[C:.*]]: tensor<?x6xf32>, %[[D:.*]]: tensor<?x6xf32>
// CHECK: %[[Y:.*]] = linalg.matmul
// CHECK: %[[DA:.*]] = linalg.generic {indexing_maps = [#[[MN_K]], #[[NK]], #[[OUT]]], iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[D]], %[[B]] :
// CHECK: %[[DB:.*]] = linalg.generic {indexing_maps = [#[[KM]], #[[KN]], #[[OUT]]], iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[A]], %[[D]] :
// CHECK: return %[[Y]], %[[DA]], %[[DB]], %[[D]]
func.func @matmul(%a: tensor<?x8xf32>, %b: tensor<8x6xf32>, %c: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %y = linalg.matmul ins(%a, %b : tensor<?x8xf32>, tensor<8x6xf32>) outs(%c : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}
