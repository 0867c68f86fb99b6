// RUN: %python %S/execute.py %s --prepare=--import-graph | FileCheck %s
// CHECK: equal

// Tensors without elements: sums over none of them, a product whose depth is none, a piece joined to nothing.
func.func @main(%x: tensor<0x4xf32>, %w: tensor<4x0xf32>, %y: tensor<3x4xf32>) -> (tensor<0x4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<3x4xf32>) {
  %zero = arith.constant 0.5 : f32
  %e0 = tensor.empty() : tensor<0x4xf32>
  %0 = linalg.exp ins(%x : tensor<0x4xf32>) outs(%e0 : tensor<0x4xf32>) -> tensor<0x4xf32>
  %e1 = tensor.empty() : tensor<4xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
  %1 = linalg.reduce { arith.addf } ins(%0 : tensor<0x4xf32>) outs(%f1 : tensor<4xf32>) dimensions = [0]
  %e2 = tensor.empty() : tensor<4x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = linalg.matmul ins(%w, %0 : tensor<4x0xf32>, tensor<0x4xf32>) outs(%f2 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %3 = tensor.concat dim(0) %0, %y : (tensor<0x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %0, %1, %2, %3 : tensor<0x4xf32>, tensor<4xf32>, tensor<4x4xf32>, tensor<3x4xf32>
}
