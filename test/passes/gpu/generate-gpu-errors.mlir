// RUN: keel-opt %s -split-input-file --generate-gpu --verify-diagnostics
// Whatever has no tile is an element a thread, if it is one computation with one kind of result.
func.func @several(%x: tensor<4x4x4xf32>, %y: tensor<5xf32>) -> (tensor<4x4x4xf32>, tensor<5xf32>) {
  // expected-error @below {{expected the results of one computation}}
  %r, %s = keel.kernel "several" ins(%a = %x, %b = %y : tensor<4x4x4xf32>, tensor<5xf32>) outs(%o = %x, %p = %y : tensor<4x4x4xf32>, tensor<5xf32>) {
    %e = linalg.exp ins(%a : tensor<4x4x4xf32>) outs(%o : tensor<4x4x4xf32>) -> tensor<4x4x4xf32>
    %l = linalg.log ins(%b : tensor<5xf32>) outs(%p : tensor<5xf32>) -> tensor<5xf32>
    keel.yield %e, %l : tensor<4x4x4xf32>, tensor<5xf32>
  }
  return %r, %s : tensor<4x4x4xf32>, tensor<5xf32>
}

// -----

func.func @softmax(%x: tensor<4x4x4xf32>) -> tensor<4x4x4xf32> {
  %y = keel.kernel "softmax" ins(%a = %x : tensor<4x4x4xf32>) outs(%o = %x : tensor<4x4x4xf32>) {
    // expected-error @below {{no GPU kernel can be made of 'linalg.softmax' yet}}
    %r = linalg.softmax dimension(2) ins(%a : tensor<4x4x4xf32>) outs(%o : tensor<4x4x4xf32>) -> tensor<4x4x4xf32>
    keel.yield %r : tensor<4x4x4xf32>
  }
  return %y : tensor<4x4x4xf32>
}

// -----

func.func @out_of_place(%x: tensor<4x3xf32>, %z: tensor<6xf32>) -> tensor<6xf32> {
  %y = keel.kernel "out_of_place" ins(%a = %x : tensor<4x3xf32>) outs(%o = %z : tensor<6xf32>) {
    // expected-error @below {{no GPU kernel can be made of results that are written out of place yet}}
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i + j)>], iterator_types = ["reduction", "reduction"]}
        ins(%a : tensor<4x3xf32>) outs(%o : tensor<6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %in, %out : f32
      linalg.yield %s : f32
    } -> tensor<6xf32>
    keel.yield %r : tensor<6xf32>
  }
  return %y : tensor<6xf32>
}

// -----

func.func @several_kinds(%x: tensor<4x3x2xf32>, %z: tensor<4x3xf32>, %w: tensor<3x2xf32>) -> (tensor<4x3xf32>, tensor<3x2xf32>) {
  %y, %v = keel.kernel "several_kinds" ins(%a = %x : tensor<4x3x2xf32>) outs(%o = %z, %p = %w : tensor<4x3xf32>, tensor<3x2xf32>) {
    // expected-error @below {{no GPU kernel can be made of a loop nest whose smallest result is not what it runs over in parallel yet}}
    %r, %s = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (j, k)>],
                             iterator_types = ["reduction", "parallel", "reduction"]}
        ins(%a : tensor<4x3x2xf32>) outs(%o, %p : tensor<4x3xf32>, tensor<3x2xf32>) {
    ^bb0(%in: f32, %one: f32, %other: f32):
      %s1 = arith.addf %in, %one : f32
      %s2 = arith.addf %in, %other : f32
      linalg.yield %s1, %s2 : f32, f32
    } -> (tensor<4x3xf32>, tensor<3x2xf32>)
    keel.yield %r, %s : tensor<4x3xf32>, tensor<3x2xf32>
  }
  return %y, %v : tensor<4x3xf32>, tensor<3x2xf32>
}

// -----

// expected-error @below {{a model has kernels or device code of its own, in a gpu.module, but not both}}
gpu.module @own {
}
func.func @both(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = keel.kernel "rows" ins(%a = %x : tensor<4xf32>) outs(%o = %e : tensor<4xf32>) {
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : tensor<4xf32>) outs(%o : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %in, %in : f32
      linalg.yield %s : f32
    } -> tensor<4xf32>
    keel.yield %r : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
