// RUN: %python %S/execute.py %s --prepare=--import-graph | FileCheck %s
// RUN: %python %S/execute.py %s --prepare=--import-graph --device emulator | FileCheck %s
// CHECK: equal

// Tensor ops around computations: concat, slices, reshapes, generate, from_elements, splat, insert.
func.func @main(%x: tensor<4x6xf32>, %y: tensor<4x3xf32>, %s: tensor<f32>) -> (tensor<4x9xf32>, tensor<2x3xf32>, tensor<24xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<3xf32>) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = tensor.concat dim(1) %x, %y : (tensor<4x6xf32>, tensor<4x3xf32>) -> tensor<4x9xf32>
  %1 = tensor.extract_slice %x[0, 1] [2, 3] [2, 2] : tensor<4x6xf32> to tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %b1 = linalg.exp ins(%1 : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = tensor.collapse_shape %x [[0, 1]] : tensor<4x6xf32> into tensor<24xf32>
  %3 = tensor.insert_slice %b1 into %x[1, 2] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<4x6xf32>
  %v = tensor.extract %s[] : tensor<f32>
  %4 = tensor.splat %v : tensor<6xf32>
  %w = tensor.extract %x[%c1, %c2] : tensor<4x6xf32>
  %5 = tensor.from_elements %v, %w, %v : tensor<3xf32>
  return %0, %b1, %2, %3, %4, %5 : tensor<4x9xf32>, tensor<2x3xf32>, tensor<24xf32>, tensor<4x6xf32>, tensor<6xf32>, tensor<3xf32>
}
