// RUN: keel-check-gradient %s --function f --labels 6
// Rows of a table, one of them often twice; and a table read element by element.
func.func @f(%table: tensor<6x4xf64>, %rows: tensor<7xi32>, %flat: tensor<6xf64>, %scale: tensor<4xf64>) -> (tensor<7x4xf64>, tensor<f64>) {
  %e = tensor.empty() : tensor<7x4xf64>
  %y = linalg.generic {indexing_maps = [affine_map<(n, c) -> (n)>, affine_map<(n, c) -> (c)>, affine_map<(n, c) -> (n, c)>],
      iterator_types = ["parallel", "parallel"]} ins(%rows, %scale : tensor<7xi32>, tensor<4xf64>) outs(%e : tensor<7x4xf64>) {
  ^bb0(%row: i32, %s: f64, %o: f64):
    %i = arith.index_cast %row : i32 to index
    %c = linalg.index 1 : index
    %v = tensor.extract %table[%i, %c] : tensor<6x4xf64>
    %square = arith.mulf %v, %v : f64
    %z = arith.mulf %square, %s : f64
    linalg.yield %z : f64
  } -> tensor<7x4xf64>
  %zero = arith.constant 0.0 : f64
  %e0 = tensor.empty() : tensor<f64>
  %z0 = linalg.fill ins(%zero : f64) outs(%e0 : tensor<f64>) -> tensor<f64>
  %sum = linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> ()>], iterator_types = ["reduction"]}
      ins(%rows : tensor<7xi32>) outs(%z0 : tensor<f64>) {
  ^bb0(%row: i32, %o: f64):
    %i = arith.index_cast %row : i32 to index
    %v = tensor.extract %flat[%i] : tensor<6xf64>
    %z = math.exp %v : f64
    %t = arith.addf %o, %z : f64
    linalg.yield %t : f64
  } -> tensor<f64>
  return %y, %sum : tensor<7x4xf64>, tensor<f64>
}
