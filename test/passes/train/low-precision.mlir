// RUN: keel-opt %s --differentiate=function=product --differentiate=function=mixed --canonicalize --cse | FileCheck %s
// Sums of bf16 gradients accumulate in f32 and are rounded once.

// CHECK-LABEL: func.func @product_gradient
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x3xbf16>, tensor<4x3xbf16>) outs(%{{.*}} : tensor<2x4xf32>)
// CHECK: arith.extf {{.*}} bf16 to f32
// CHECK: arith.addf {{.*}} : f32
// CHECK: arith.truncf %{{.*}} : tensor<2x4xf32> to tensor<2x4xbf16>
func.func @product(%a: tensor<2x4xbf16>, %b: tensor<4x3xbf16>, %c: tensor<2x3xbf16>) -> tensor<2x3xbf16> {
  %y = linalg.matmul ins(%a, %b : tensor<2x4xbf16>, tensor<4x3xbf16>) outs(%c : tensor<2x3xbf16>) -> tensor<2x3xbf16>
  return %y : tensor<2x3xbf16>
}

// bf16 operands, f32 sums: no rounding of the products before they are added.
// CHECK-LABEL: func.func @mixed_gradient
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<4x3xbf16>) outs(%{{.*}} : tensor<2x4xf32>)
// CHECK-NOT: truncf
// CHECK: linalg.yield
func.func @mixed(%a: tensor<2x4xbf16>, %b: tensor<4x3xbf16>, %c: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = linalg.matmul ins(%a, %b : tensor<2x4xbf16>, tensor<4x3xbf16>) outs(%c : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
