// RUN: keel-opt %s --build-train-step="optimizer=sgd loss-scaling" --canonicalize --cse | FileCheck %s

// The gradient starts from the scale; whether all gradients are finite decides about the update, the statistics and the
// counter, and about the next scale.
// CHECK-DAG: ml_program.global public mutable @loss_scale(dense<6.553600e+04> : tensor<f32>){{.*}}keel.role = "setting"
// CHECK-DAG: ml_program.global public mutable @loss_scale_interval(dense<2000> : tensor<i64>){{.*}}keel.role = "setting"
// CHECK-DAG: ml_program.global public mutable @loss_scale_good_steps(dense<0> : tensor<i64>){{.*}}keel.role = "optimizer"
ml_program.global public mutable @weight(#keel.init<ones>) : tensor<4xf32>
ml_program.global public mutable @average(#keel.init<zeros>) : tensor<f32>

// CHECK-LABEL: func.func @train_step
// CHECK-DAG: %[[W:.*]] = ml_program.global_load @weight
// CHECK-DAG: %[[SCALE:.*]] = ml_program.global_load @loss_scale :
// CHECK-DAG: %[[INTERVAL:.*]] = ml_program.global_load @loss_scale_interval
// CHECK-DAG: %[[GOOD:.*]] = ml_program.global_load @loss_scale_good_steps
// CHECK-DAG: %[[AVERAGE:.*]] = ml_program.global_load @average
// CHECK-DAG: %[[STEP:.*]] = ml_program.global_load @step
// CHECK: %[[DW:.*]] = linalg.generic {{.*}}%[[SCALE]]
// CHECK: %[[LARGEST:.*]] = linalg.generic {{.*}} iterator_types = ["reduction"]}
// CHECK: math.absf
// CHECK-NEXT: arith.maximumf
// CHECK: %[[NEXT:.*]]:3 = linalg.generic {{.*}} ins(%[[LARGEST]], %[[INTERVAL]] : tensor<f32>, tensor<i64>) outs(%{{.*}}, %[[SCALE]], %[[GOOD]] : tensor<f32>, tensor<f32>, tensor<i64>)
// CHECK: %[[KEPT:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[NEXT]]#0 : tensor<f32>, tensor<f32>) outs(%[[AVERAGE]] : tensor<f32>)
// CHECK: arith.select
// CHECK: %[[COUNT:.*]] = linalg.generic {{.*}} ins(%[[NEXT]]#0 : tensor<f32>) outs(%[[STEP]] : tensor<i64>)
// CHECK: %[[UPDATED:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %[[NEXT]]#0 : tensor<4xf32>, tensor<f32>, tensor<f32>) outs(%[[W]] : tensor<4xf32>)
// CHECK: arith.select
// CHECK-DAG: ml_program.global_store @average = %[[KEPT]]
// CHECK-DAG: ml_program.global_store @loss_scale = %[[NEXT]]#1
// CHECK-DAG: ml_program.global_store @loss_scale_good_steps = %[[NEXT]]#2
// CHECK-DAG: ml_program.global_store @step = %[[COUNT]]
// CHECK-DAG: ml_program.global_store @weight = %[[UPDATED]]
func.func @loss(%x: tensor<4xf32>, %start: tensor<f32>) -> tensor<f32> {
  %w = ml_program.global_load @weight : tensor<4xf32>
  %loss = linalg.dot ins(%x, %w : tensor<4xf32>, tensor<4xf32>) outs(%start : tensor<f32>) -> tensor<f32>
  ml_program.global_store @average = %loss : tensor<f32>
  return %loss : tensor<f32>
}
