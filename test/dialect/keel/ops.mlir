// Printed, read and printed again, in the ops' own form and in the generic one.
// RUN: keel-opt %s | keel-opt | FileCheck %s
// RUN: keel-opt %s --mlir-print-op-generic | keel-opt | FileCheck %s

// CHECK: ml_program.global public mutable @zeros(#keel.init<zeros>) : tensor<4xf32>
ml_program.global public mutable @zeros(#keel.init<zeros>) : tensor<4xf32>
// CHECK: ml_program.global public mutable @uniform(#keel.init<uniform, high = 2.000000e+00 : f64, low = -1.000000e+00 : f64>)
ml_program.global public mutable @uniform(#keel.init<uniform, low = -1.0, high = 2.0>) : tensor<4xf32>
// CHECK: ml_program.global public mutable @kaiming(#keel.init<kaiming_uniform, fan_in = 64 : i64>)
ml_program.global public mutable @kaiming(#keel.init<kaiming_uniform, fan_in = 64 : i64>) : tensor<64x4xf32>

// CHECK-LABEL: func.func @relu
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>, %[[E:.*]]: tensor<?x4xf32>
// CHECK: %[[Y:.*]] = keel.kernel "relu" ins(%[[A:.*]] = %[[X]] : tensor<?x4xf32>) outs(%[[O:.*]] = %[[E]] : tensor<?x4xf32>) {
// CHECK: %[[R:.*]] = linalg.abs ins(%[[A]] : tensor<?x4xf32>) outs(%[[O]] : tensor<?x4xf32>)
// CHECK: keel.yield %[[R]] : tensor<?x4xf32>
// CHECK: return %[[Y]]
func.func @relu(%x: tensor<?x4xf32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = keel.kernel "relu" ins(%a = %x : tensor<?x4xf32>) outs(%o = %e : tensor<?x4xf32>) {
    %r = linalg.abs ins(%a : tensor<?x4xf32>) outs(%o : tensor<?x4xf32>) -> tensor<?x4xf32>
    keel.yield %r : tensor<?x4xf32>
  }
  return %y : tensor<?x4xf32>
}

// Without tensors there are no results.
// CHECK-LABEL: func.func @buffers
// CHECK: keel.kernel "copy" ins(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}} : memref<4xf32>, index) outs(%{{.*}} = %{{.*}} : memref<4xf32>) {
// CHECK: keel.yield{{$}}
func.func @buffers(%x: memref<4xf32>, %n: index, %y: memref<4xf32>) {
  keel.kernel "copy" ins(%a = %x, %m = %n : memref<4xf32>, index) outs(%b = %y : memref<4xf32>) {
    memref.copy %a, %b : memref<4xf32> to memref<4xf32>
    keel.yield
  }
  return
}
