// RUN: not keel-reference %s absent 2>&1 | FileCheck %s --check-prefix=ABSENT
// ABSENT: no function @absent
// RUN: not keel-reference %s f 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: @f is (tensor<2xf32>) -> tensor<2xf32>, found 0 inputs and 0 outputs
// RUN: not keel-reference %s f --input %t.missing.npy 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: {{.*}}missing.npy
// RUN: not keel-reference %s f --input %data/digits_test_labels.npy 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: digits_test_labels.npy: its shape or element type does not fit the argument's, tensor<2xf32>
// RUN: not keel-reference %models/digits_none.mlir forward 2>&1 | FileCheck %s --check-prefix=STATE
// STATE: error: 'ml_program.global_load' op uses state, which the reference does not keep; run --state-to-arguments first
func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
