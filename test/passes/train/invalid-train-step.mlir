// RUN: keel-opt %s --build-train-step -split-input-file -verify-diagnostics

// expected-error @below {{no function @loss to train; expected @loss(x, labels) -> tensor<f32>}}
module {
}

// -----

// expected-error @below {{must return the loss as a tensor<f32>, found '(tensor<4xf32>) -> tensor<4xf32>'}}
func.func @loss(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{has nothing to train: @loss reads no mutable global of floats that it does not store}}
func.func @loss(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// expected-error @below {{found @train_step, which this pass is asked to build}}
func.func @train_step() {
  return
}
func.func @loss(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// expected-error @below {{is named @learning_rate, which the optimizer needs for a state of type 'tensor<f32>'; expected a mutable ml_program.global of that type}}
ml_program.global public mutable @learning_rate(dense<0.5> : tensor<f64>) : tensor<f64>
ml_program.global public mutable @w(dense<0.5> : tensor<f32>) : tensor<f32>
func.func @loss(%x: tensor<f32>) -> tensor<f32> {
  %w = ml_program.global_load @w : tensor<f32>
  return %w : tensor<f32>
}

// -----

// expected-error @below {{is named @w.first_moment, which the optimizer needs for a state of type 'tensor<f32>'; rename it}}
ml_program.global public mutable @w.first_moment(dense<0.5> : tensor<f32>) : tensor<f32>
ml_program.global public mutable @w(dense<0.5> : tensor<f32>) : tensor<f32>
func.func @loss(%x: tensor<f32>) -> tensor<f32> {
  %w = ml_program.global_load @w : tensor<f32>
  return %w : tensor<f32>
}

// -----

ml_program.global public mutable @w(dense<0.5> : tensor<f32>) : tensor<f32>
func.func @loss(%x: tensor<f32>, %c: i1) -> tensor<f32> {
  %w = ml_program.global_load @w : tensor<f32>
  scf.if %c {
    // expected-error @below {{stores state inside control flow, which has no training form}}
    ml_program.global_store @w = %x : tensor<f32>
  }
  return %w : tensor<f32>
}

// -----

ml_program.global public mutable @w(dense<0.5> : tensor<f32>) : tensor<f32>
func.func private @elsewhere(tensor<f32>) -> tensor<f32>
func.func @loss(%x: tensor<f32>) -> tensor<f32> {
  %w = ml_program.global_load @w : tensor<f32>
  // expected-error @below {{calls a function without a body; expected one in this module}}
  %y = call @elsewhere(%w) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// expected-error @below {{calls nest deeper than 64 levels; recursion cannot be inlined}}
func.func @loss(%x: tensor<f32>) -> tensor<f32> {
  %y = call @loss(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// expected-error @below {{found 2 blocks, expected one; use scf for control flow}}
func.func @loss(%x: tensor<f32>) -> tensor<f32> {
  cf.br ^bb1
^bb1:
  return %x : tensor<f32>
}

// -----

// expected-error @below {{found 2 blocks, expected one; use scf for control flow}}
func.func private @branches(%x: tensor<f32>) -> tensor<f32> {
  cf.br ^bb1
^bb1:
  return %x : tensor<f32>
}
func.func @loss(%x: tensor<f32>) -> tensor<f32> {
  %y = call @branches(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
