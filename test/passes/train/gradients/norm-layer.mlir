// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<?x6xf64>, %g: tensor<6xf64>, %b: tensor<6xf64>) -> (tensor<?x6xf64>, tensor<?x6xf64>) {
  %y = norm.layer_norm %x scale(%g : tensor<6xf64>) shift(%b : tensor<6xf64>) axes = [1] : tensor<?x6xf64>
  %z = norm.rms_norm %y scale(%g : tensor<6xf64>) axes = [1] : tensor<?x6xf64>
  return %y, %z : tensor<?x6xf64>, tensor<?x6xf64>
}
