// RUN: keel-check-gradient %s --function f --extent 5
func.func @f(%x: tensor<?x3xf64>, %g: tensor<3xf64>, %b: tensor<3xf64>) -> tensor<?x3xf64> {
  %m = arith.constant dense<0.5> : tensor<3xf64>
  %v = arith.constant dense<1.5> : tensor<3xf64>
  %y, %m1, %v1 = norm.batch_norm %x running(%m, %v : tensor<3xf64>) scale(%g : tensor<3xf64>) shift(%b : tensor<3xf64>) : tensor<?x3xf64>
  %z = norm.batch_norm_inference %y statistics(%g, %v : tensor<3xf64>) scale(%b : tensor<3xf64>) : tensor<?x3xf64>
  return %z : tensor<?x3xf64>
}
