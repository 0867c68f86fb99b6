// The gradient of layer norm alone, bf16, from what the forward pass saves: the normalized input and the reciprocals of the
// standard deviations.
#each = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d1)>
#one = affine_map<(d0) -> (d0)>
!matrix = tensor<8192x4096xbf16>
!rows = tensor<8192xf32>
!columns = tensor<4096xf32>
func.func @backward(%dy: !matrix, %n: !matrix, %r: !rows, %g: tensor<4096xbf16>) -> (!matrix, !columns, !columns) {
  %e0 = tensor.empty() : !matrix
  %e1 = tensor.empty() : !columns
  %e2 = tensor.empty() : !columns
  %k:3 = keel.kernel "backward_rows_0" ins(%a = %dy, %b = %n, %c = %r, %s = %g : !matrix, !matrix, !rows, tensor<4096xbf16>)
      outs(%o0 = %e0, %o1 = %e1, %o2 = %e2 : !matrix, !columns, !columns) {
    %zero = arith.constant 0.0 : f32
    %count = arith.constant 4096.0 : f32
    %er = tensor.empty() : !rows
    %zr = linalg.generic {indexing_maps = [#one], iterator_types = ["parallel"]} outs(%er : !rows) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> !rows
    %z1 = linalg.generic {indexing_maps = [#one], iterator_types = ["parallel"]} outs(%o1 : !columns) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> !columns
    %z2 = linalg.generic {indexing_maps = [#one], iterator_types = ["parallel"]} outs(%o2 : !columns) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> !columns
    %dg = linalg.generic {indexing_maps = [#each, #each, #column], iterator_types = ["reduction", "parallel"]}
        ins(%a, %b : !matrix, !matrix) outs(%z1 : !columns) {
    ^bb0(%in: bf16, %in1: bf16, %out: f32):
      %0 = arith.extf %in : bf16 to f32
      %1 = arith.extf %in1 : bf16 to f32
      %2 = arith.mulf %0, %1 : f32
      %3 = arith.addf %out, %2 : f32
      linalg.yield %3 : f32
    } -> !columns
    %db = linalg.generic {indexing_maps = [#each, #column], iterator_types = ["reduction", "parallel"]}
        ins(%a : !matrix) outs(%z2 : !columns) {
    ^bb0(%in: bf16, %out: f32):
      %0 = arith.extf %in : bf16 to f32
      %1 = arith.addf %out, %0 : f32
      linalg.yield %1 : f32
    } -> !columns
    %c1 = linalg.generic {indexing_maps = [#each, #column, #row], iterator_types = ["parallel", "reduction"]}
        ins(%a, %s : !matrix, tensor<4096xbf16>) outs(%zr : !rows) {
    ^bb0(%in: bf16, %in1: bf16, %out: f32):
      %0 = arith.extf %in : bf16 to f32
      %1 = arith.extf %in1 : bf16 to f32
      %2 = arith.mulf %0, %1 : f32
      %3 = arith.addf %out, %2 : f32
      linalg.yield %3 : f32
    } -> !rows
    %c2 = linalg.generic {indexing_maps = [#each, #column, #each, #row], iterator_types = ["parallel", "reduction"]}
        ins(%a, %s, %b : !matrix, tensor<4096xbf16>, !matrix) outs(%zr : !rows) {
    ^bb0(%in: bf16, %in1: bf16, %in2: bf16, %out: f32):
      %0 = arith.extf %in : bf16 to f32
      %1 = arith.extf %in1 : bf16 to f32
      %2 = arith.extf %in2 : bf16 to f32
      %3 = arith.mulf %0, %1 : f32
      %4 = arith.mulf %3, %2 : f32
      %5 = arith.addf %out, %4 : f32
      linalg.yield %5 : f32
    } -> !rows
    %dx = linalg.generic {indexing_maps = [#each, #column, #each, #row, #row, #row, #each], iterator_types = ["parallel", "parallel"]}
        ins(%a, %s, %b, %c, %c1, %c2 : !matrix, tensor<4096xbf16>, !matrix, !rows, !rows, !rows) outs(%o0 : !matrix) {
    ^bb0(%in: bf16, %in1: bf16, %in2: bf16, %r0: f32, %sum1: f32, %sum2: f32, %out: bf16):
      %m1 = arith.divf %sum1, %count : f32
      %m2 = arith.divf %sum2, %count : f32
      %0 = arith.extf %in : bf16 to f32
      %1 = arith.extf %in1 : bf16 to f32
      %2 = arith.extf %in2 : bf16 to f32
      %3 = arith.mulf %0, %1 : f32
      %4 = arith.subf %3, %m1 : f32
      %5 = arith.mulf %2, %m2 : f32
      %6 = arith.subf %4, %5 : f32
      %7 = arith.mulf %6, %r0 : f32
      %8 = arith.truncf %7 : f32 to bf16
      linalg.yield %8 : bf16
    } -> !matrix
    keel.yield %dx, %dg, %db : !matrix, !columns, !columns
  }
  return %k#0, %k#1, %k#2 : !matrix, !columns, !columns
}
