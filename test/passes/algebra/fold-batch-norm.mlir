// RUN: keel-opt %s --fold-batch-norm --remarks-filter=algebra --verify-diagnostics | FileCheck %s

!rows = tensor<?x8xf32>
!vector = tensor<8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
ml_program.global public mutable @b(dense<1.0> : !vector) : !vector
ml_program.global public mutable @scale(dense<1.0> : !vector) : !vector
ml_program.global public mutable @shift(dense<1.0> : !vector) : !vector
ml_program.global public mutable @mean(dense<0.0> : !vector) : !vector
ml_program.global public mutable @variance(dense<1.0> : !vector) : !vector

// CHECK-LABEL: func.func @forward
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%variance, %scale :
// CHECK: %[[B:.*]] = linalg.generic {{.*}} ins(%[[S]], %mean, %b, %shift :
// CHECK: %[[W:.*]] = linalg.generic {{.*}} ins(%w, %[[S]] :
// CHECK: %[[INIT:.*]] = linalg.generic {{.*}} ins(%[[B]] : tensor<8xf32>) outs(%{{.*}} : tensor<?x8xf32>)
// CHECK: %[[Y:.*]] = linalg.matmul ins(%{{.*}}, %[[W]] : {{.*}}) outs(%[[INIT]]
// CHECK-NEXT: return %[[Y]]
func.func @forward(%x: tensor<?x4xf32>, %out: !rows) -> !rows {
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %b = ml_program.global_load @b : !vector
  %bias = linalg.broadcast ins(%b : !vector) outs(%out : !rows) dimensions = [0]
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : !rows) -> !rows
  %scale = ml_program.global_load @scale : !vector
  %shift = ml_program.global_load @shift : !vector
  %mean = ml_program.global_load @mean : !vector
  %variance = ml_program.global_load @variance : !vector
  // expected-remark @+1 {{batch norm is in the weights of the linear layer before it}}
  %y = norm.batch_norm_inference %z statistics(%mean, %variance : !vector) scale(%scale : !vector)
      shift(%shift : !vector) : !rows
  return %y : !rows
}

// Weights that come with every call would be folded in every call.
// CHECK-LABEL: func.func @arguments
// CHECK: norm.batch_norm_inference
func.func @arguments(%x: tensor<?x4xf32>, %w: tensor<4x8xf32>, %mean: !vector, %variance: !vector, %out: !rows) -> !rows {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  // expected-remark @+1 {{weights, bias or statistics are not state}}
  %y = norm.batch_norm_inference %z statistics(%mean, %variance : !vector) : !rows
  return %y : !rows
}
