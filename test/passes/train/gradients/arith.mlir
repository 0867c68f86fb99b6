// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<6xf64>, %y: tensor<6xf64>, %z: tensor<6xf64>) -> (tensor<6xf64>, tensor<6xf64>, tensor<6xf64>, tensor<6xf64>) {
  %two = arith.constant dense<2.0> : tensor<6xf64>
  %three = arith.addf %y, %two : tensor<6xf64>
  %a = arith.divf %x, %three : tensor<6xf64>
  %b = arith.remf %x, %three : tensor<6xf64>
  %c = arith.maximumf %x, %y : tensor<6xf64>
  %d = arith.minimumf %y, %z : tensor<6xf64>
  %e = arith.maxnumf %z, %x : tensor<6xf64>
  %g = arith.minnumf %a, %z : tensor<6xf64>
  %n = arith.negf %b : tensor<6xf64>
  %less = arith.cmpf olt, %x, %z : tensor<6xf64>
  %s = arith.select %less, %c, %n : tensor<6xi1>, tensor<6xf64>
  %p = arith.mulf %s, %d : tensor<6xf64>
  %q = arith.subf %e, %g : tensor<6xf64>
  return %p, %q, %b, %a : tensor<6xf64>, tensor<6xf64>, tensor<6xf64>, tensor<6xf64>
}
