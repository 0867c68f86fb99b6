// A batch above the capacity is done in parts where each case stays by itself; elsewhere it is an error, never another value.
// RUN: %python %S/execute.py %s --prepare=--normalize-graph --sizes 1,128,129,300 | FileCheck %s
// CHECK: equal
// RUN: keel-compile %s -o %t.so
// RUN: %python -c "import numpy; numpy.save(r'%t.npy', numpy.ones((129, 4), 'float32'))"
// RUN: not keel-run %t.so call columns --input %t.npy 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: a batch of 129 is too large for 'columns', which takes at most 128 and cannot be split: compile the model with --batch=129
// RUN: keel-compile %s -o %t.so --batch=129
// RUN: keel-run %t.so call columns --input %t.npy

func.func @main(%x: tensor<?x3x4xf32>) -> tensor<?x3x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x3x4xf32>
  %e = tensor.empty(%n) : tensor<?x3x4xf32>
  %y = linalg.exp ins(%x : tensor<?x3x4xf32>) outs(%e : tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  return %y : tensor<?x3x4xf32>
}

func.func @columns(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.softmax dimension(0) ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
