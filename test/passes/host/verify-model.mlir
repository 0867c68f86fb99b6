// RUN: keel-opt %s --verify-model --split-input-file --verify-diagnostics
// What upstream's verifiers leave open.

ml_program.global public mutable @dense(dense<1.0> : tensor<2xf32>) : tensor<2xf32>
ml_program.global public mutable @init(#keel.init<ones>) : tensor<2xf32>
ml_program.global public mutable @external(#ml_program.extern<tensor<2xf32>>) : tensor<2xf32>
ml_program.global public mutable @count(#keel.init<zeros>) : tensor<i64>
func.func @forward(%x: tensor<?x4xf32>, %s: f32, %n: index) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}

// -----

// expected-error @below {{global @w of type 'tensor<4x8xf32>' has an initializer of type 'tensor<2xf32>'}}
ml_program.global public mutable @w(dense<1.0> : tensor<2xf32>) : tensor<4x8xf32>
func.func @forward() { return }

// -----

// expected-error @below {{global @w of type 'tensor<4xf32>' has an initializer of type 'tensor<2xf32>'}}
ml_program.global public mutable @w(#ml_program.extern : tensor<2xf32>) : tensor<4xf32>
func.func @forward() { return }

// -----

// expected-error @below {{global @w has no initializer; give it data, #keel.init<...> or #ml_program.extern}}
ml_program.global public mutable @w : tensor<4xf32>
func.func @forward() { return }

// -----

// expected-error @below {{global @w must start from data, #keel.init<...> or #ml_program.extern, found "kaiming"}}
ml_program.global public mutable @w("kaiming") : tensor<4xf32>
func.func @forward() { return }

// -----

// expected-error @below {{global @w must be a tensor of static shape and an element type of i1, i8 to i64, ui8, f16, bf16, f32 or f64, found 'tensor<?xf32>'}}
ml_program.global public mutable @w(#keel.init<zeros>) : tensor<?xf32>
func.func @forward() { return }

// -----

// expected-error @below {{global @n of type 'tensor<4xi32>' cannot start from a distribution of real numbers, found #keel.init<normal>}}
ml_program.global public mutable @n(#keel.init<normal>) : tensor<4xi32>
func.func @forward() { return }

// -----

// expected-error @below {{global @w names the resource 'missing', which the file does not hold}}
ml_program.global public mutable @w(dense_resource<missing> : tensor<2xf32>) : tensor<2xf32>
func.func @forward() { return }

// -----

// expected-error @below {{global @w needs 8 bytes of data, the resource 'short' holds 4}}
ml_program.global public mutable @w(dense_resource<short> : tensor<2xf32>) : tensor<2xf32>
func.func @forward() { return }

{-#
  dialect_resources: { builtin: { short: "0x040000000000803F" } }
#-}

// -----

// expected-error @below {{function @forward: only the leading dimension of argument 1 may be dynamic (the batch), found 'tensor<4x?xf32>'}}
func.func @forward(%x: tensor<4xf32>, %y: tensor<4x?xf32>) { return }

// -----

// expected-error @below {{function @forward: argument 0 must be a ranked tensor or a scalar of i1, i8 to i64, ui8, f16, bf16, f32 or f64, found 'complex<f32>'}}
func.func @forward(%x: complex<f32>) -> complex<f32> { return %x : complex<f32> }

// -----

func.func @forward(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @below {{keel.strategy "deferred" is not for groups: row-complete, cluster or row-block-barrier}}
  %y = norm.group_norm %x groups = 2 {keel.strategy = "deferred"} : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @forward(%x: tensor<?x8xf32>, %mean: tensor<8xf32>, %variance: tensor<8xf32>) -> tensor<?x8xf32> {
  // expected-error @below {{keel.strategy "statistics" says how sums along rows are done, and batch norm's statistics are over the batch}}
  %y:3 = norm.batch_norm %x running(%mean, %variance : tensor<8xf32>) momentum = 0.1 {keel.strategy = "statistics"} : tensor<?x8xf32>
  return %y#0 : tensor<?x8xf32>
}

// -----

// expected-error @+1 {{the model has no public function to compile, expected @forward, @loss or an entry of any name}}
module {
  func.func private @helper() { return }
}
