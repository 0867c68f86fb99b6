// RUN: keel-check-gradient %s --function f
func.func private @square(%x: tensor<3xf64>) -> tensor<3xf64> {
  %y = arith.mulf %x, %x : tensor<3xf64>
  return %y : tensor<3xf64>
}
func.func private @fourth(%x: tensor<3xf64>) -> tensor<3xf64> {
  %y = call @square(%x) : (tensor<3xf64>) -> tensor<3xf64>
  %z = call @square(%y) : (tensor<3xf64>) -> tensor<3xf64>
  return %z : tensor<3xf64>
}
func.func @f(%x: tensor<3xf64>, %y: tensor<3xf64>) -> tensor<3xf64> {
  %a = call @fourth(%x) : (tensor<3xf64>) -> tensor<3xf64>
  %b = call @square(%y) : (tensor<3xf64>) -> tensor<3xf64>
  %c = arith.addf %a, %b : tensor<3xf64>
  return %c : tensor<3xf64>
}
