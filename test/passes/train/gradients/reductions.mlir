// RUN: keel-check-gradient %s --function f
// Sum, maximum, minimum and product, with inits that count, and one product with a zero factor.
func.func @f(%x: tensor<4x5xf64>, %i: tensor<4xf64>, %j: tensor<5xf64>) -> (tensor<4xf64>, tensor<4xf64>, tensor<5xf64>, tensor<4xf64>) {
  %sum = linalg.reduce { arith.addf } ins(%x : tensor<4x5xf64>) outs(%i : tensor<4xf64>) dimensions = [1]
  %max = linalg.reduce { arith.maximumf } ins(%x : tensor<4x5xf64>) outs(%i : tensor<4xf64>) dimensions = [1]
  %min = linalg.reduce { arith.minimumf } ins(%x : tensor<4x5xf64>) outs(%j : tensor<5xf64>) dimensions = [0]
  %product = linalg.reduce { arith.mulf } ins(%x : tensor<4x5xf64>) outs(%i : tensor<4xf64>) dimensions = [1]
  return %sum, %max, %min, %product : tensor<4xf64>, tensor<4xf64>, tensor<5xf64>, tensor<4xf64>
}
