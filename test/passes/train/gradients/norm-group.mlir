// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<2x4x3xf64>, %g: tensor<4xf64>, %b: tensor<4xf64>) -> tensor<2x4x3xf64> {
  %y = norm.group_norm %x scale(%g : tensor<4xf64>) shift(%b : tensor<4xf64>) groups = 2 : tensor<2x4x3xf64>
  return %y : tensor<2x4x3xf64>
}
