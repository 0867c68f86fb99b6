// The gradient of a linear layer's input through a rectifier, and the bias gradient before it, bf16.
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#both = affine_map<(i, j) -> (i, j)>
func.func @backward(%dz: tensor<8192x1024xbf16> {bufferization.writable = false}, %w: tensor<256x1024xbf16> {bufferization.writable = false}, %a: tensor<8192x256xbf16> {bufferization.writable = false}) -> (tensor<8192x256xbf16>, tensor<256xf32>) {
  %e = tensor.empty() : tensor<8192x256xbf16>
  %f = tensor.empty() : tensor<256xf32>
  %r:2 = keel.kernel "backward_matmul_0" ins(%x = %dz, %y = %w, %act = %a : tensor<8192x1024xbf16>, tensor<256x1024xbf16>, tensor<8192x256xbf16>)
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
    %d = linalg.generic {indexing_maps = [#both, #both, #both], iterator_types = ["parallel", "parallel"]} ins(%g, %act : tensor<8192x256xf32>, tensor<8192x256xbf16>) outs(%t : tensor<8192x256xf32>) {
    ^bb0(%in: f32, %in2: bf16, %out: f32):
      %v = arith.extf %in2 : bf16 to f32
      %c = arith.cmpf ogt, %v, %zero : f32
      %s = arith.select %c, %in, %zero : f32
      linalg.yield %s : f32
    } -> tensor<8192x256xf32>
    %fz = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>], iterator_types = ["parallel"]} outs(%p : tensor<256xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<256xf32>
    %db = linalg.generic {indexing_maps = [#both, #column], iterator_types = ["reduction", "parallel"]} ins(%d : tensor<8192x256xf32>) outs(%fz : tensor<256xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<256xf32>
    %n = linalg.generic {indexing_maps = [#both, #both], iterator_types = ["parallel", "parallel"]} ins(%d : tensor<8192x256xf32>) outs(%o : tensor<8192x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %s = arith.truncf %in : f32 to bf16
      linalg.yield %s : bf16
    } -> tensor<8192x256xbf16>
    keel.yield %n, %db : tensor<8192x256xbf16>, tensor<256xf32>
  }
  return %r#0, %r#1 : tensor<8192x256xbf16>, tensor<256xf32>
}
