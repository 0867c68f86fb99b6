// RUN: keel-check-gradient %s --function f --labels 5
// A recurrence over time slices with weights from outside, for a dynamic number of steps; a loop in a loop; a counter.
func.func @f(%xs: tensor<4x3xf64>, %w: tensor<3x3xf64>, %h0: tensor<3xf64>, %steps: index) -> (tensor<3xf64>, tensor<4x3xf64>, f64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<4x3xf64>
  %h, %all = scf.for %t = %c0 to %c4 step %c1 iter_args(%h = %h0, %out = %e) -> (tensor<3xf64>, tensor<4x3xf64>) {
    %x = tensor.extract_slice %xs[%t, 0] [1, 3] [1, 1] : tensor<4x3xf64> to tensor<3xf64>
    %z = linalg.vecmat ins(%h, %w : tensor<3xf64>, tensor<3x3xf64>) outs(%x : tensor<3xf64>) -> tensor<3xf64>
    %next = math.tanh %z : tensor<3xf64>
    %kept = tensor.insert_slice %next into %out[%t, 0] [1, 3] [1, 1] : tensor<3xf64> into tensor<4x3xf64>
    scf.yield %next, %kept : tensor<3xf64>, tensor<4x3xf64>
  }
  %one = arith.constant 1.0 : f64
  %s, %n = scf.for %i = %c0 to %steps step %c1 iter_args(%s = %one, %n = %c0) -> (f64, index) {
    %k = arith.remui %n, %c2 : index
    %a = tensor.extract %h[%k] : tensor<3xf64>
    %inner = scf.for %j = %c1 to %c4 step %c2 iter_args(%v = %s) -> (f64) {
      %b = arith.mulf %v, %a : f64
      %c = math.sin %b : f64
      %d = arith.addf %c, %v : f64
      scf.yield %d : f64
    }
    %n1 = arith.addi %n, %c1 : index
    scf.yield %inner, %n1 : f64, index
  }
  return %h, %all, %s : tensor<3xf64>, tensor<4x3xf64>, f64
}
