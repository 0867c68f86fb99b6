// RUN: %python %S/execute.py %s  | FileCheck %s
// RUN: %python %S/execute.py %s --device emulator --sizes 33 | FileCheck %s
// CHECK: equal

// Matrix products of every name.
func.func @main(%a: tensor<3x17x9xf32>, %b: tensor<3x9x20xf32>, %v: tensor<9xf32>, %w: tensor<17xf32>)
    -> (tensor<3x17x20xf32>, tensor<17xf32>, tensor<20xf32>, tensor<f32>, tensor<17x20xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<3x17x20xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<3x17x20xf32>) -> tensor<3x17x20xf32>
  %0 = linalg.batch_matmul ins(%a, %b : tensor<3x17x9xf32>, tensor<3x9x20xf32>) outs(%f0 : tensor<3x17x20xf32>) -> tensor<3x17x20xf32>
  %a0 = tensor.extract_slice %a[1, 0, 0] [1, 17, 9] [1, 1, 1] : tensor<3x17x9xf32> to tensor<17x9xf32>
  %b0 = tensor.extract_slice %b[1, 0, 0] [1, 9, 20] [1, 1, 1] : tensor<3x9x20xf32> to tensor<9x20xf32>
  %e1 = tensor.empty() : tensor<17xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<17xf32>) -> tensor<17xf32>
  %1 = linalg.matvec ins(%a0, %v : tensor<17x9xf32>, tensor<9xf32>) outs(%f1 : tensor<17xf32>) -> tensor<17xf32>
  %e2 = tensor.empty() : tensor<20xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<20xf32>) -> tensor<20xf32>
  %2 = linalg.vecmat ins(%v, %b0 : tensor<9xf32>, tensor<9x20xf32>) outs(%f2 : tensor<20xf32>) -> tensor<20xf32>
  %e3 = tensor.empty() : tensor<f32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<f32>) -> tensor<f32>
  %3 = linalg.dot ins(%1, %w : tensor<17xf32>, tensor<17xf32>) outs(%f3 : tensor<f32>) -> tensor<f32>
  %e4 = tensor.empty() : tensor<17x20xf32>
  %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<17x20xf32>) -> tensor<17x20xf32>
  %4 = linalg.batch_reduce_matmul ins(%a, %b : tensor<3x17x9xf32>, tensor<3x9x20xf32>) outs(%f4 : tensor<17x20xf32>) -> tensor<17x20xf32>
  return %0, %1, %2, %3, %4 : tensor<3x17x20xf32>, tensor<17xf32>, tensor<20xf32>, tensor<f32>, tensor<17x20xf32>
}
