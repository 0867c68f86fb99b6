// RUN: not keel-check-gradient %s --function absent 2>&1 | FileCheck %s --check-prefix=ABSENT
// ABSENT: no function @absent with a body to differentiate
// RUN: not keel-check-gradient %s --function single 2>&1 | FileCheck %s --check-prefix=SINGLE
// SINGLE: error: found an argument of tensor<2xf32>, expected floats to be f64
// RUN: not keel-check-gradient %s --function narrowed 2>&1 | FileCheck %s --check-prefix=NARROWED
// NARROWED: error: found a result of tensor<2xf32>, expected floats to be f64
// RUN: not keel-check-gradient %s --function kink --low 0.0 --high 0.0 2>&1 | FileCheck %s --check-prefix=KINK
// KINK: max error {{.*}} over 1 elements: FAIL
func.func @single(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
func.func @kink(%x: f64) -> f64 {
  %zero = arith.constant 0.0 : f64
  %y = arith.maximumf %x, %zero : f64
  return %y : f64
}
func.func @narrowed(%x: tensor<2xf64>) -> tensor<2xf32> {
  %y = arith.truncf %x : tensor<2xf64> to tensor<2xf32>
  return %y : tensor<2xf32>
}
