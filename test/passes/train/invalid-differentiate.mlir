// RUN: keel-opt %s --differentiate=function=f -split-input-file -verify-diagnostics

// expected-error @below {{no function @f with a body to differentiate}}
module {
}

// -----

func.func @f(%x: f64) -> f64 {
  // expected-error @below {{'scf.while' op has no derivative, and a gradient has to pass through it}}
  %y = scf.while (%v = %x) : (f64) -> f64 {
    %limit = arith.constant 100.0 : f64
    %small = arith.cmpf olt, %v, %limit : f64
    scf.condition(%small) %v : f64
  } do {
  ^bb0(%v: f64):
    %next = arith.mulf %v, %v : f64
    scf.yield %next : f64
  }
  return %y : f64
}

// -----

func.func @f(%x: tensor<4xf64>) -> tensor<4xf64> {
  %e = tensor.empty() : tensor<4xf64>
  // expected-error @below {{'scf.forall' op has no derivative, and a gradient has to pass through it}}
  %y = scf.forall (%i) in (4) shared_outs(%o = %e) -> tensor<4xf64> {
    %v = tensor.extract_slice %x[%i] [1] [1] : tensor<4xf64> to tensor<1xf64>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %o[%i] [1] [1] : tensor<1xf64> into tensor<4xf64>
    }
  }
  return %y : tensor<4xf64>
}

// -----

// A loop that no gradient passes is none of differentiation's business.
func.func @f(%x: f64, %n: index) -> f64 {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %count = scf.while (%v = %n) : (index) -> index {
    %more = arith.cmpi ugt, %v, %one : index
    scf.condition(%more) %v : index
  } do {
  ^bb0(%v: index):
    %next = arith.subi %v, %one : index
    scf.yield %next : index
  }
  %i = arith.index_cast %count : index to i64
  %s = arith.sitofp %i : i64 to f64
  %y = arith.mulf %x, %s : f64
  return %y : f64
}

// -----

func.func @f(%x: tensor<4x4xf64>, %i: tensor<4xf64>) -> tensor<4xf64> {
  // expected-error @below {{has no derivative: result #0 is neither a sum, a product, a maximum nor a minimum over the loops it reduces}}
  %y = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x4xf64>) outs(%i : tensor<4xf64>) {
  ^bb0(%v: f64, %o: f64):
    %s = arith.addf %v, %o : f64
    %t = math.exp %s : f64
    linalg.yield %t : f64
  } -> tensor<4xf64>
  return %y : tensor<4xf64>
}

// -----

func.func @f(%x: tensor<8xf64>, %i: tensor<4x2x2xf64>) -> tensor<4x2x2xf64> {
  // expected-error @below {{has no derivative through an index expression of affine_map<(d0, d1, d2) -> (d0 + d1 + d2)>: expected a sum of at most two loops with constant strides}}
  %y = linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (a + b + c)>, affine_map<(a, b, c) -> (a, b, c)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<8xf64>) outs(%i : tensor<4x2x2xf64>) {
  ^bb0(%v: f64, %o: f64):
    linalg.yield %v : f64
  } -> tensor<4x2x2xf64>
  return %y : tensor<4x2x2xf64>
}

// -----

func.func @f(%x: tensor<8xf64>, %w: tensor<?xf64>, %i: tensor<?xf64>) -> tensor<?xf64> {
  // expected-error @below {{has no derivative: the extent of its window is dynamic, expected a constant}}
  %y = linalg.conv_1d ins(%x, %w : tensor<8xf64>, tensor<?xf64>) outs(%i : tensor<?xf64>) -> tensor<?xf64>
  return %y : tensor<?xf64>
}

// -----

func.func @f(%x: tensor<2x2xf64>, %p: f64) -> tensor<4x4xf64> {
  // expected-error @below {{has no derivative in its padding value; pad with a constant}}
  %y = tensor.pad %x low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %p : f64
  } : tensor<2x2xf64> to tensor<4x4xf64>
  return %y : tensor<4x4xf64>
}

// -----

func.func @f(%x: f64, %n: i32) -> f64 {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  // expected-error @below {{has no derivative over 'i32'; expected index}}
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%v = %x) -> (f64) : i32 {
    %w = arith.mulf %v, %v : f64
    scf.yield %w : f64
  }
  return %y : f64
}

// -----

func.func @f(%z: tensor<5xf64>, %i: tensor<2x4xf64>) -> tensor<2x4xf64> {
  // expected-error @below {{has no derivative: its body uses linalg.index of a loop that sweeps a window}}
  %y = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a + b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}
      ins(%z : tensor<5xf64>) outs(%i : tensor<2x4xf64>) {
  ^bb0(%v: f64, %o: f64):
    %at = linalg.index 1 : index
    %n = arith.index_cast %at : index to i64
    %k = arith.sitofp %n : i64 to f64
    %p = arith.mulf %v, %k : f64
    linalg.yield %p : f64
  } -> tensor<2x4xf64>
  return %y : tensor<2x4xf64>
}

// -----

func.func @f(%table: tensor<6xf64>, %rows: tensor<4xi1>) -> tensor<4xf64> {
  %zero = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<4xf64>
  %y = linalg.generic {indexing_maps = [affine_map<(a) -> (a)>, affine_map<(a) -> (a)>], iterator_types = ["parallel"]}
      ins(%rows : tensor<4xi1>) outs(%e : tensor<4xf64>) {
  ^bb0(%p: i1, %o: f64):
    %i = linalg.index 0 : index
    %r = scf.if %p -> f64 {
      // expected-error @below {{reads a tensor from around linalg.generic in a way that has no derivative; expected tensor.extract at the top of its body}}
      %v = tensor.extract %table[%i] : tensor<6xf64>
      scf.yield %v : f64
    } else {
      scf.yield %zero : f64
    }
    linalg.yield %r : f64
  } -> tensor<4xf64>
  return %y : tensor<4xf64>
}

// -----

func.func @f(%x: tensor<8xf64>, %w: tensor<12xf64>, %i: tensor<4xf64>) -> tensor<4xf64> {
  %e = tensor.empty() : tensor<3xf64>
  // expected-error @below {{has no derivative: a window's loops meet in two different index expressions}}
  %y = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a + b)>, affine_map<(a, b) -> (2 * a + b)>, affine_map<(a, b) -> (b)>, affine_map<(a, b) -> (a)>], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w, %e : tensor<8xf64>, tensor<12xf64>, tensor<3xf64>) outs(%i : tensor<4xf64>) {
  ^bb0(%v: f64, %q: f64, %z: f64, %o: f64):
    %m = arith.mulf %v, %q : f64
    %t = arith.addf %o, %m : f64
    linalg.yield %t : f64
  } -> tensor<4xf64>
  return %y : tensor<4xf64>
}

// -----

func.func @f(%x: tensor<?xf64>) -> tensor<?xf64> {
  %s = arith.mulf %x, %x : tensor<?xf64>
  %u = tensor.cast %s : tensor<?xf64> to tensor<*xf64>
  // expected-error @below {{'tensor.cast' op has no derivative on unranked tensors}}
  %y = tensor.cast %u : tensor<*xf64> to tensor<?xf64>
  return %y : tensor<?xf64>
}

// -----

func.func @f(%x: tensor<?xf64>, %shape: tensor<2xindex>) -> tensor<?x?xf64> {
  %u = tensor.cast %x : tensor<?xf64> to tensor<*xf64>
  // expected-error @below {{'tensor.reshape' op has no derivative on unranked tensors}}
  %y = tensor.reshape %u(%shape) : (tensor<*xf64>, tensor<2xindex>) -> tensor<?x?xf64>
  return %y : tensor<?x?xf64>
}

// -----

// The way of a gradient ends at a vector: an error, no zero.
func.func @f(%x: tensor<4xf64>) -> f64 {
  %zero = arith.constant 0.0 : f64
  %c0 = arith.constant 0 : index
  %v = vector.transfer_read %x[%c0], %zero : tensor<4xf64>, vector<4xf64>
  // expected-error @below {{'vector.reduction' op has no derivative, and a gradient has to pass through it}}
  %s = vector.reduction <add>, %v : vector<4xf64> into f64
  return %s : f64
}
