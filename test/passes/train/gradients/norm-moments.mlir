// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<3x4xf64>, %y: tensor<3x4xf64>, %s: tensor<i64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3x4xf64>) {
  %mean, %m2 = norm.moments %x axes = [1] : tensor<3x4xf64> -> tensor<3xf64>
  %d = norm.dropout %y seed(%s : tensor<i64>) counter(%s : tensor<i64>) rate = 0.5 : tensor<3x4xf64>
  %q = arith.mulf %d, %d : tensor<3x4xf64>
  return %mean, %m2, %q : tensor<3xf64>, tensor<3xf64>, tensor<3x4xf64>
}
