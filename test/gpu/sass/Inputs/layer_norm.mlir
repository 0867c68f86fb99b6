// Layer norm in the epilogue of a linear layer, bf16.
#map = affine_map<(d0, d1) -> (d1)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map5 = affine_map<(d0) -> ()>
#map6 = affine_map<(d0) -> (d0)>
#map7 = affine_map<(d0, d1) -> (d0)>
module {
  func.func @forward(%arg0: tensor<8192x1024xbf16> {bufferization.writable = false}, %arg1: tensor<1024x256xbf16> {bufferization.writable = false}, %arg2: tensor<256xf32> {bufferization.writable = false}, %arg3: tensor<256xf32> {bufferization.writable = false}, %arg4: tensor<256xf32> {bufferization.writable = false}) -> tensor<8192x256xbf16> {
    %0 = tensor.empty() : tensor<8192x256xbf16>
    %1 = keel.kernel "forward_matmul_0" ins(%arg5 = %arg0, %arg6 = %arg1, %arg7 = %arg2, %arg8 = %arg3, %arg9 = %arg4 : tensor<8192x1024xbf16>, tensor<1024x256xbf16>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>) outs(%arg10 = %0 : tensor<8192x256xbf16>) attributes {keel.tile = array<i64: 128,256>} {
      %cst = arith.constant 0.000000e+00 : f32
      %cst_0 = arith.constant 9.99999974E-6 : f32
      %cst_1 = arith.constant 2.560000e+02 : f32
      %2 = tensor.empty() : tensor<8192x256xf32>
      %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg7 : tensor<256xf32>) outs(%2 : tensor<8192x256xf32>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
      } -> tensor<8192x256xf32>
      %4 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg5, %arg6 : tensor<8192x1024xbf16>, tensor<1024x256xbf16>) outs(%3 : tensor<8192x256xf32>) {
      ^bb0(%in: bf16, %in_2: bf16, %out: f32):
        %11 = arith.extf %in : bf16 to f32
        %12 = arith.extf %in_2 : bf16 to f32
        %13 = arith.mulf %11, %12 : f32
        %14 = arith.addf %out, %13 : f32
        linalg.yield %14 : f32
      } -> tensor<8192x256xf32>
      %5 = tensor.empty() : tensor<8192xf32>
      %6 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst : f32) outs(%5 : tensor<8192xf32>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
      } -> tensor<8192xf32>
      %7 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "reduction"]} ins(%4 : tensor<8192x256xf32>) outs(%6 : tensor<8192xf32>) {
      ^bb0(%in: f32, %out: f32):
        %11 = arith.addf %out, %in : f32
        linalg.yield %11 : f32
      } -> tensor<8192xf32>
      %8 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel"]} ins(%7 : tensor<8192xf32>) outs(%5 : tensor<8192xf32>) {
      ^bb0(%in: f32, %out: f32):
        %11 = arith.divf %in, %cst_1 : f32
        linalg.yield %11 : f32
      } -> tensor<8192xf32>
      %9 = linalg.generic {indexing_maps = [#map1, #map7, #map7], iterator_types = ["parallel", "reduction"]} ins(%4, %8 : tensor<8192x256xf32>, tensor<8192xf32>) outs(%6 : tensor<8192xf32>) {
      ^bb0(%in: f32, %in_2: f32, %out: f32):
        %11 = arith.subf %in, %in_2 : f32
        %12 = arith.mulf %11, %11 : f32
        %13 = arith.addf %out, %12 : f32
        linalg.yield %13 : f32
      } -> tensor<8192xf32>
      %10 = linalg.generic {indexing_maps = [#map1, #map7, #map7, #map, #map, #map1], iterator_types = ["parallel", "parallel"]} ins(%4, %8, %9, %arg8, %arg9 : tensor<8192x256xf32>, tensor<8192xf32>, tensor<8192xf32>, tensor<256xf32>, tensor<256xf32>) outs(%arg10 : tensor<8192x256xbf16>) {
      ^bb0(%in: f32, %in_2: f32, %in_3: f32, %in_4: f32, %in_5: f32, %out: bf16):
        %11 = arith.divf %in_3, %cst_1 : f32
        %12 = arith.addf %11, %cst_0 : f32
        %13 = math.rsqrt %12 : f32
        %14 = arith.subf %in, %in_2 : f32
        %15 = arith.mulf %14, %13 : f32
        %16 = arith.mulf %15, %in_4 : f32
        %17 = arith.addf %16, %in_5 : f32
        %18 = arith.truncf %17 : f32 to bf16
        linalg.yield %18 : bf16
      } -> tensor<8192x256xbf16>
      keel.yield %10 : tensor<8192x256xbf16>
    }
    return %1 : tensor<8192x256xbf16>
  }
}

