// RUN: %python %S/execute.py %s | FileCheck %s
// RUN: %python %S/execute.py %s --device emulator | FileCheck %s
// CHECK: equal

// The norm of a vector, which has one row.
func.func @main(%x: tensor<40xf32>, %g: tensor<40xf32>) -> (tensor<40xf32>, tensor<f32>) {
  %y = norm.layer_norm %x scale(%g : tensor<40xf32>) axes = [0] : tensor<40xf32>
  %mean, %m2 = norm.moments %y axes = [0] : tensor<40xf32> -> tensor<f32>
  return %y, %m2 : tensor<40xf32>, tensor<f32>
}
