// RUN: keel-opt %models/digits_layer_norm.mlir --to-graph --to-step="train=adamw algebra=false" --to-kernels | FileCheck %s --check-prefixes=CHECK,LAYER
// RUN: keel-opt %models/digits_rms_norm.mlir --to-graph --to-step="train=adamw algebra=false" --to-kernels | FileCheck %s --check-prefixes=CHECK,LAYER
// RUN: keel-opt %models/digits_batch_norm.mlir --to-graph --to-step="train=adamw algebra=false" --to-kernels | FileCheck %s --check-prefixes=CHECK,BATCH
// RUN: keel-opt %models/digits_none.mlir --to-graph --to-step="train=adamw algebra=false" --to-kernels | FileCheck %s --check-prefixes=CHECK

// Fused means fused: the step with normalization has the kernels of the step without it: one a matmul (three forward, two
// for the activations' gradients, three for the weights'), and one for the optimizer. Besides them only weights are packed.
// CHECK-LABEL: func.func @train_step
// CHECK-COUNT-2: keel.kernel "pack_
// CHECK: keel.kernel "train_step_matmul_0"
// LAYER: math.rsqrt
// CHECK: keel.kernel "train_step_matmul_1"
// CHECK: keel.kernel "train_step_matmul_2"
// The gradient through the loss and the last activation; sums over the rows for scale, shift and bias.
// CHECK: keel.kernel "train_step_matmul_3"
// LAYER-COUNT-3: iterator_types = ["reduction", "parallel"]
// BATCH-COUNT-2: iterator_types = ["reduction", "parallel"]
// CHECK: keel.kernel "train_step_matmul_4"
// CHECK: keel.kernel "train_step_matmul_5"
// CHECK: keel.kernel "train_step_matmul_6"
// CHECK: keel.kernel "train_step_matmul_7"
// CHECK: keel.kernel "train_step_update_8"
// CHECK-NOT: keel.kernel
// CHECK: return
