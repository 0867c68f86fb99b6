// RUN: %python %S/execute.py %s --prepare=--import-graph --prepare=--normalize-graph | FileCheck %s
// RUN: %python %S/execute.py %s --prepare=--import-graph --prepare=--normalize-graph --device emulator | FileCheck %s
// CHECK: equal

// Softmax, packing, constants as large as tensors, helper functions, math functions.
func.func private @relu(%x: tensor<6x40xf32>) -> tensor<6x40xf32> {
  %zero = arith.constant dense<0.0> : tensor<6x40xf32>
  %0 = arith.maximumf %x, %zero : tensor<6x40xf32>
  return %0 : tensor<6x40xf32>
}
func.func @main(%x: tensor<6x40xf32>) -> (tensor<6x40xf32>, tensor<2x40x3xf32>, tensor<6x40xf32>, tensor<6x40xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<6x40xf32>
  %0 = linalg.softmax dimension(1) ins(%x : tensor<6x40xf32>) outs(%e : tensor<6x40xf32>) -> tensor<6x40xf32>
  %ep = tensor.empty() : tensor<2x40x3xf32>
  %ep4 = tensor.empty() : tensor<2x40x3x1xf32>
  %p = linalg.pack %x inner_dims_pos = [0, 1] inner_tiles = [3, 1] into %ep4 : tensor<6x40xf32> -> tensor<2x40x3x1xf32>
  %1 = tensor.collapse_shape %p [[0], [1], [2, 3]] : tensor<2x40x3x1xf32> into tensor<2x40x3xf32>
  %2 = func.call @relu(%x) : (tensor<6x40xf32>) -> tensor<6x40xf32>
  %3 = math.sin %x : tensor<6x40xf32>
  %4 = math.powf %2, %0 : tensor<6x40xf32>
  %5 = arith.addf %3, %4 : tensor<6x40xf32>
  %c = arith.constant dense<[1.0, 2.0, 4.0, 8.0]> : tensor<4xf32>
  %s = tensor.extract_slice %x[2, 3] [1, 4] [1, 1] : tensor<6x40xf32> to tensor<4xf32>
  %6 = arith.mulf %c, %s : tensor<4xf32>
  return %0, %1, %2, %5, %6 : tensor<6x40xf32>, tensor<2x40x3xf32>, tensor<6x40xf32>, tensor<6x40xf32>, tensor<4xf32>
}
