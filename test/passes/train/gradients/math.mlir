// RUN: keel-check-gradient %s --function f --low -0.9 --high 0.9
func.func @f(%x: tensor<5xf64>) -> (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>) {
  %y0 = math.exp %x : tensor<5xf64>
  %y1 = math.exp2 %x : tensor<5xf64>
  %y2 = math.expm1 %x : tensor<5xf64>
  %y3 = math.log1p %x : tensor<5xf64>
  %y4 = math.tanh %x : tensor<5xf64>
  %y5 = math.erf %x : tensor<5xf64>
  %y6 = math.erfc %x : tensor<5xf64>
  %y7 = math.sin %x : tensor<5xf64>
  %y8 = math.cos %x : tensor<5xf64>
  %y9 = math.tan %x : tensor<5xf64>
  %y10 = math.asin %x : tensor<5xf64>
  %y11 = math.acos %x : tensor<5xf64>
  %y12 = math.atan %x : tensor<5xf64>
  %y13 = math.sinh %x : tensor<5xf64>
  %y14 = math.cosh %x : tensor<5xf64>
  %y15 = math.asinh %x : tensor<5xf64>
  %y16 = math.atanh %x : tensor<5xf64>
  %y17 = math.absf %x : tensor<5xf64>
  %y18 = math.floor %x : tensor<5xf64>
  %y19 = math.ceil %x : tensor<5xf64>
  %y20 = math.round %x : tensor<5xf64>
  %y21 = math.roundeven %x : tensor<5xf64>
  %y22 = math.trunc %x : tensor<5xf64>
  return %y0, %y1, %y2, %y3, %y4, %y5, %y6, %y7, %y8, %y9, %y10, %y11, %y12, %y13, %y14, %y15, %y16, %y17, %y18, %y19, %y20, %y21, %y22 : tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>
}
