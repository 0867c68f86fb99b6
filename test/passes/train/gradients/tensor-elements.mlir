// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<3x4xf64>, %k: f64, %s: tensor<f64>, %i: index) -> (tensor<2x2xf64>, tensor<3x4xf64>, tensor<f64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tensor.extract %x[%i, %c1] : tensor<3x4xf64>
  %b = tensor.extract %s[] : tensor<f64>
  %p = arith.mulf %a, %b : f64
  %q = arith.mulf %p, %k : f64
  %y = tensor.from_elements %a, %p, %q, %p : tensor<2x2xf64>
  %z = tensor.insert %q into %x[%c0, %i] : tensor<3x4xf64>
  %w = arith.mulf %z, %z : tensor<3x4xf64>
  %r = tensor.from_elements %q : tensor<f64>
  return %y, %w, %r : tensor<2x2xf64>, tensor<3x4xf64>, tensor<f64>
}
