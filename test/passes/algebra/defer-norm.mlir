// RUN: keel-opt %s --defer-norm --canonicalize | FileCheck %s
// RUN: keel-opt %s --defer-norm --remarks-filter=algebra -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

ml_program.global public mutable @scale(#keel.init<ones>) : tensor<8xf32>
ml_program.global public mutable @shift(#keel.init<zeros>) : tensor<8xf32>
ml_program.global public mutable @w(#keel.init<zeros>) : tensor<8x3xf32>
ml_program.global public mutable @b(#keel.init<zeros>) : tensor<3xf32>

// The layer reads the rows as they are; its result is multiplied by their deviations, then the bias is added.
// CHECK-LABEL: func @rms
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>)
// CHECK-DAG: %[[W:.*]] = ml_program.global_load @w
// CHECK-DAG: %[[SCALE:.*]] = ml_program.global_load @scale
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}}"reduction"]} ins(%[[X]] : {{.*}}keel.strategy = "deferred"
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[SUM]] :
// CHECK: rsqrt
// CHECK: %[[GW:.*]] = linalg.generic {{.*}} ins(%[[W]], %[[SCALE]] :
// CHECK: %[[A:.*]] = linalg.matmul ins(%[[X]], %[[GW]] :
// CHECK: linalg.generic {{.*}} ins(%[[A]], %[[R]], %{{.*}} : tensor<?x3xf32>, tensor<?xf32>, tensor<?x3xf32>)
// REMARK-DAG: Passed{{.*}}deferred: linear layers read the rows as they are and scale their results
func.func @rms(%x: tensor<?x8xf32>) -> tensor<?x3xf32> {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : tensor<?x8xf32>
  %empty = tensor.empty(%batch) : tensor<?x3xf32>
  %scale = ml_program.global_load @scale : tensor<8xf32>
  %w = ml_program.global_load @w : tensor<8x3xf32>
  %b = ml_program.global_load @b : tensor<3xf32>
  %bias = linalg.broadcast ins(%b : tensor<3xf32>) outs(%empty : tensor<?x3xf32>) dimensions = [0]
  %y = norm.rms_norm %x scale(%scale : tensor<8xf32>) axes = [1] {keel.strategy = "deferred"} : tensor<?x8xf32>
  %z = linalg.matmul ins(%y, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%bias : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %z : tensor<?x3xf32>
}

// A layer norm's weights are centred over their inputs. Only one whose input has zero mean can be deferred.
// CHECK-LABEL: func @layer
// CHECK: norm.center {{.*}} axes = [0] zero_mean_gradient : tensor<8x3xf32>
// CHECK-NOT: norm.layer_norm
// CHECK-LABEL: func @others
// CHECK-COUNT-3: norm.layer_norm
func.func @layer(%x: tensor<?x8xf32>, %zeros: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %shift = ml_program.global_load @shift : tensor<8xf32>
  %w = ml_program.global_load @w : tensor<8x3xf32>
  %y = norm.layer_norm %x shift(%shift : tensor<8xf32>) axes = [1] zero_mean_input {keel.strategy = "deferred"} : tensor<?x8xf32>
  %b = ml_program.global_load @b : tensor<3xf32>
  %bias = linalg.broadcast ins(%b : tensor<3xf32>) outs(%zeros : tensor<?x3xf32>) dimensions = [0]
  %z = linalg.matmul ins(%y, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%bias : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %z : tensor<?x3xf32>
}

func.func @others(%x: tensor<?x8xf32>, %zeros: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x8xf32>, tensor<?x3xf32>) {
  %w = ml_program.global_load @w : tensor<8x3xf32>
  // REMARK-DAG: not deferred: the mean of its rows is not zero by construction
  %y0 = norm.layer_norm %x axes = [1] {keel.strategy = "deferred"} : tensor<?x8xf32>
  %z0 = linalg.matmul ins(%y0, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%zeros : tensor<?x3xf32>) -> tensor<?x3xf32>
  // REMARK-DAG: scale and shift stay with the normalization: the result is read by something else than linear layers with weights of state
  %y1 = norm.layer_norm %x axes = [1] zero_mean_input {keel.strategy = "deferred"} : tensor<?x8xf32>
  // Nobody asked for it.
  %y2 = norm.layer_norm %x axes = [1] zero_mean_input : tensor<?x8xf32>
  %z2 = linalg.matmul ins(%y2, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%zeros : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %z0, %y1, %z2 : tensor<?x3xf32>, tensor<?x8xf32>, tensor<?x3xf32>
}
