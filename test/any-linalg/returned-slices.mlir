// RUN: %python %S/execute.py %s | FileCheck %s
// RUN: %python %S/execute.py %s --device emulator | FileCheck %s
// CHECK: equal

// Slices that are returned: of an argument, of what is computed and returned itself; one is all that a function does.
func.func @main(%x: tensor<?x20xf32>, %y: tensor<8x20xf32>) -> (tensor<?x6xf32>, tensor<?x20xf32>, tensor<3x20xf32>, tensor<4x5xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x20xf32>
  %columns = tensor.extract_slice %x[0, 8] [%n, 6] [1, 1] : tensor<?x20xf32> to tensor<?x6xf32>
  %e = tensor.empty(%n) : tensor<?x20xf32>
  %z = linalg.exp ins(%x : tensor<?x20xf32>) outs(%e : tensor<?x20xf32>) -> tensor<?x20xf32>
  %rows = tensor.extract_slice %y[2, 0] [3, 20] [1, 1] : tensor<8x20xf32> to tensor<3x20xf32>
  %f = tensor.empty() : tensor<8x20xf32>
  %w = linalg.exp ins(%y : tensor<8x20xf32>) outs(%f : tensor<8x20xf32>) -> tensor<8x20xf32>
  %strided = tensor.extract_slice %w[1, 3] [4, 5] [2, 3] : tensor<8x20xf32> to tensor<4x5xf32>
  return %columns, %z, %rows, %strided : tensor<?x6xf32>, tensor<?x20xf32>, tensor<3x20xf32>, tensor<4x5xf32>
}
