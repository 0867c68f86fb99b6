// RUN: %python %S/execute.py %s --prepare=--import-graph | FileCheck %s
// CHECK: equal

// What is returned and read as well: a slice, a value that a branch yields, one that goes to two places.
func.func @main(%x: tensor<?x4xf32>, %condition: tensor<i1>) -> (tensor<?x1xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %c0 = arith.constant 0 : index
  %c = tensor.extract %condition[] : tensor<i1>
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %slice = tensor.extract_slice %x[0, 2] [%n, 1] [1, 1] : tensor<?x4xf32> to tensor<?x1xf32>
  %moved = tensor.insert_slice %slice into %x[0, 1] [%n, 1] [1, 1] : tensor<?x1xf32> into tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %z = scf.if %c -> tensor<?x4xf32> {
    %t = linalg.tanh ins(%y : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    scf.yield %t : tensor<?x4xf32>
  } else {
    scf.yield %y : tensor<?x4xf32>
  }
  return %slice, %moved, %y, %z, %y : tensor<?x1xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}
