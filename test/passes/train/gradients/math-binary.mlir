// RUN: keel-check-gradient %s --function f --low 0.3 --high 1.8
func.func @f(%x: tensor<5xf64>, %y: tensor<5xf64>, %z: tensor<5xf64>) -> (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>) {
  %a = math.powf %x, %y : tensor<5xf64>
  %b = math.atan2 %x, %y : tensor<5xf64>
  %c = math.fma %x, %y, %z : tensor<5xf64>
  %n = arith.negf %y : tensor<5xf64>
  %d = math.copysign %x, %n : tensor<5xf64>
  %three = arith.constant dense<3> : tensor<5xi32>
  %e = math.fpowi %x, %three : tensor<5xf64>, tensor<5xi32>
  %half = arith.constant dense<0.3> : tensor<5xf64>
  %low = arith.subf %y, %half : tensor<5xf64>
  %high = arith.addf %y, %half : tensor<5xf64>
  %g = math.clampf %x to [%low, %high] : tensor<5xf64>
  return %a, %b, %c, %d, %e, %g : tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>
}
