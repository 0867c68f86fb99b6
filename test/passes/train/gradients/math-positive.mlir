// RUN: keel-check-gradient %s --function f --low 1.2 --high 2.5
func.func @f(%x: tensor<5xf64>) -> (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>) {
  %y0 = math.log %x : tensor<5xf64>
  %y1 = math.log2 %x : tensor<5xf64>
  %y2 = math.log10 %x : tensor<5xf64>
  %y3 = math.sqrt %x : tensor<5xf64>
  %y4 = math.rsqrt %x : tensor<5xf64>
  %y5 = math.cbrt %x : tensor<5xf64>
  %y6 = math.acosh %x : tensor<5xf64>
  return %y0, %y1, %y2, %y3, %y4, %y5, %y6 : tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>
}
