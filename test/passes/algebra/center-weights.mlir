// RUN: keel-opt %s --center-weights | FileCheck %s
// RUN: keel-opt %s --center-weights --center-weights | FileCheck %s
// RUN: keel-opt %models/residual_layer_norm.mlir --center-weights | FileCheck %s --check-prefix=RESIDUAL

!rows = tensor<?x8xf32>
!vector = tensor<8xf32>
#row = affine_map<(m, n) -> (m)>
#column = affine_map<(m, n) -> (n)>
#each = affine_map<(m, n) -> (m, n)>

ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
ml_program.global public mutable @v(dense<1.0> : tensor<8x4xf32>) : tensor<8x4xf32>
ml_program.global public mutable @b(dense<1.0> : !vector) : !vector
ml_program.global public mutable @scale(dense<1.0> : !vector) : !vector
ml_program.global public mutable @table(dense<1.0> : tensor<100x8xf32>) : tensor<100x8xf32>
ml_program.global public mutable @class_token(dense<1.0> : tensor<2x1x8xf32>) : tensor<2x1x8xf32>
ml_program.global public mutable @positions(dense<1.0> : tensor<3x8xf32>) : tensor<3x8xf32>
ml_program.global public mutable @kernel(dense<1.0> : tensor<3x3x2x8xf32>) : tensor<3x3x2x8xf32>

// Weights [in, out], bias as the accumulator's start.
// CHECK-LABEL: func.func @matmul
// CHECK-DAG: %[[W:.*]] = norm.center %w axes = [1] zero_mean_gradient : tensor<4x8xf32>
// CHECK-DAG: %[[B:.*]] = norm.center %b axes = [0] zero_mean_gradient : tensor<8xf32>
// CHECK: %[[BIAS:.*]] = linalg.broadcast ins(%[[B]]
// CHECK: %[[Z:.*]] = linalg.matmul ins(%{{.*}}, %[[W]] : {{.*}}) outs(%[[BIAS]]
// CHECK: norm.layer_norm %[[Z]] axes = [1] zero_mean_input
func.func @matmul(%x: tensor<?x4xf32>, %out: !rows) -> !rows {
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %b = ml_program.global_load @b : !vector
  %bias = linalg.broadcast ins(%b : !vector) outs(%out : !rows) dimensions = [0]
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : !rows) -> !rows
  %y = norm.layer_norm %z axes = [1] : !rows
  return %y : !rows
}

// Weights [out, in], bias added in a generic op.
// CHECK-LABEL: func.func @transposed_weights
// CHECK-DAG: %[[V:.*]] = norm.center %v axes = [0] zero_mean_gradient : tensor<8x4xf32>
// CHECK-DAG: %[[B:.*]] = norm.center %b axes = [0]
// CHECK: linalg.matmul {{.*}} ins(%{{.*}}, %[[V]] :
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[B]] :
// CHECK: norm.layer_norm {{.*}} zero_mean_input
func.func @transposed_weights(%x: tensor<?x4xf32>, %out: !rows) -> !rows {
  %zero = arith.constant 0.0 : f32
  %v = ml_program.global_load @v : tensor<8x4xf32>
  %b = ml_program.global_load @b : !vector
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %z = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                      affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %v : tensor<?x4xf32>, tensor<8x4xf32>) outs(%zeros : !rows) -> !rows
  %u = linalg.generic {indexing_maps = [#each, #column, #each], iterator_types = ["parallel", "parallel"]}
      ins(%z, %b : !rows, !vector) outs(%out : !rows) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %s = arith.addf %i, %j : f32
    linalg.yield %s : f32
  } -> !rows
  %y = norm.layer_norm %u axes = [1] : !rows
  return %y : !rows
}

// A row scalar, stochastic depth and a reshape keep the mean zero.
// CHECK-LABEL: func.func @row_scalars
// CHECK-COUNT-2: norm.center
// CHECK: norm.layer_norm {{.*}} axes = [2] zero_mean_input
func.func @row_scalars(%x: tensor<?x4xf32>, %out: !rows, %keep: tensor<?xi1>, %factor: tensor<?xf32>,
                       %n: index) -> tensor<?x4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %b = ml_program.global_load @b : !vector
  %bias = linalg.broadcast ins(%b : !vector) outs(%out : !rows) dimensions = [0]
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : !rows) -> !rows
  %s = linalg.generic {indexing_maps = [#each, #row, #row, #each], iterator_types = ["parallel", "parallel"]}
      ins(%z, %keep, %factor : !rows, tensor<?xi1>, tensor<?xf32>) outs(%out : !rows) {
  ^bb0(%i: f32, %k: i1, %f: f32, %o: f32):
    %kept = arith.select %k, %i, %zero : f32
    %scaled = arith.divf %kept, %f : f32
    linalg.yield %scaled : f32
  } -> !rows
  %r = tensor.expand_shape %s [[0, 1], [2]] output_shape [%n, 4, 8] : !rows into tensor<?x4x8xf32>
  %y = norm.layer_norm %r axes = [2] : tensor<?x4x8xf32>
  return %y : tensor<?x4x8xf32>
}

// LayerScale goes into the weights: W·diag λ is what is centred, and the product is gone.
// CHECK-LABEL: func.func @layer_scale
// CHECK: %[[WS:.*]] = linalg.generic {{.*}} ins(%w, %scale :
// CHECK: %[[W:.*]] = norm.center %[[WS]] axes = [1]
// CHECK: %[[Z:.*]] = linalg.matmul ins(%{{.*}}, %[[W]] :
// CHECK-NOT: linalg.mul
// CHECK: norm.layer_norm %[[Z]] axes = [1] zero_mean_input
func.func @layer_scale(%x: tensor<?x4xf32>, %out: !rows) -> !rows {
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %b = ml_program.global_load @b : !vector
  %scale = ml_program.global_load @scale : !vector
  %bias = linalg.broadcast ins(%b : !vector) outs(%out : !rows) dimensions = [0]
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%bias : !rows) -> !rows
  %scales = linalg.broadcast ins(%scale : !vector) outs(%out : !rows) dimensions = [0]
  %u = linalg.mul ins(%z, %scales : !rows, !rows) outs(%out : !rows) -> !rows
  %y = norm.layer_norm %u axes = [1] : !rows
  return %y : !rows
}

// An embedding's rows are centred; the tied head reads the table as it is.
// CHECK-LABEL: func.func @tied_head
// CHECK: %[[E:.*]] = norm.center %table axes = [1] zero_mean_gradient : tensor<100x8xf32>
// CHECK: tensor.extract %[[E]]
// CHECK: %[[Y:.*]] = norm.layer_norm {{.*}} zero_mean_input
// CHECK: linalg.matmul {{.*}} ins(%[[Y]], %table :
func.func @tied_head(%tokens: tensor<?xi32>, %out: !rows, %logits: tensor<?x100xf32>) -> tensor<?x100xf32> {
  %table = ml_program.global_load @table : tensor<100x8xf32>
  %h = linalg.generic {indexing_maps = [#row, #each], iterator_types = ["parallel", "parallel"]}
      ins(%tokens : tensor<?xi32>) outs(%out : !rows) {
  ^bb0(%token: i32, %o: f32):
    %i = arith.index_cast %token : i32 to index
    %n = linalg.index 1 : index
    %e = tensor.extract %table[%i, %n] : tensor<100x8xf32>
    linalg.yield %e : f32
  } -> !rows
  %y = norm.layer_norm %h axes = [1] : !rows
  %z = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                      affine_map<(m, n, k) -> (m, n)>]
      ins(%y, %table : !rows, tensor<100x8xf32>) outs(%logits : tensor<?x100xf32>) -> tensor<?x100xf32>
  return %z : tensor<?x100xf32>
}

// A convolution is linear in its kernel.
// CHECK-LABEL: func.func @convolution
// CHECK: %[[K:.*]] = norm.center %kernel axes = [3]
// CHECK: linalg.conv_2d_nhwc_hwcf ins(%{{.*}}, %[[K]] :
// CHECK: norm.layer_norm {{.*}} axes = [3] zero_mean_input
func.func @convolution(%x: tensor<?x6x6x2xf32>, %out: tensor<?x4x4x8xf32>) -> tensor<?x4x4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %kernel = ml_program.global_load @kernel : tensor<3x3x2x8xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%out : tensor<?x4x4x8xf32>) -> tensor<?x4x4x8xf32>
  %z = linalg.conv_2d_nhwc_hwcf ins(%x, %kernel : tensor<?x6x6x2xf32>, tensor<3x3x2x8xf32>)
      outs(%zeros : tensor<?x4x4x8xf32>) -> tensor<?x4x4x8xf32>
  %y = norm.layer_norm %z axes = [3] : tensor<?x4x4x8xf32>
  return %y : tensor<?x4x4x8xf32>
}

// Attention's values are linear in the stream's terms too: Σ over keys of a probability times a row.
// CHECK-LABEL: func.func @mixed_rows
// CHECK: norm.center %w axes = [1]
// CHECK: norm.layer_norm {{.*}} zero_mean_input
func.func @mixed_rows(%x: tensor<?x4xf32>, %p: tensor<?x?xf32>, %out: !rows) -> !rows {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %v = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %z = linalg.matmul ins(%p, %v : tensor<?x?xf32>, !rows) outs(%zeros : !rows) -> !rows
  %y = norm.layer_norm %z axes = [1] : !rows
  return %y : !rows
}

// As a vision transformer begins: a class token before the patches, positions added.
// CHECK-LABEL: func.func @tokens
// CHECK-DAG: %[[W:.*]] = norm.center %w axes = [1]
// CHECK-DAG: %[[C:.*]] = norm.center %class_token axes = [2]
// CHECK-DAG: %[[P:.*]] = norm.center %positions axes = [1]
// CHECK: norm.layer_norm {{.*}} axes = [2] zero_mean_input
func.func @tokens(%x: tensor<4x4xf32>) -> tensor<2x3x8xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x8xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<4x4xf32>, tensor<4x8xf32>) outs(%zeros : tensor<4x8xf32>) -> tensor<4x8xf32>
  %patches = tensor.expand_shape %z [[0, 1], [2]] output_shape [2, 2, 8] : tensor<4x8xf32> into tensor<2x2x8xf32>
  %class = ml_program.global_load @class_token : tensor<2x1x8xf32>
  %all = tensor.concat dim(1) %class, %patches : (tensor<2x1x8xf32>, tensor<2x2x8xf32>) -> tensor<2x3x8xf32>
  %positions = ml_program.global_load @positions : tensor<3x8xf32>
  %out = tensor.empty() : tensor<2x3x8xf32>
  %each = linalg.broadcast ins(%positions : tensor<3x8xf32>) outs(%out : tensor<2x3x8xf32>) dimensions = [0]
  %h = arith.addf %all, %each : tensor<2x3x8xf32>
  %y = norm.layer_norm %h axes = [2] : tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// Every layer norm of the residual network reads a zero-mean stream; three linear layers feed it.
// RESIDUAL-LABEL: func.func @forward
// RESIDUAL: norm.center %stem.weight
// RESIDUAL: norm.center %stem.bias
// RESIDUAL: norm.layer_norm {{.*}} zero_mean_input
// RESIDUAL-NOT: norm.center %block1.expand
// RESIDUAL: norm.center %block1.contract.weight
// RESIDUAL: norm.center %block1.contract.bias
// RESIDUAL: norm.layer_norm {{.*}} zero_mean_input
// RESIDUAL: norm.center %block2.contract.weight
// RESIDUAL: norm.center %block2.contract.bias
// RESIDUAL: norm.layer_norm {{.*}} zero_mean_input
// RESIDUAL-NOT: norm.center
