// Layer norm in the epilogue of a linear layer with centred weights, bf16.
#map = affine_map<(d0, d1) -> (d1)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map5 = affine_map<(d0) -> (d0)>
#map6 = affine_map<(d0, d1) -> (d0)>
module {
  func.func @forward(%arg0: tensor<8192x1024xbf16> {bufferization.writable = false}, %arg1: tensor<1024x256xbf16> {bufferization.writable = false}, %arg2: tensor<256xf32> {bufferization.writable = false}, %arg3: tensor<256xf32> {bufferization.writable = false}, %arg4: tensor<256xf32> {bufferization.writable = false}) -> tensor<8192x256xbf16> {
    %0 = tensor.empty() : tensor<8192x256xbf16>
    %1 = keel.kernel "forward_matmul_0" ins(%arg5 = %arg0, %arg6 = %arg1, %arg7 = %arg2, %arg8 = %arg3, %arg9 = %arg4 : tensor<8192x1024xbf16>, tensor<1024x256xbf16>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>) outs(%arg10 = %0 : tensor<8192x256xbf16>) attributes {keel.tile = array<i64: 128,256>} {
      %cst = arith.constant 9.99999974E-6 : f32
      %cst_0 = arith.constant 2.560000e+02 : f32
      %cst_1 = arith.constant 0.000000e+00 : f32
      %2 = tensor.empty() : tensor<8192x256xf32>
      %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg7 : tensor<256xf32>) outs(%2 : tensor<8192x256xf32>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
      } -> tensor<8192x256xf32>
      %4 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg5, %arg6 : tensor<8192x1024xbf16>, tensor<1024x256xbf16>) outs(%3 : tensor<8192x256xf32>) {
      ^bb0(%in: bf16, %in_2: bf16, %out: f32):
        %9 = arith.extf %in : bf16 to f32
        %10 = arith.extf %in_2 : bf16 to f32
        %11 = arith.mulf %9, %10 : f32
        %12 = arith.addf %out, %11 : f32
        linalg.yield %12 : f32
      } -> tensor<8192x256xf32>
      %5 = tensor.empty() : tensor<8192xf32>
      %6 = linalg.generic {indexing_maps = [#map5], iterator_types = ["parallel"]} outs(%5 : tensor<8192xf32>) {
      ^bb0(%out: f32):
        linalg.yield %cst_1 : f32
      } -> tensor<8192xf32>
      %7 = linalg.generic {indexing_maps = [#map1, #map6], iterator_types = ["parallel", "reduction"]} ins(%4 : tensor<8192x256xf32>) outs(%6 : tensor<8192xf32>) {
      ^bb0(%in: f32, %out: f32):
        %9 = arith.mulf %in, %in : f32
        %10 = arith.addf %out, %9 : f32
        linalg.yield %10 : f32
      } -> tensor<8192xf32>
      %8 = linalg.generic {indexing_maps = [#map1, #map6, #map, #map, #map1], iterator_types = ["parallel", "parallel"]} ins(%4, %7, %arg8, %arg9 : tensor<8192x256xf32>, tensor<8192xf32>, tensor<256xf32>, tensor<256xf32>) outs(%arg10 : tensor<8192x256xbf16>) {
      ^bb0(%in: f32, %in_2: f32, %in_3: f32, %in_4: f32, %out: bf16):
        %9 = arith.divf %in_2, %cst_0 : f32
        %10 = arith.addf %9, %cst : f32
        %11 = math.rsqrt %10 : f32
        %12 = arith.mulf %in, %11 : f32
        %13 = arith.mulf %12, %in_3 : f32
        %14 = arith.addf %13, %in_4 : f32
        %15 = arith.truncf %14 : f32 to bf16
        linalg.yield %15 : bf16
      } -> tensor<8192x256xbf16>
      keel.yield %8 : tensor<8192x256xbf16>
    }
    return %1 : tensor<8192x256xbf16>
  }
}

