// RUN: keel-opt %s --hoist-derived-state --split-input-file | FileCheck %s

// Both entries read one derived global; the one that stores the weights computes it anew.
ml_program.global public mutable @w(#keel.init<ones>) : tensor<4x4xf32> {keel.role = "parameter"}
// CHECK: ml_program.global private mutable @w.derived(#keel.init<zeros>) : tensor<4x4xf32> {keel.role = "derived"}
// CHECK-LABEL: func.func @forward(
// CHECK-NOT: norm.center
// CHECK: %[[C:.*]] = ml_program.global_load @w.derived
// CHECK-NOT: norm.center
// CHECK: linalg.matmul ins(%{{.*}}, %[[C]]
// CHECK-NOT: norm.center
func.func @forward(%x: tensor<2x4xf32>, %e: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = ml_program.global_load @w : tensor<4x4xf32>
  %c = norm.center %w axes = [1] : tensor<4x4xf32>
  %y = linalg.matmul ins(%x, %c : tensor<2x4xf32>, tensor<4x4xf32>) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
// CHECK-LABEL: func.func @train_step(
// CHECK: ml_program.global_load @w.derived
// CHECK: ml_program.global_store @w = %[[NEW:.*]] :
// CHECK: %[[D:.*]] = norm.center %[[NEW]]
// CHECK: ml_program.global_store @w.derived = %[[D]]
func.func @train_step(%g: tensor<4x4xf32>) {
  %w = ml_program.global_load @w : tensor<4x4xf32>
  %c = norm.center %w axes = [1] : tensor<4x4xf32>
  %s = linalg.sub ins(%c, %g : tensor<4x4xf32>, tensor<4x4xf32>) outs(%w : tensor<4x4xf32>) -> tensor<4x4xf32>
  ml_program.global_store @w = %s : tensor<4x4xf32>
  return
}
// CHECK-LABEL: func.func @prepare()
// CHECK: %[[W:.*]] = ml_program.global_load @w :
// CHECK: %[[D:.*]] = norm.center %[[W]]
// CHECK: ml_program.global_store @w.derived = %[[D]]

// -----

// A broadcast or a transpose of state is no state of its own, nor is what settings decide.
ml_program.global public mutable @b(#keel.init<ones>) : tensor<4xf32> {keel.role = "parameter"}
ml_program.global public mutable @rate(#keel.init<ones>) : tensor<4xf32> {keel.role = "setting"}
// CHECK-NOT: derived
func.func @forward(%x: tensor<2x4xf32>, %e: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %b = ml_program.global_load @b : tensor<4xf32>
  %r = ml_program.global_load @rate : tensor<4xf32>
  %i = tensor.empty() : tensor<2x4xf32>
  %bias = linalg.broadcast ins(%b : tensor<4xf32>) outs(%i : tensor<2x4xf32>) dimensions = [0]
  %s = linalg.exp ins(%r : tensor<4xf32>) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %scale = linalg.broadcast ins(%s : tensor<4xf32>) outs(%i : tensor<2x4xf32>) dimensions = [0]
  %y = linalg.add ins(%x, %bias : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %z = linalg.mul ins(%y, %scale : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// -----

// Nor is a number made of single numbers: the counter of the second dropout. A number made of a whole tensor is.
ml_program.global public mutable @w(#keel.init<ones>) : tensor<4xf32> {keel.role = "parameter"}
ml_program.global public mutable @seed(dense<7> : tensor<i64>) : tensor<i64> {keel.role = "setting"}
ml_program.global public mutable @counter(dense<0> : tensor<i64>) : tensor<i64> {keel.role = "buffer"}
// CHECK-NOT: @counter.derived
// CHECK: @w.derived(#keel.init<zeros>) : tensor<f32>
// CHECK-NOT: @counter.derived
func.func @loss(%x: tensor<2x4xf32>, %zero: tensor<f32>) -> (tensor<2x4xf32>, tensor<f32>) {
  %one = arith.constant dense<1> : tensor<i64>
  %s = ml_program.global_load @seed : tensor<i64>
  %c0 = ml_program.global_load @counter : tensor<i64>
  %c1 = arith.addi %c0, %one : tensor<i64>
  %c2 = arith.addi %c1, %one : tensor<i64>
  %d0 = norm.dropout %x seed(%s : tensor<i64>) counter(%c0 : tensor<i64>) rate = 0.5 : tensor<2x4xf32>
  %d1 = norm.dropout %d0 seed(%s : tensor<i64>) counter(%c1 : tensor<i64>) rate = 0.5 : tensor<2x4xf32>
  %w = ml_program.global_load @w : tensor<4xf32>
  %cst = arith.constant dense<0.0> : tensor<f32>
  %sum = linalg.reduce ins(%w : tensor<4xf32>) outs(%cst : tensor<f32>) dimensions = [0]
      (%a: f32, %b: f32) {
        %t = arith.addf %a, %b : f32
        linalg.yield %t : f32
      }
  %shifted = arith.addf %sum, %zero : tensor<f32>
  ml_program.global_store @counter = %c2 : tensor<i64>
  return %d1, %shifted : tensor<2x4xf32>, tensor<f32>
}
