// RUN: keel-opt %models/digits_layer_norm.mlir --to-graph --to-step=train=adamw --to-kernels | FileCheck %s --check-prefixes=CHECK,LAYER
// RUN: keel-opt %models/digits_rms_norm.mlir --to-graph --to-step=train=adamw --to-kernels | FileCheck %s --check-prefixes=CHECK
// RUN: keel-opt %models/digits_batch_norm.mlir --to-graph --to-step=train=adamw --to-kernels | FileCheck %s --check-prefixes=CHECK,BATCH
// RUN: sed 's/norm.layer_norm \(.*\) axes = \[1\]/norm.group_norm \1 groups = 8/' %models/digits_layer_norm.mlir > %t.group.mlir
// RUN: keel-opt %t.group.mlir --to-graph --to-step=train=adamw --to-kernels | FileCheck %s --check-prefixes=CHECK,GROUP
// RUN: keel-opt %models/digits_none.mlir --to-graph --to-step=train=adamw --to-kernels | FileCheck %s --check-prefixes=CHECK

// Fused means fused: the step with normalization has the kernels of the step without it: one a matmul (three forward, two
// for the activations' gradients, three for the weights'), and one for the optimizer, which also centres and packs the new
// weights.
// CHECK-LABEL: func.func @train_step
// CHECK: keel.kernel "train_step_matmul_0"
// LAYER: math.rsqrt
// GROUP: tensor.expand_shape
// GROUP: math.rsqrt
// GROUP: tensor.collapse_shape
// CHECK: keel.kernel "train_step_matmul_1"
// CHECK: keel.kernel "train_step_matmul_2"
// The gradient of the last activation, through its norm; its sums over the rows for scale, shift and bias are results too.
// LAYER: %{{.*}}:4 = keel.kernel "train_step_matmul_3"
// BATCH: %{{.*}}:5 = keel.kernel "train_step_matmul_3"
// CHECK: keel.kernel "train_step_matmul_4"
// CHECK: keel.kernel "train_step_matmul_5"
// CHECK: keel.kernel "train_step_matmul_6"
// CHECK: keel.kernel "train_step_matmul_7"
// CHECK: keel.kernel "train_step_update_8"
// CHECK-COUNT-2: linalg.pack
// CHECK-NOT: keel.kernel
// CHECK: return
