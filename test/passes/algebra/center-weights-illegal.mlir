// RUN: keel-opt %s --center-weights --remarks-filter=algebra --verify-diagnostics --split-input-file | FileCheck %s

// What may not be centred stays as it is, and the remark says why.
// CHECK-NOT: norm.center
// CHECK-NOT: zero_mean_input

!rows = tensor<?x8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
func.func @dropout(%x: tensor<?x4xf32>, %zeros: !rows, %seed: tensor<i64>, %step: tensor<i64>) -> !rows {
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %d = norm.dropout %z seed(%seed : tensor<i64>) counter(%step : tensor<i64>) rate = 0.1 : !rows
  // expected-remark @+1 {{one of its terms went through elementwise dropout}}
  %y = norm.layer_norm %d axes = [1] : !rows
  return %y : !rows
}

// -----

!rows = tensor<?x8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
// The stream is dropped out between the linear layer and the sum.
func.func @dropout_in_stream(%x: tensor<?x4xf32>, %out: !rows, %seed: tensor<i64>, %step: tensor<i64>) -> !rows {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %d = norm.dropout %z seed(%seed : tensor<i64>) counter(%step : tensor<i64>) rate = 0.1 : !rows
  %h = linalg.add ins(%z, %d : !rows, !rows) outs(%out : !rows) -> !rows
  // expected-remark @+1 {{layer norm computes the mean of its input: it goes through elementwise dropout}}
  %y = norm.layer_norm %h axes = [1] : !rows
  return %y : !rows
}

// -----

!rows = tensor<?x8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
func.func @rms_reader(%x: tensor<?x4xf32>, %out: !rows) -> (!rows, !rows) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  // expected-remark @+1 {{it is read by 'norm.rms_norm', which does not subtract the mean}}
  %y = norm.layer_norm %z axes = [1] : !rows
  %r = norm.rms_norm %z axes = [1] : !rows
  return %y, %r : !rows, !rows
}

// -----

!rows = tensor<?x8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
func.func @raw_output(%x: tensor<?x4xf32>, %out: !rows) -> (!rows, !rows) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %h = linalg.add ins(%z, %z : !rows, !rows) outs(%out : !rows) -> !rows
  // expected-remark @+1 {{it is a result of the function}}
  %y = norm.layer_norm %z axes = [1] : !rows
  return %y, %h : !rows, !rows
}

// -----

!rows = tensor<?x8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
func.func @activation(%x: tensor<?x4xf32>, %out: !rows) -> !rows {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %a = linalg.tanh ins(%z : !rows) outs(%out : !rows) -> !rows
  // expected-remark @+1 {{goes through 'math.tanh'}}
  %y = norm.layer_norm %a axes = [1] : !rows
  return %y : !rows
}

// -----

!image = tensor<?x4x4x8xf32>
ml_program.global public mutable @k(dense<1.0> : tensor<3x3x8xf32>) : tensor<3x3x8xf32>
func.func @depthwise(%x: tensor<?x6x6x8xf32>, %out: !image) -> !image {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !image) -> !image
  %k = ml_program.global_load @k : tensor<3x3x8xf32>
  %z = linalg.depthwise_conv_2d_nhwc_hwc ins(%x, %k : tensor<?x6x6x8xf32>, tensor<3x3x8xf32>)
      outs(%zeros : !image) -> !image
  // expected-remark @+1 {{is multiplied by a value that varies along the axis}}
  %y = norm.layer_norm %z axes = [3] : !image
  return %y : !image
}

// -----

!rows = tensor<?x8xf32>
func.func @weights_are_arguments(%x: tensor<?x4xf32>, %w: tensor<4x8xf32>, %out: !rows) -> !rows {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  // expected-remark @+1 {{one of its terms is an argument of the function, not state}}
  %y = norm.layer_norm %z axes = [1] : !rows
  return %y : !rows
}

// -----

!rows = tensor<?x8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
func.func private @helper(!rows) -> !rows
func.func @call(%x: tensor<?x4xf32>, %out: !rows) -> (!rows, !rows) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %h = call @helper(%z) : (!rows) -> !rows
  // expected-remark @+1 {{it is passed to @helper (inline it first)}}
  %y = norm.layer_norm %z axes = [1] : !rows
  return %y, %h : !rows, !rows
}

// -----

!rows = tensor<?x8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
// The linear layer's outputs are contracted by another: their mean matters.
func.func @contracted(%x: tensor<?x4xf32>, %v: tensor<8x8xf32>, %out: !rows) -> (!rows, !rows) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %u = linalg.matmul ins(%z, %v : !rows, tensor<8x8xf32>) outs(%zeros : !rows) -> !rows
  // expected-remark @+1 {{it is contracted along the axis by 'linalg.matmul'}}
  %y = norm.layer_norm %z axes = [1] : !rows
  return %y, %u : !rows, !rows
}

// -----

!rows = tensor<?x8xf32>
ml_program.global public mutable @w(dense<1.0> : tensor<4x8xf32>) : tensor<4x8xf32>
ml_program.global public mutable @scale(dense<1.0> : tensor<8xf32>) : tensor<8xf32>
// LayerScale of something that is read unscaled too.
func.func @scale_of_shared(%x: tensor<?x4xf32>, %out: !rows) -> (!rows, !rows) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : !rows) -> !rows
  %w = ml_program.global_load @w : tensor<4x8xf32>
  %scale = ml_program.global_load @scale : tensor<8xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%zeros : !rows) -> !rows
  %scales = linalg.broadcast ins(%scale : tensor<8xf32>) outs(%out : !rows) dimensions = [0]
  %u = linalg.mul ins(%z, %scales : !rows, !rows) outs(%out : !rows) -> !rows
  // expected-remark @+1 {{what LayerScale scales has other readers}}
  %y = norm.layer_norm %u axes = [1] : !rows
  return %y, %z : !rows, !rows
}

// -----

func.func @two_axes(%x: tensor<?x4x8xf32>) -> tensor<?x4x8xf32> {
  // expected-remark @+1 {{the mean is over several axes}}
  %y = norm.layer_norm %x axes = [1, 2] : tensor<?x4x8xf32>
  return %y : tensor<?x4x8xf32>
}
