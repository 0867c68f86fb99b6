// Entries and state may have the names of functions that the code calls, of the compiler's own symbols, and any others.
// RUN: keel-compile %s -o %t.so --target=native,sm_80 --emulate
// RUN: %python -c "import numpy; numpy.save(r'%t.x.npy', numpy.array([0.5, 1], 'float32'))"
// RUN: %python %S/Inputs/call_each.py %t.so %t.x.npy powf main malloc device keel_artifact_query llvm.sqrt.f32 "2 a.b" 2_a_b | FileCheck %s
// x³ + sin x; then twice x of all others.
// CHECK-COUNT-2: [0.6044, 1.8415]
// CHECK-COUNT-14: [1.0, 2.0]

ml_program.global public mutable @sinf(dense<3.0> : tensor<2xf32>) : tensor<2xf32>
func.func @powf(%x: tensor<2xf32>) -> tensor<2xf32> {
  %three = ml_program.global_load @sinf : tensor<2xf32>
  %power = math.powf %x, %three : tensor<2xf32>
  %sine = math.sin %x : tensor<2xf32>
  %y = arith.addf %power, %sine : tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @malloc(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @device(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @keel_artifact_query(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @llvm.sqrt.f32(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @"2 a.b"(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @"2_a_b"(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = arith.addf %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
