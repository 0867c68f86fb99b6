// RUN: keel-opt %models/digits_layer_norm.mlir --inline --center-weights --build-train-step | FileCheck %s

// Weights are centred in forward; nothing is centred in backward, because the gradient of a row has zero mean: the
// weights' gradient goes from its matmul into the optimizer as it is.
// CHECK-LABEL: func.func @train_step
// CHECK-COUNT-4: norm.center {{.*}} zero_mean_gradient
// CHECK-NOT: norm.center
// CHECK: norm.layer_norm_grad {{.*}} zero_mean_input
// CHECK-NOT: norm.center
// CHECK: %[[DX:.*]], %{{.*}}, %{{.*}} = norm.layer_norm_grad {{.*}} zero_mean_input
// CHECK: %[[DW:.*]] = linalg.generic {{.*}} ins(%arg0, %[[DX]] :
// CHECK-NOT: norm.center
// CHECK: linalg.generic {{.*}} ins(%[[DW]], %{{.*}} tensor<64x256xf32>
// CHECK-NOT: norm.center
