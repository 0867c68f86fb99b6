// RUN: keel-opt %s --constants-to-state | FileCheck %s

// One table for both readers; what is inside of a kernel stays.
// CHECK: ml_program.global private mutable @keel.table(dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>) : tensor<2xf32> {keel.role = "derived"}
// CHECK-NOT: ml_program.global
// CHECK-LABEL: func.func @f
func.func @f(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  // CHECK: %[[T:.*]] = ml_program.global_load @keel.table : tensor<2xf32>
  %t = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  // CHECK: keel.kernel "k" ins(%{{.*}} = %[[T]] : tensor<2xf32>)
  %k = keel.kernel "k" ins(%a = %t : tensor<2xf32>) outs(%o = %x : tensor<2xf32>) {
    // CHECK: arith.constant dense<0.000000e+00>
    %z = arith.constant dense<0.0> : tensor<2xf32>
    %s = linalg.add ins(%a, %z : tensor<2xf32>, tensor<2xf32>) outs(%o : tensor<2xf32>) -> tensor<2xf32>
    keel.yield %s : tensor<2xf32>
  }
  %u = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %k, %u : tensor<2xf32>, tensor<2xf32>
}
