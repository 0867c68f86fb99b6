// The same, and the backward pass of layer norm before it: from the normalized value and the inverse deviation that were saved. The
// rectifier's mask is a function of the normalized value. The bias gradient alone, as without the norm.
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#both = affine_map<(i, j) -> (i, j)>
func.func @backward(%dz: tensor<8192x1024xbf16> {bufferization.writable = false}, %w: tensor<256x1024xbf16> {bufferization.writable = false}, %a: tensor<8192x256xbf16> {bufferization.writable = false}, %inverse: tensor<8192xf32> {bufferization.writable = false}, %scale: tensor<256xf32> {bufferization.writable = false}, %shift: tensor<256xf32> {bufferization.writable = false}) -> (tensor<8192x256xbf16>, tensor<256xf32>) {
  %e = tensor.empty() : tensor<8192x256xbf16>
  %f = tensor.empty() : tensor<256xf32>
  %r:2 = keel.kernel "backward_matmul_0" ins(%x = %dz, %y = %w, %act = %a, %inv = %inverse, %sc = %scale, %sh = %shift : tensor<8192x1024xbf16>, tensor<256x1024xbf16>, tensor<8192x256xbf16>, tensor<8192xf32>, tensor<256xf32>, tensor<256xf32>)
      outs(%o = %e, %p = %f : tensor<8192x256xbf16>, tensor<256xf32>) attributes {keel.tile = array<i64: 128, 256>} {
    %zero = arith.constant 0.0 : f32
    %t = tensor.empty() : tensor<8192x256xf32>
    %z = linalg.generic {indexing_maps = [#both], iterator_types = ["parallel", "parallel"]} outs(%t : tensor<8192x256xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<8192x256xf32>
    %g = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %y : tensor<8192x1024xbf16>, tensor<256x1024xbf16>) outs(%z : tensor<8192x256xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %m = arith.extf %in2 : bf16 to f32
      %q = arith.mulf %l, %m : f32
      %s = arith.addf %out, %q : f32
      linalg.yield %s : f32
    } -> tensor<8192x256xf32>
    %d = linalg.generic {indexing_maps = [#both, #both, #column, #column, #both], iterator_types = ["parallel", "parallel"]} ins(%g, %act, %sc, %sh : tensor<8192x256xf32>, tensor<8192x256xbf16>, tensor<256xf32>, tensor<256xf32>) outs(%t : tensor<8192x256xf32>) {
    ^bb0(%in: f32, %in2: bf16, %in3: f32, %in4: f32, %out: f32):
      %v = arith.extf %in2 : bf16 to f32
      %u = arith.mulf %v, %in3 : f32
      %b = arith.addf %u, %in4 : f32
      %c = arith.cmpf ogt, %b, %zero : f32
      %s = arith.select %c, %in, %zero : f32
      linalg.yield %s : f32
    } -> tensor<8192x256xf32>
    %tr = tensor.empty() : tensor<8192xf32>
    %rz = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%tr : tensor<8192xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<8192xf32>
    %k:2 = linalg.generic {indexing_maps = [#both, #both, #column, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%d, %act, %sc : tensor<8192x256xf32>, tensor<8192x256xbf16>, tensor<256xf32>) outs(%rz, %rz : tensor<8192xf32>, tensor<8192xf32>) {
    ^bb0(%in: f32, %in2: bf16, %in3: f32, %out: f32, %out2: f32):
      %v = arith.extf %in2 : bf16 to f32
      %u = arith.mulf %in, %in3 : f32
      %s = arith.addf %out, %u : f32
      %q = arith.mulf %u, %v : f32
      %q2 = arith.addf %out2, %q : f32
      linalg.yield %s, %q2 : f32, f32
    } -> (tensor<8192xf32>, tensor<8192xf32>)
    %h = linalg.generic {indexing_maps = [#both, #both, #column, #row, #row, #row, #both], iterator_types = ["parallel", "parallel"]} ins(%d, %act, %sc, %inv, %k#0, %k#1 : tensor<8192x256xf32>, tensor<8192x256xbf16>, tensor<256xf32>, tensor<8192xf32>, tensor<8192xf32>, tensor<8192xf32>) outs(%t : tensor<8192x256xf32>) {
    ^bb0(%in: f32, %in2: bf16, %in3: f32, %in4: f32, %in5: f32, %in6: f32, %out: f32):
      %n256 = arith.constant 3.90625e-3 : f32
      %c = arith.mulf %in4, %n256 : f32
      %c1 = arith.mulf %in5, %c : f32
      %c2 = arith.mulf %in6, %c : f32
      %v = arith.extf %in2 : bf16 to f32
      %u = arith.mulf %in, %in3 : f32
      %u2 = arith.mulf %u, %in4 : f32
      %s = arith.subf %u2, %c1 : f32
      %q = arith.mulf %v, %c2 : f32
      %s3 = arith.subf %s, %q : f32
      linalg.yield %s3 : f32
    } -> tensor<8192x256xf32>
    %fz = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>], iterator_types = ["parallel"]} outs(%p : tensor<256xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<256xf32>
    %db = linalg.generic {indexing_maps = [#both, #column], iterator_types = ["reduction", "parallel"]} ins(%h : tensor<8192x256xf32>) outs(%fz : tensor<256xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<256xf32>
    %n = linalg.generic {indexing_maps = [#both, #both], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<8192x256xf32>) outs(%o : tensor<8192x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %s = arith.truncf %in : f32 to bf16
      linalg.yield %s : bf16
    } -> tensor<8192x256xbf16>
    keel.yield %n, %db : tensor<8192x256xbf16>, tensor<256xf32>
  }
  return %r#0, %r#1 : tensor<8192x256xbf16>, tensor<256xf32>
}
