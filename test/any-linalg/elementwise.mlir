// RUN: %python %S/execute.py %s  | FileCheck %s
// RUN: %python %S/execute.py %s --device emulator --sizes 33 | FileCheck %s
// CHECK: equal

// Named elementwise ops.
func.func @main(%x: tensor<?x37xf32>, %y: tensor<?x37xf32>) -> (tensor<?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x37xf32>
  %e = tensor.empty(%n) : tensor<?x37xf32>
  %0 = linalg.add ins(%x, %y : tensor<?x37xf32>, tensor<?x37xf32>) outs(%e : tensor<?x37xf32>) -> tensor<?x37xf32>
  %1 = linalg.exp ins(%0 : tensor<?x37xf32>) outs(%e : tensor<?x37xf32>) -> tensor<?x37xf32>
  %2 = linalg.map { arith.maximumf } ins(%x, %y : tensor<?x37xf32>, tensor<?x37xf32>) outs(%e : tensor<?x37xf32>)
  %3 = linalg.elementwise kind=#linalg.elementwise_kind<tanh> ins(%y : tensor<?x37xf32>) outs(%e : tensor<?x37xf32>) -> tensor<?x37xf32>
  return %1, %2, %3 : tensor<?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>
}
