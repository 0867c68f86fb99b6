// RUN: keel-opt %s --state-to-arguments --split-input-file --verify-diagnostics | FileCheck %s

// State comes first, in the module's order; stored state leads the results; a load after a store sees it.
ml_program.global public mutable @a(#keel.init<ones>) : tensor<4xf32>
ml_program.global public mutable @unused(#keel.init<ones>) : tensor<4xf32>
ml_program.global public mutable @b(#keel.init<ones>) : tensor<4xf32>
// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[A:.*]]: tensor<4xf32> {bufferization.writable = false, keel.access = 1 : i32, keel.state = @a}
// CHECK-SAME: %[[B:.*]]: tensor<4xf32> {bufferization.writable = true, keel.access = 3 : i32, keel.state = @b}
// CHECK-SAME: %[[G:.*]]: tensor<4xf32> {bufferization.writable = false})
// CHECK-SAME: -> (tensor<4xf32> {keel.state = @b}, tensor<4xf32>, tensor<4xf32>)
func.func @step(%g: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %b = ml_program.global_load @b : tensor<4xf32>
  %a = ml_program.global_load @a : tensor<4xf32>
  // CHECK: %[[N:.*]] = linalg.sub ins(%[[B]], %[[A]]
  %n = linalg.sub ins(%b, %a : tensor<4xf32>, tensor<4xf32>) outs(%b : tensor<4xf32>) -> tensor<4xf32>
  ml_program.global_store @b = %n : tensor<4xf32>
  %after = ml_program.global_load @b : tensor<4xf32>
  // CHECK: return %[[N]], %[[B]], %[[N]]
  return %b, %after : tensor<4xf32>, tensor<4xf32>
}

// -----

// Scalars become tensors of rank 0.
// CHECK-LABEL: func.func @scalars(
// CHECK-SAME: %[[X:.*]]: tensor<f32> {{.*}}, %[[N:.*]]: tensor<i64> {{.*}}) -> (tensor<f32>, tensor<i64>)
func.func @scalars(%x: f32, %n: index) -> (f32, index) {
  // CHECK: %[[N0:.*]] = tensor.extract %[[N]][]
  // CHECK: arith.index_cast %[[N0]] : i64 to index
  return %x, %n : f32, index
}

// -----

ml_program.global public mutable @a(#keel.init<ones>) : tensor<4xf32>
func.func @nested(%c: i1, %x: tensor<4xf32>) {
  scf.if %c {
    // expected-error @below {{state @a is stored inside control flow; carry it as a loop value and store it after}}
    ml_program.global_store @a = %x : tensor<4xf32>
  }
  return
}

// -----

func.func private @external()
func.func @calls() {
  // expected-error @below {{call of @external could not be inlined (a recursive or external function?)}}
  call @external() : () -> ()
  return
}

// -----

// expected-error @below {{function @blocks must be one block: its control flow must be scf.for, scf.while or scf.if}}
func.func @blocks() {
  cf.br ^next
^next:
  return
}
