// RUN: keel-opt %s --inference-form | FileCheck %s
ml_program.global public mutable @mean(#keel.init<zeros>) : tensor<4xf32>
ml_program.global public mutable @variance(#keel.init<ones>) : tensor<4xf32>
ml_program.global public mutable @seed(dense<1> : tensor<i64>) : tensor<i64>

// CHECK-LABEL: func.func @forward
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>
// CHECK: %[[M:.*]] = ml_program.global_load @mean
// CHECK: %[[V:.*]] = ml_program.global_load @variance
// CHECK-NEXT: %[[Y:.*]] = norm.batch_norm_inference %[[X]] statistics(%[[M]], %[[V]] : tensor<4xf32>) epsilon = 1.000000e-03
// CHECK-NEXT: return %[[Y]]
func.func @forward(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = call @layer(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

func.func private @layer(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %m = ml_program.global_load @mean : tensor<4xf32>
  %v = ml_program.global_load @variance : tensor<4xf32>
  %y, %m1, %v1 = norm.batch_norm %x running(%m, %v : tensor<4xf32>) epsilon = 1.0e-3 : tensor<?x4xf32>
  ml_program.global_store @mean = %m1 : tensor<4xf32>
  ml_program.global_store @variance = %v1 : tensor<4xf32>
  %s = ml_program.global_load @seed : tensor<i64>
  %d = norm.dropout %y seed(%s : tensor<i64>) counter(%s : tensor<i64>) rate = 0.5 : tensor<?x4xf32>
  return %d : tensor<?x4xf32>
}

// A caller keeps the training form.
// CHECK-LABEL: func.func @loss
// CHECK: norm.batch_norm %
// CHECK: ml_program.global_store @mean
// CHECK: norm.dropout
func.func @loss(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = call @forward(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
