// RUN: keel-opt %s --bufferize --split-input-file --verify-diagnostics

// expected-error @below {{expected results that are tensors, found 'f32'; run --state-to-arguments first}}
func.func @forward(%x: f32) -> f32 { return %x : f32 }

// -----

func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'affine.for' on tensors is not compiled; a model is made of linalg, tensor, norm, arith and math ops, and of scf.for, scf.while and scf.if}}
  %y = affine.for %i = 0 to 4 iter_args(%t = %x) -> tensor<4xf32> {
    %0 = arith.addf %t, %t : tensor<4xf32>
    affine.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

func.func @forward(%x: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %e = tensor.empty() : tensor<6x4xf32>
  // expected-error @below {{'scf.forall' on tensors is not compiled}}
  %r = scf.forall (%i) in (6) shared_outs(%o = %e) -> tensor<6x4xf32> {
    %s = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1] : tensor<6x4xf32> to tensor<1x4xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<6x4xf32>
    }
  }
  return %r : tensor<6x4xf32>
}
