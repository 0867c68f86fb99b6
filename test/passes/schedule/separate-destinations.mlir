// RUN: keel-opt %s --separate-destinations | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK-COUNT-2: linalg.fill
// CHECK: keel.yield
func.func @f(%x: tensor<8x4xf32>, %e: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %y:2 = keel.kernel "sums" ins(%a = %x : tensor<8x4xf32>) outs(%o = %e, %p = %e : tensor<4xf32>, tensor<4xf32>) {
    %zero = arith.constant 0.0 : f32
    %i = tensor.empty() : tensor<4xf32>
    %f = linalg.fill ins(%zero : f32) outs(%i : tensor<4xf32>) -> tensor<4xf32>
    %s = linalg.reduce { arith.addf } ins(%a : tensor<8x4xf32>) outs(%f : tensor<4xf32>) dimensions = [0]
    %m = linalg.reduce { arith.maximumf } ins(%a : tensor<8x4xf32>) outs(%f : tensor<4xf32>) dimensions = [0]
    keel.yield %s, %m : tensor<4xf32>, tensor<4xf32>
  }
  return %y#0, %y#1 : tensor<4xf32>, tensor<4xf32>
}
