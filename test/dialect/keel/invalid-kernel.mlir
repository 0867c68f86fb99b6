// RUN: keel-opt %s -split-input-file -verify-diagnostics

func.func @arguments(%x: tensor<4xf32>) {
  // expected-error @below {{'keel.kernel' op has 1 operands, but its body takes 0}}
  "keel.kernel"(%x) <{name = "k", operandSegmentSizes = array<i32: 1, 0>}> ({
    keel.yield
  }) : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @binding(%x: tensor<4xf32>) {
  // expected-error @below {{binds an operand of type 'tensor<4xf32>' to a body argument of type 'tensor<5xf32>'}}
  "keel.kernel"(%x) <{name = "k", operandSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%a: tensor<5xf32>):
    keel.yield
  }) : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @terminator(%x: tensor<4xf32>) {
  // expected-error @below {{'keel.kernel' op must end with keel.yield}}
  "keel.kernel"(%x) <{name = "k", operandSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%a: tensor<4xf32>):
    "func.return"() : () -> ()
  }) : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @yields(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'keel.kernel' op yields , but its results are 'tensor<4xf32>'}}
  %y = "keel.kernel"(%x) <{name = "k", operandSegmentSizes = array<i32: 0, 1>}> ({
  ^bb0(%a: tensor<4xf32>):
    keel.yield
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
