// RUN: keel-opt %s --build-train-step=optimizer=adamw --canonicalize --cse | FileCheck %s
// RUN: keel-opt %s --build-train-step=optimizer=momentum | FileCheck %s --check-prefix=MOMENTUM
// RUN: keel-opt %s --build-train-step=optimizer=sgd | FileCheck %s --check-prefix=SGD
// RUN: keel-opt %models/digits_batch_norm.mlir --inference-form --build-train-step | FileCheck %s --check-prefix=MODEL

// Every piece of state has a role; the optimizer's follows the model's.
// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d2, d0)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK: ml_program.global public mutable @weight({{.*}}keel.role = "parameter"
// CHECK: ml_program.global public mutable @average({{.*}}keel.role = "buffer"
// CHECK: ml_program.global public mutable @offset({{.*}}keel.role = "setting"
// CHECK: ml_program.global public mutable @learning_rate(dense<5.000000e-01> : tensor<f32>){{.*}}keel.role = "setting"
// CHECK: ml_program.global public mutable @beta1(dense<{{.*}}> : tensor<f32>){{.*}}keel.role = "setting"
// CHECK: ml_program.global public mutable @weight_decay(
// CHECK: ml_program.global public mutable @step(dense<0> : tensor<i64>){{.*}}keel.role = "optimizer"
// CHECK: ml_program.global public mutable @weight.first_moment(#keel.init<zeros>){{.*}}keel.role = "optimizer"
// CHECK: ml_program.global public mutable @weight.second_moment(
ml_program.global public mutable @weight(#keel.init<ones>) : tensor<4x2xf32>
ml_program.global public mutable @average(#keel.init<zeros>) : tensor<f32>
ml_program.global public mutable @offset(dense<1> : tensor<i64>) : tensor<i64>
// A setting that the module defines keeps its start.
ml_program.global public mutable @learning_rate(dense<0.5> : tensor<f32>) : tensor<f32>

func.func private @project(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %w = ml_program.global_load @weight : tensor<4x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x2xf32>) outs(%f : tensor<?x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

func.func @loss(%x: tensor<?x4xf32>, %labels: tensor<?xi32>) -> tensor<f32> {
  %y = call @project(%x) : (tensor<?x4xf32>) -> tensor<?x2xf32>
  %loss = norm.softmax_cross_entropy %y, %labels : tensor<?x2xf32>, tensor<?xi32> -> tensor<f32>
  ml_program.global_store @average = %loss : tensor<f32>
  return %loss : tensor<f32>
}

// All loads, the loss, the gradient of the weights as a plain contraction, one update, all stores.
// CHECK-LABEL: func.func @train_step
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>, %[[LABELS:.*]]: tensor<?xi32>
// CHECK: %[[W:.*]] = ml_program.global_load @weight
// CHECK: %[[M:.*]] = ml_program.global_load @weight.first_moment
// CHECK: %[[V:.*]] = ml_program.global_load @weight.second_moment
// CHECK-NOT: ml_program
// CHECK: %[[Y:.*]] = linalg.matmul
// CHECK: %[[LOSS:.*]] = norm.softmax_cross_entropy %[[Y]]
// CHECK: %[[DY:.*]] = norm.softmax_cross_entropy_grad
// CHECK: %[[DW:.*]] = linalg.generic {indexing_maps = [#[[A]], #[[B]], #[[C]]], iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[X]], %[[DY]]
// CHECK-NEXT: ^bb0
// CHECK-NEXT: mulf
// CHECK-NEXT: addf
// CHECK-NEXT: yield
// CHECK: %[[COUNT:.*]] = linalg.generic {{.*}}iterator_types = []}
// CHECK: arith.addi
// CHECK: linalg.generic {{.*}}iterator_types = []} ins({{.*}}%[[COUNT]]
// CHECK: math.expm1
// CHECK: %[[NEW:.*]]:3 = linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]} ins(%[[DW]], {{.*}} outs(%[[W]], %[[M]], %[[V]]
// CHECK-NOT: linalg.generic
// CHECK-DAG: ml_program.global_store @average = %[[LOSS]]
// CHECK-DAG: ml_program.global_store @step = %[[COUNT]]
// CHECK-DAG: ml_program.global_store @weight = %[[NEW]]#0
// CHECK-DAG: ml_program.global_store @weight.first_moment = %[[NEW]]#1
// CHECK-DAG: ml_program.global_store @weight.second_moment = %[[NEW]]#2
// CHECK: return %[[LOSS]]

// MOMENTUM: @momentum(dense<0.89{{.*}}> : tensor<f32>)
// MOMENTUM: @weight.velocity(#keel.init<zeros>)
// MOMENTUM-LABEL: func.func @train_step
// MOMENTUM: linalg.generic {{.*}}outs(%weight, %weight.velocity
// MOMENTUM: ml_program.global_store @weight.velocity

// SGD-NOT: @weight.
// SGD-LABEL: func.func @train_step
// SGD: linalg.generic {{.*}}outs(%weight :

// The running statistics are stored, and are not trained.
// MODEL: @norm1.running_mean({{.*}}keel.role = "buffer"
// MODEL-NOT: @norm1.running_mean.first_moment
// MODEL-LABEL: func.func @forward
// MODEL: norm.batch_norm_inference
// MODEL-LABEL: func.func @train_step
// MODEL: norm.batch_norm %
// MODEL: norm.batch_norm_grad
// MODEL-DAG: ml_program.global_store @norm1.running_mean
// MODEL-DAG: ml_program.global_store @norm1.scale =
