// RUN: keel-opt %s --pivot-batch-norm --remarks-filter=algebra --verify-diagnostics | FileCheck %s
// RUN: keel-opt %s --pivot-batch-norm --inference-form=function=matmul | FileCheck %s --check-prefix=INFERENCE
// RUN: keel-opt %s --pivot-batch-norm=running-mean | FileCheck %s --check-prefix=RUNNING

// The layer stays as it is; what is known of earlier batches is subtracted from what it makes.
// RUNNING-LABEL: func.func @matmul(
// RUNNING: %[[Z:.*]] = linalg.matmul
// RUNNING: %[[U:.*]] = linalg.generic {{.*}} ins(%[[Z]], %arg3 : tensor<?x8xf32>, tensor<8xf32>)
// RUNNING: arith.subf
// RUNNING: norm.batch_norm %[[U]] running(%arg3, %arg4 : {{.*}}) pivot(%arg3 : tensor<8xf32>)
// RUNNING-LABEL: func.func @no_linear_layer
// RUNNING-NOT: pivot(

// The running mean loses the pivot that the input has lost.
// INFERENCE-LABEL: func.func @matmul(
// INFERENCE: %[[PIVOT:.*]] = norm.stop_gradient
// INFERENCE: %[[SHIFT:.*]] = linalg.generic {{.*}} ins(%[[PIVOT]], %arg2 :
// INFERENCE: %[[MEAN:.*]] = arith.subf %arg3, %[[SHIFT]]
// INFERENCE: norm.batch_norm_inference %{{.*}} statistics(%[[MEAN]], %arg4 :

!rows = tensor<?x8xf32>
!vector = tensor<8xf32>
!image = tensor<?x4x4x8xf32>
#column = affine_map<(m, n) -> (n)>
#each = affine_map<(m, n) -> (m, n)>

// The pivot is the layer on the batch mean of its input; it takes the bias's place, and the bias only moves the
// running mean.
// CHECK-LABEL: func.func @matmul(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x4xf32>, %[[W:[^:]*]]: tensor<4x8xf32>, %[[B:[^:]*]]: tensor<8xf32>
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[X]] :
// CHECK: %[[MEAN:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %{{.*}} : tensor<4xf32>, f32)
// CHECK: %[[NU:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[W]], %[[MEAN]] :
// CHECK: %[[PIVOT:.*]] = norm.stop_gradient %[[NU]]
// CHECK: %[[INIT:.*]] = linalg.generic {{.*}} ins(%[[PIVOT]] : tensor<8xf32>) outs(%{{.*}} : tensor<?x8xf32>)
// CHECK: arith.negf
// CHECK: %[[SHIFT:.*]] = linalg.generic {{.*}} ins(%[[PIVOT]], %[[B]] : tensor<8xf32>, tensor<8xf32>)
// CHECK: %[[U:.*]] = linalg.matmul ins(%[[X]], %[[W]] : {{.*}}) outs(%[[INIT]]
// CHECK: norm.batch_norm %[[U]] {{.*}} pivot(%[[SHIFT]] : tensor<8xf32>)
func.func @matmul(%x: tensor<?x4xf32>, %w: tensor<4x8xf32>, %b: !vector, %m: !vector, %v: !vector,
                  %out: !rows) -> (!rows, !vector, !vector) {
  %bias = linalg.broadcast ins(%b : !vector) outs(%out : !rows) dimensions = [0]
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : !rows) -> !rows
  // expected-remark @+1 {{batch norm is pivoted by the batch mean of its linear layer's input}}
  %y, %m1, %v1 = norm.batch_norm %z running(%m, %v : !vector) : !rows
  return %y, %m1, %v1 : !rows, !vector, !vector
}

// A bias added afterwards goes the same way; weights [out, in].
// CHECK-LABEL: func.func @transposed_weights(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x4xf32>, %[[W:[^:]*]]: tensor<8x4xf32>
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[W]], %{{.*}} :
// CHECK: %[[U:.*]] = linalg.matmul
// CHECK-NEXT: norm.batch_norm %[[U]] {{.*}} pivot(
func.func @transposed_weights(%x: tensor<?x4xf32>, %w: tensor<8x4xf32>, %b: !vector, %m: !vector, %v: !vector,
                              %out: !rows) -> (!rows, !vector, !vector) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %z = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                      affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x4xf32>, tensor<8x4xf32>) outs(%zeros : !rows) -> !rows
  %u = linalg.generic {indexing_maps = [#each, #column, #each], iterator_types = ["parallel", "parallel"]}
      ins(%z, %b : !rows, !vector) outs(%out : !rows) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %s = arith.addf %i, %j : f32
    linalg.yield %s : f32
  } -> !rows
  // expected-remark @+1 {{batch norm is pivoted}}
  %y, %m1, %v1 = norm.batch_norm %u running(%m, %v : !vector) : !rows
  return %y, %m1, %v1 : !rows, !vector, !vector
}

// A convolution's pivot is the mean over all positions through the sum of its taps.
// CHECK-LABEL: func.func @convolution(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x6x6x2xf32>, %[[K:[^:]*]]: tensor<3x3x2x8xf32>
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<?x6x6x2xf32>) outs(%{{.*}} : tensor<2xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[K]], %{{.*}} : tensor<3x3x2x8xf32>, tensor<2xf32>) outs(%{{.*}} : tensor<8xf32>)
// CHECK: norm.batch_norm {{.*}} pivot({{.*}}) channel = 3
func.func @convolution(%x: tensor<?x6x6x2xf32>, %k: tensor<3x3x2x8xf32>, %m: !vector, %v: !vector,
                       %out: !image) -> (!image, !vector, !vector) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !image) -> !image
  %z = linalg.conv_2d_nhwc_hwcf ins(%x, %k : tensor<?x6x6x2xf32>, tensor<3x3x2x8xf32>) outs(%zeros : !image) -> !image
  // expected-remark @+1 {{batch norm is pivoted}}
  %y, %m1, %v1 = norm.batch_norm %z running(%m, %v : !vector) channel = 3 : !image
  return %y, %m1, %v1 : !image, !vector, !vector
}

// CHECK-LABEL: func.func @no_linear_layer
// CHECK-NOT: pivot
func.func @no_linear_layer(%x: !rows, %m: !vector, %v: !vector) -> (!rows, !vector, !vector) {
  // expected-remark @+1 {{batch norm is not pivoted: its input is an argument of the function}}
  %y, %m1, %v1 = norm.batch_norm %x running(%m, %v : !vector) : !rows
  return %y, %m1, %v1 : !rows, !vector, !vector
}

// CHECK-LABEL: func.func @other_reader
// CHECK-NOT: pivot
func.func @other_reader(%x: tensor<?x4xf32>, %w: tensor<4x8xf32>, %m: !vector, %v: !vector,
                        %out: !rows) -> (!rows, !rows, !vector, !vector) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  // expected-remark @+1 {{the linear layer's result has other readers}}
  %y, %m1, %v1 = norm.batch_norm %z running(%m, %v : !vector) : !rows
  return %z, %y, %m1, %v1 : !rows, !rows, !vector, !vector
}

// CHECK-LABEL: func.func @activation
// CHECK-NOT: pivot
func.func @activation(%x: tensor<?x4xf32>, %w: tensor<4x8xf32>, %m: !vector, %v: !vector,
                      %out: !rows) -> (!rows, !vector, !vector) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %a = linalg.max ins(%z, %zeros : !rows, !rows) outs(%out : !rows) -> !rows
  // expected-remark @+1 {{no linear layer makes its input}}
  %y, %m1, %v1 = norm.batch_norm %a running(%m, %v : !vector) : !rows
  return %y, %m1, %v1 : !rows, !vector, !vector
}

// CHECK-LABEL: func.func @accumulates
// CHECK-NOT: pivot
func.func @accumulates(%x: tensor<?x4xf32>, %w: tensor<4x8xf32>, %m: !vector, %v: !vector,
                       %out: !rows) -> (!rows, !vector, !vector) {
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%out : !rows) -> !rows
  // expected-remark @+1 {{the linear layer accumulates onto another tensor}}
  %y, %m1, %v1 = norm.batch_norm %z running(%m, %v : !vector) : !rows
  return %y, %m1, %v1 : !rows, !vector, !vector
}
