// RUN: keel-opt %s --reserve-names --split-input-file | FileCheck %s

// CHECK: ml_program.global private mutable @state.sinf(
ml_program.global private mutable @sinf(#keel.init<ones>) : tensor<4xf32>
// CHECK: func.func @entry.main(%{{.*}}: memref<4xf32> {keel.state = @state.sinf})
func.func @main(%w: memref<4xf32> {keel.state = @sinf}) {
  return
}

// -----

// Of the conventional entries alone; a helper keeps its name.
// CHECK: func.func @entry.forward(
// CHECK: call @exp(
func.func @forward(%x: f32) -> f32 {
  %y = func.call @exp(%x) : (f32) -> f32
  return %y : f32
}
// CHECK: func.func private @exp(
func.func private @exp(%x: f32) -> f32 {
  return %x : f32
}
