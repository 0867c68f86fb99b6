// RUN: keel-check-gradient %s --function f
func.func @f(%x: tensor<?x4xf64>, %labels: tensor<?xi32>, %y: tensor<2x4xf64>, %t: tensor<2x4xf64>) -> (tensor<f64>, tensor<2xf64>) {
  %a = norm.softmax_cross_entropy %x, %labels : tensor<?x4xf64>, tensor<?xi32> -> tensor<f64>
  %b = norm.softmax_cross_entropy %y, %t : tensor<2x4xf64>, tensor<2x4xf64> -> tensor<2xf64>
  return %a, %b : tensor<f64>, tensor<2xf64>
}
