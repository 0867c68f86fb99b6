// RUN: %python %S/execute.py %s  | FileCheck %s
// CHECK: equal

// Control flow with results that are tensors and scalars.
func.func @main(%x: tensor<17xf32>, %n: tensor<i32>) -> (tensor<17xf32>, tensor<17xf32>, tensor<17xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %limit = arith.constant 4.0 : f32
  %half = arith.constant 0.5 : f32
  %0 = scf.for %i = %c0 to %c5 step %c1 iter_args(%a = %x) -> (tensor<17xf32>) {
    %e = tensor.empty() : tensor<17xf32>
    %b = linalg.mul ins(%a, %x : tensor<17xf32>, tensor<17xf32>) outs(%e : tensor<17xf32>) -> tensor<17xf32>
    scf.yield %b : tensor<17xf32>
  }
  %v = tensor.extract %n[] : tensor<i32>
  %two = arith.constant 2 : i32
  %small = arith.cmpi slt, %v, %two : i32
  %1 = scf.if %small -> (tensor<17xf32>) {
    scf.yield %x : tensor<17xf32>
  } else {
    %e = tensor.empty() : tensor<17xf32>
    %b = linalg.negf ins(%x : tensor<17xf32>) outs(%e : tensor<17xf32>) -> tensor<17xf32>
    scf.yield %b : tensor<17xf32>
  }
  %one = arith.constant 1.0 : f32
  %2:2 = scf.while (%a = %x, %s = %one) : (tensor<17xf32>, f32) -> (tensor<17xf32>, f32) {
    %go = arith.cmpf olt, %s, %limit : f32
    scf.condition(%go) %a, %s : tensor<17xf32>, f32
  } do {
  ^bb0(%a: tensor<17xf32>, %s: f32):
    %t = arith.addf %s, %one : f32
    %e = tensor.empty() : tensor<17xf32>
    %f = linalg.fill ins(%half : f32) outs(%e : tensor<17xf32>) -> tensor<17xf32>
    %b = linalg.mul ins(%a, %f : tensor<17xf32>, tensor<17xf32>) outs(%e : tensor<17xf32>) -> tensor<17xf32>
    scf.yield %b, %t : tensor<17xf32>, f32
  }
  return %0, %1, %2#0 : tensor<17xf32>, tensor<17xf32>, tensor<17xf32>
}
