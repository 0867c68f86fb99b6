// A linear layer, bf16: what the norms after it are measured against. As a kernel, so that the tile can be said.
#map = affine_map<(d0, d1) -> (d1)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1)>
module {
  func.func @forward(%arg0: tensor<8192x1024xbf16> {bufferization.writable = false}, %arg1: tensor<1024x256xbf16> {bufferization.writable = false}, %arg2: tensor<256xf32> {bufferization.writable = false}, %arg3: tensor<256xf32> {bufferization.writable = false}, %arg4: tensor<256xf32> {bufferization.writable = false}) -> tensor<8192x256xbf16> {
    %0 = tensor.empty() : tensor<8192x256xbf16>
    %1 = keel.kernel "forward_matmul_0" ins(%arg5 = %arg0, %arg6 = %arg1, %arg7 = %arg2 : tensor<8192x1024xbf16>, tensor<1024x256xbf16>, tensor<256xf32>) outs(%arg8 = %0 : tensor<8192x256xbf16>) attributes {keel.tile = array<i64: 128,256>} {
      %2 = tensor.empty() : tensor<8192x256xf32>
      %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg7 : tensor<256xf32>) outs(%2 : tensor<8192x256xf32>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
      } -> tensor<8192x256xf32>
      %4 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg5, %arg6 : tensor<8192x1024xbf16>, tensor<1024x256xbf16>) outs(%3 : tensor<8192x256xf32>) {
      ^bb0(%in: bf16, %in_0: bf16, %out: f32):
        %6 = arith.extf %in : bf16 to f32
        %7 = arith.extf %in_0 : bf16 to f32
        %8 = arith.mulf %6, %7 : f32
        %9 = arith.addf %out, %8 : f32
        linalg.yield %9 : f32
      } -> tensor<8192x256xf32>
      %5 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%4 : tensor<8192x256xf32>) outs(%arg8 : tensor<8192x256xbf16>) {
      ^bb0(%in: f32, %out: bf16):
        %6 = arith.truncf %in : f32 to bf16
        linalg.yield %6 : bf16
      } -> tensor<8192x256xbf16>
      keel.yield %5 : tensor<8192x256xbf16>
    }
    return %1 : tensor<8192x256xbf16>
  }
}

