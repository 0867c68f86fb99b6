#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> ()>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map4 = affine_map<(d0, d1, d2) -> (d2)>
#map5 = affine_map<(d0, d1, d2) -> (0, 0, d2)>
#map6 = affine_map<(d0, d1) -> ()>
#map7 = affine_map<(d0, d1) -> (d0, d1)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>
#map12 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map13 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
#map14 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map15 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
#map16 = affine_map<(d0, d1, d2, d3) -> ()>
#map17 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map18 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>
#map19 = affine_map<() -> ()>
#map20 = affine_map<(d0, d1, d2, d3) -> (d2, d3, d0)>
#map21 = affine_map<(d0, d1, d2, d3) -> (d2, d3, d1)>
#map22 = affine_map<(d0, d1, d2, d3) -> (d0, d1)>
#map23 = affine_map<(d0, d1) -> (d1, d0)>
#map24 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map25 = affine_map<(d0, d1, d2) -> (d1, d2, d0)>
#map26 = affine_map<(d0, d1, d2) -> (d0)>
#map27 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d2)>
#map28 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3, d2)>
#map29 = affine_map<(d0) -> ()>
#map30 = affine_map<(d0) -> (d0)>
module @jit_step attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<128x32xf32>, %arg1: tensor<32xf32>, %arg2: tensor<32xf32>, %arg3: tensor<32x32xf32>, %arg4: tensor<32x96xf32>, %arg5: tensor<32xf32>, %arg6: tensor<32xf32>, %arg7: tensor<32x128xf32>, %arg8: tensor<2x9x32xf32>, %arg9: tensor<2x9x32xf32>) -> (tensor<f32> {jax.result_info = "result[0]"}, tensor<128x32xf32> {jax.result_info = "result[1]['d']"}, tensor<32xf32> {jax.result_info = "result[1]['g1']"}, tensor<32xf32> {jax.result_info = "result[1]['g2']"}, tensor<32x32xf32> {jax.result_info = "result[1]['o']"}, tensor<32x96xf32> {jax.result_info = "result[1]['qkv']"}, tensor<32xf32> {jax.result_info = "result[1]['s1']"}, tensor<32xf32> {jax.result_info = "result[1]['s2']"}, tensor<32x128xf32> {jax.result_info = "result[1]['u']"}) {
    %c64 = arith.constant 64 : index
    %c32 = arith.constant 32 : index
    %cst = arith.constant 0.00173611112 : f32
    %cst_0 = arith.constant 5.760000e+02 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant dense<1.000000e-01> : tensor<f32>
    %cst_3 = arith.constant dense<5.000000e-01> : tensor<f32>
    %cst_4 = arith.constant dense<0.797884583> : tensor<f32>
    %cst_5 = arith.constant dense<4.471500e-02> : tensor<f32>
    %cst_6 = arith.constant dense<3.000000e+00> : tensor<f32>
    %cst_7 = arith.constant dense<-5.000000e-01> : tensor<f32>
    %cst_8 = arith.constant dense<2.000000e+00> : tensor<f32>
    %cst_9 = arith.constant dense<1.000000e+00> : tensor<f32>
    %cst_10 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_11 = arith.constant dense<-1.000000e+09> : tensor<f32>
    %cst_12 = arith.constant dense<true> : tensor<i1>
    %cst_13 = arith.constant dense<2.82842708> : tensor<f32>
    %cst_14 = arith.constant dense<2.000000e-01> : tensor<f32>
    %cst_15 = arith.constant dense<9.99999974E-6> : tensor<f32>
    %cst_16 = arith.constant dense<3.200000e+01> : tensor<f32>
    %cst_17 = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<2x9xf32>
    %1 = linalg.fill ins(%cst_17 : f32) outs(%0 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg8 : tensor<2x9x32xf32>) outs(%1 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %3 = tensor.empty() : tensor<2x9x1xf32>
    %4 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2 : tensor<2x9xf32>) outs(%3 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %5 = tensor.empty() : tensor<2x9x1xf32>
    %6 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_16 : tensor<f32>) outs(%5 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %7 = tensor.empty() : tensor<2x9x1xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4, %6 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%7 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %9 = tensor.empty() : tensor<2x9x32xf32>
    %10 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8 : tensor<2x9x1xf32>) outs(%9 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %11 = tensor.empty() : tensor<2x9x32xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg8, %10 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%11 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %13 = tensor.empty() : tensor<2x9x32xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%12, %12 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%13 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %15 = tensor.empty() : tensor<2x9xf32>
    %16 = linalg.fill ins(%cst_17 : f32) outs(%15 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%14 : tensor<2x9x32xf32>) outs(%16 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %18 = tensor.empty() : tensor<2x9x1xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17 : tensor<2x9xf32>) outs(%18 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %20 = tensor.empty() : tensor<2x9x1xf32>
    %21 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_16 : tensor<f32>) outs(%20 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %22 = tensor.empty() : tensor<2x9x1xf32>
    %23 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %21 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%22 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %24 = tensor.empty() : tensor<2x9x32xf32>
    %25 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8 : tensor<2x9x1xf32>) outs(%24 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %26 = tensor.empty() : tensor<2x9x32xf32>
    %27 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg8, %25 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%26 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %28 = tensor.empty() : tensor<2x9x1xf32>
    %29 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_15 : tensor<f32>) outs(%28 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %30 = tensor.empty() : tensor<2x9x1xf32>
    %31 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23, %29 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%30 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %32 = tensor.empty() : tensor<2x9x1xf32>
    %33 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31 : tensor<2x9x1xf32>) outs(%32 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = math.rsqrt %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %34 = tensor.empty() : tensor<2x9x32xf32>
    %35 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33 : tensor<2x9x1xf32>) outs(%34 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %36 = tensor.empty() : tensor<2x9x32xf32>
    %37 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27, %35 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%36 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %38 = tensor.empty() : tensor<1x1x32xf32>
    %39 = linalg.generic {indexing_maps = [#map4, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg1 : tensor<32xf32>) outs(%38 : tensor<1x1x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x32xf32>
    %40 = tensor.empty() : tensor<2x9x32xf32>
    %41 = linalg.generic {indexing_maps = [#map5, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39 : tensor<1x1x32xf32>) outs(%40 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %42 = tensor.empty() : tensor<2x9x32xf32>
    %43 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37, %41 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%42 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %44 = tensor.empty() : tensor<1x1x32xf32>
    %45 = linalg.generic {indexing_maps = [#map4, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg5 : tensor<32xf32>) outs(%44 : tensor<1x1x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x32xf32>
    %46 = tensor.empty() : tensor<2x9x32xf32>
    %47 = linalg.generic {indexing_maps = [#map5, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%45 : tensor<1x1x32xf32>) outs(%46 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %48 = tensor.empty() : tensor<2x9x32xf32>
    %49 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%43, %47 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%48 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %50 = tensor.empty() : tensor<32x96xf32>
    %51 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_14 : tensor<f32>) outs(%50 : tensor<32x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x96xf32>
    %52 = tensor.empty() : tensor<32x96xf32>
    %53 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%51, %arg4 : tensor<32x96xf32>, tensor<32x96xf32>) outs(%52 : tensor<32x96xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x96xf32>
    %54 = tensor.empty() : tensor<2x9x96xf32>
    %55 = linalg.fill ins(%cst_17 : f32) outs(%54 : tensor<2x9x96xf32>) -> tensor<2x9x96xf32>
    %56 = linalg.generic {indexing_maps = [#map8, #map9, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%49, %53 : tensor<2x9x32xf32>, tensor<32x96xf32>) outs(%55 : tensor<2x9x96xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x9x96xf32>
    %extracted_slice = tensor.extract_slice %56[0, 0, 0] [2, 9, 32] [1, 1, 1] : tensor<2x9x96xf32> to tensor<2x9x32xf32>
    %extracted_slice_18 = tensor.extract_slice %56[0, 0, 32] [2, 9, 32] [1, 1, 1] : tensor<2x9x96xf32> to tensor<2x9x32xf32>
    %extracted_slice_19 = tensor.extract_slice %56[0, 0, 64] [2, 9, 32] [1, 1, 1] : tensor<2x9x96xf32> to tensor<2x9x32xf32>
    %expanded = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [2, 9, 4, 8] : tensor<2x9x32xf32> into tensor<2x9x4x8xf32>
    %57 = tensor.empty() : tensor<2x4x9x8xf32>
    %58 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<2x9x4x8xf32>) outs(%57 : tensor<2x4x9x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x8xf32>
    %expanded_20 = tensor.expand_shape %extracted_slice_18 [[0], [1], [2, 3]] output_shape [2, 9, 4, 8] : tensor<2x9x32xf32> into tensor<2x9x4x8xf32>
    %59 = tensor.empty() : tensor<2x4x9x8xf32>
    %60 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_20 : tensor<2x9x4x8xf32>) outs(%59 : tensor<2x4x9x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x8xf32>
    %61 = tensor.empty() : tensor<2x4x9x9xf32>
    %62 = linalg.fill ins(%cst_17 : f32) outs(%61 : tensor<2x4x9x9xf32>) -> tensor<2x4x9x9xf32>
    %63 = linalg.generic {indexing_maps = [#map13, #map14, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%58, %60 : tensor<2x4x9x8xf32>, tensor<2x4x9x8xf32>) outs(%62 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x4x9x9xf32>
    %64 = tensor.empty() : tensor<2x4x9x9xf32>
    %65 = linalg.generic {indexing_maps = [#map16, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_13 : tensor<f32>) outs(%64 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %66 = tensor.empty() : tensor<2x4x9x9xf32>
    %67 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%63, %65 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%66 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %68 = tensor.empty() : tensor<9x9xi1>
    %69 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_12 : tensor<i1>) outs(%68 : tensor<9x9xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<9x9xi1>
    %70 = call @tril(%69) : (tensor<9x9xi1>) -> tensor<9x9xi1>
    %71:2 = call @_where(%70, %67, %cst_11) : (tensor<9x9xi1>, tensor<2x4x9x9xf32>, tensor<f32>) -> (tensor<2x4x9x9xf32>, tensor<2x4x9x9xi1>)
    %72 = tensor.empty() : tensor<2x4x9xf32>
    %73 = linalg.fill ins(%cst_1 : f32) outs(%72 : tensor<2x4x9xf32>) -> tensor<2x4x9xf32>
    %74 = linalg.generic {indexing_maps = [#map12, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%71#0 : tensor<2x4x9x9xf32>) outs(%73 : tensor<2x4x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.maximumf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9xf32>
    %75 = tensor.empty() : tensor<2x4x9xf32>
    %76 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_10 : tensor<f32>) outs(%75 : tensor<2x4x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9xf32>
    %77 = tensor.empty() : tensor<2x4x9xf32>
    %78 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76, %74 : tensor<2x4x9xf32>, tensor<2x4x9xf32>) outs(%77 : tensor<2x4x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.maximumf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9xf32>
    %79 = tensor.empty() : tensor<2x4x9x1xf32>
    %80 = linalg.generic {indexing_maps = [#map10, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%78 : tensor<2x4x9xf32>) outs(%79 : tensor<2x4x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x1xf32>
    %81 = tensor.empty() : tensor<2x4x9x9xf32>
    %82 = linalg.generic {indexing_maps = [#map17, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80 : tensor<2x4x9x1xf32>) outs(%81 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %83 = tensor.empty() : tensor<2x4x9x9xf32>
    %84 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71#0, %82 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%83 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %85 = tensor.empty() : tensor<2x4x9x9xf32>
    %86 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%84 : tensor<2x4x9x9xf32>) outs(%85 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = math.exp %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %87 = tensor.empty() : tensor<2x4x9xf32>
    %88 = linalg.fill ins(%cst_17 : f32) outs(%87 : tensor<2x4x9xf32>) -> tensor<2x4x9xf32>
    %89 = linalg.generic {indexing_maps = [#map12, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%86 : tensor<2x4x9x9xf32>) outs(%88 : tensor<2x4x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9xf32>
    %90 = tensor.empty() : tensor<2x4x9x1xf32>
    %91 = linalg.generic {indexing_maps = [#map10, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%89 : tensor<2x4x9xf32>) outs(%90 : tensor<2x4x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x1xf32>
    %92 = tensor.empty() : tensor<2x4x9x9xf32>
    %93 = linalg.generic {indexing_maps = [#map17, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%91 : tensor<2x4x9x1xf32>) outs(%92 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %94 = tensor.empty() : tensor<2x4x9x9xf32>
    %95 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%86, %93 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%94 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %96 = tensor.empty() : tensor<2x4x9x1xf32>
    %97 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%91, %91 : tensor<2x4x9x1xf32>, tensor<2x4x9x1xf32>) outs(%96 : tensor<2x4x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x1xf32>
    %98 = tensor.empty() : tensor<2x4x9x1xf32>
    %99 = linalg.generic {indexing_maps = [#map16, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_9 : tensor<f32>) outs(%98 : tensor<2x4x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x1xf32>
    %100 = tensor.empty() : tensor<2x4x9x1xf32>
    %101 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%99, %97 : tensor<2x4x9x1xf32>, tensor<2x4x9x1xf32>) outs(%100 : tensor<2x4x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x1xf32>
    %expanded_21 = tensor.expand_shape %extracted_slice_19 [[0], [1], [2, 3]] output_shape [2, 9, 4, 8] : tensor<2x9x32xf32> into tensor<2x9x4x8xf32>
    %102 = tensor.empty() : tensor<2x4x9x8xf32>
    %103 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_21 : tensor<2x9x4x8xf32>) outs(%102 : tensor<2x4x9x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x8xf32>
    %104 = tensor.empty() : tensor<2x4x9x8xf32>
    %105 = linalg.fill ins(%cst_17 : f32) outs(%104 : tensor<2x4x9x8xf32>) -> tensor<2x4x9x8xf32>
    %106 = linalg.generic {indexing_maps = [#map13, #map18, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%95, %103 : tensor<2x4x9x9xf32>, tensor<2x4x9x8xf32>) outs(%105 : tensor<2x4x9x8xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x4x9x8xf32>
    %107 = tensor.empty() : tensor<2x9x4x8xf32>
    %108 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%106 : tensor<2x4x9x8xf32>) outs(%107 : tensor<2x9x4x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x4x8xf32>
    %collapsed = tensor.collapse_shape %108 [[0], [1], [2, 3]] : tensor<2x9x4x8xf32> into tensor<2x9x32xf32>
    %109 = tensor.empty() : tensor<32x32xf32>
    %110 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_14 : tensor<f32>) outs(%109 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x32xf32>
    %111 = tensor.empty() : tensor<32x32xf32>
    %112 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%110, %arg3 : tensor<32x32xf32>, tensor<32x32xf32>) outs(%111 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x32xf32>
    %113 = tensor.empty() : tensor<2x9x32xf32>
    %114 = linalg.fill ins(%cst_17 : f32) outs(%113 : tensor<2x9x32xf32>) -> tensor<2x9x32xf32>
    %115 = linalg.generic {indexing_maps = [#map8, #map9, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%collapsed, %112 : tensor<2x9x32xf32>, tensor<32x32xf32>) outs(%114 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x9x32xf32>
    %116 = tensor.empty() : tensor<2x9x32xf32>
    %117 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg8, %115 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%116 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %118 = tensor.empty() : tensor<2x9xf32>
    %119 = linalg.fill ins(%cst_17 : f32) outs(%118 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %120 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%117 : tensor<2x9x32xf32>) outs(%119 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %121 = tensor.empty() : tensor<2x9x1xf32>
    %122 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120 : tensor<2x9xf32>) outs(%121 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %123 = tensor.empty() : tensor<2x9x1xf32>
    %124 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_16 : tensor<f32>) outs(%123 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %125 = tensor.empty() : tensor<2x9x1xf32>
    %126 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122, %124 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%125 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %127 = tensor.empty() : tensor<2x9x32xf32>
    %128 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126 : tensor<2x9x1xf32>) outs(%127 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %129 = tensor.empty() : tensor<2x9x32xf32>
    %130 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117, %128 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%129 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %131 = tensor.empty() : tensor<2x9x32xf32>
    %132 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130, %130 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%131 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %133 = tensor.empty() : tensor<2x9x32xf32>
    %134 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8 : tensor<f32>) outs(%133 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %135 = tensor.empty() : tensor<2x9x32xf32>
    %136 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%134, %130 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%135 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %137 = tensor.empty() : tensor<2x9xf32>
    %138 = linalg.fill ins(%cst_17 : f32) outs(%137 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %139 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%132 : tensor<2x9x32xf32>) outs(%138 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %140 = tensor.empty() : tensor<2x9x1xf32>
    %141 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%139 : tensor<2x9xf32>) outs(%140 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %142 = tensor.empty() : tensor<2x9x1xf32>
    %143 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_16 : tensor<f32>) outs(%142 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %144 = tensor.empty() : tensor<2x9x1xf32>
    %145 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%141, %143 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%144 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %146 = tensor.empty() : tensor<2x9x32xf32>
    %147 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126 : tensor<2x9x1xf32>) outs(%146 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %148 = tensor.empty() : tensor<2x9x32xf32>
    %149 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117, %147 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%148 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %150 = tensor.empty() : tensor<2x9x1xf32>
    %151 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_15 : tensor<f32>) outs(%150 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %152 = tensor.empty() : tensor<2x9x1xf32>
    %153 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145, %151 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%152 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %154 = tensor.empty() : tensor<2x9x1xf32>
    %155 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%153 : tensor<2x9x1xf32>) outs(%154 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = math.rsqrt %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %156 = tensor.empty() : tensor<2x9x1xf32>
    %157 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%155, %153 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%156 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %158 = tensor.empty() : tensor<2x9x1xf32>
    %159 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_7 : tensor<f32>) outs(%158 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %160 = tensor.empty() : tensor<2x9x1xf32>
    %161 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%159, %157 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%160 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %162 = tensor.empty() : tensor<2x9x32xf32>
    %163 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%155 : tensor<2x9x1xf32>) outs(%162 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %164 = tensor.empty() : tensor<2x9x32xf32>
    %165 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%149, %163 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%164 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %166 = tensor.empty() : tensor<1x1x32xf32>
    %167 = linalg.generic {indexing_maps = [#map4, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg2 : tensor<32xf32>) outs(%166 : tensor<1x1x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x32xf32>
    %168 = tensor.empty() : tensor<2x9x32xf32>
    %169 = linalg.generic {indexing_maps = [#map5, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%167 : tensor<1x1x32xf32>) outs(%168 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %170 = tensor.empty() : tensor<2x9x32xf32>
    %171 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%165, %169 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%170 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %172 = tensor.empty() : tensor<1x1x32xf32>
    %173 = linalg.generic {indexing_maps = [#map4, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg6 : tensor<32xf32>) outs(%172 : tensor<1x1x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x32xf32>
    %174 = tensor.empty() : tensor<2x9x32xf32>
    %175 = linalg.generic {indexing_maps = [#map5, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%173 : tensor<1x1x32xf32>) outs(%174 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %176 = tensor.empty() : tensor<2x9x32xf32>
    %177 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%171, %175 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%176 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %178 = tensor.empty() : tensor<32x128xf32>
    %179 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_14 : tensor<f32>) outs(%178 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x128xf32>
    %180 = tensor.empty() : tensor<32x128xf32>
    %181 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%179, %arg7 : tensor<32x128xf32>, tensor<32x128xf32>) outs(%180 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x128xf32>
    %182 = tensor.empty() : tensor<2x9x128xf32>
    %183 = linalg.fill ins(%cst_17 : f32) outs(%182 : tensor<2x9x128xf32>) -> tensor<2x9x128xf32>
    %184 = linalg.generic {indexing_maps = [#map8, #map9, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%177, %181 : tensor<2x9x32xf32>, tensor<32x128xf32>) outs(%183 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x9x128xf32>
    %185 = tensor.empty() : tensor<2x9x128xf32>
    %186 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%184, %184 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%185 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %187 = tensor.empty() : tensor<2x9x128xf32>
    %188 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%186, %184 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%187 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %189 = tensor.empty() : tensor<2x9x128xf32>
    %190 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%184, %184 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%189 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %191 = tensor.empty() : tensor<2x9x128xf32>
    %192 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_6 : tensor<f32>) outs(%191 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %193 = tensor.empty() : tensor<2x9x128xf32>
    %194 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%192, %190 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%193 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %195 = tensor.empty() : tensor<2x9x128xf32>
    %196 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_5 : tensor<f32>) outs(%195 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %197 = tensor.empty() : tensor<2x9x128xf32>
    %198 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%196, %188 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%197 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %199 = tensor.empty() : tensor<2x9x128xf32>
    %200 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%184, %198 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%199 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %201 = tensor.empty() : tensor<2x9x128xf32>
    %202 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_4 : tensor<f32>) outs(%201 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %203 = tensor.empty() : tensor<2x9x128xf32>
    %204 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%202, %200 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%203 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %205 = tensor.empty() : tensor<2x9x128xf32>
    %206 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%204 : tensor<2x9x128xf32>) outs(%205 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = math.tanh %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %207 = tensor.empty() : tensor<2x9x128xf32>
    %208 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_9 : tensor<f32>) outs(%207 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %209 = tensor.empty() : tensor<2x9x128xf32>
    %210 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%208, %206 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%209 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %211 = tensor.empty() : tensor<2x9x128xf32>
    %212 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_9 : tensor<f32>) outs(%211 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %213 = tensor.empty() : tensor<2x9x128xf32>
    %214 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%212, %206 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%213 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %215 = tensor.empty() : tensor<2x9x128xf32>
    %216 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3 : tensor<f32>) outs(%215 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %217 = tensor.empty() : tensor<2x9x128xf32>
    %218 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%216, %214 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%217 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %219 = tensor.empty() : tensor<2x9x128xf32>
    %220 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%184, %218 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%219 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %221 = tensor.empty() : tensor<128x32xf32>
    %222 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<f32>) outs(%221 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<128x32xf32>
    %223 = tensor.empty() : tensor<128x32xf32>
    %224 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%222, %arg0 : tensor<128x32xf32>, tensor<128x32xf32>) outs(%223 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<128x32xf32>
    %225 = tensor.empty() : tensor<2x9x32xf32>
    %226 = linalg.fill ins(%cst_17 : f32) outs(%225 : tensor<2x9x32xf32>) -> tensor<2x9x32xf32>
    %227 = linalg.generic {indexing_maps = [#map8, #map9, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%220, %224 : tensor<2x9x128xf32>, tensor<128x32xf32>) outs(%226 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x9x32xf32>
    %228 = tensor.empty() : tensor<2x9x32xf32>
    %229 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117, %227 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%228 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %230 = tensor.empty() : tensor<2x9x32xf32>
    %231 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%229, %arg9 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%230 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %232 = tensor.empty() : tensor<2x9x32xf32>
    %233 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%231, %231 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%232 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %234 = tensor.empty() : tensor<2x9x32xf32>
    %235 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8 : tensor<f32>) outs(%234 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %236 = tensor.empty() : tensor<2x9x32xf32>
    %237 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%235, %231 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%236 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %238 = tensor.empty() : tensor<f32>
    %239 = linalg.fill ins(%cst_17 : f32) outs(%238 : tensor<f32>) -> tensor<f32>
    %240 = linalg.generic {indexing_maps = [#map, #map2], iterator_types = ["reduction", "reduction", "reduction"]} ins(%233 : tensor<2x9x32xf32>) outs(%239 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<f32>
    %241 = tensor.empty() : tensor<f32>
    %242 = linalg.generic {indexing_maps = [#map19, #map19], iterator_types = []} ins(%240 : tensor<f32>) outs(%241 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.divf %in, %cst_0 : f32
      linalg.yield %507 : f32
    } -> tensor<f32>
    %243 = tensor.empty() : tensor<f32>
    %244 = linalg.generic {indexing_maps = [#map19], iterator_types = []} outs(%243 : tensor<f32>) {
    ^bb0(%out: f32):
      linalg.yield %cst : f32
    } -> tensor<f32>
    %245 = tensor.empty() : tensor<2x9x32xf32>
    %246 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%244 : tensor<f32>) outs(%245 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %247 = tensor.empty() : tensor<2x9x32xf32>
    %248 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%246, %237 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%247 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %249 = tensor.empty() : tensor<32x128xf32>
    %250 = linalg.fill ins(%cst_17 : f32) outs(%249 : tensor<32x128xf32>) -> tensor<32x128xf32>
    %251 = linalg.generic {indexing_maps = [#map20, #map21, #map22], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%248, %220 : tensor<2x9x32xf32>, tensor<2x9x128xf32>) outs(%250 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<32x128xf32>
    %252 = tensor.empty() : tensor<128x32xf32>
    %253 = linalg.generic {indexing_maps = [#map23, #map7], iterator_types = ["parallel", "parallel"]} ins(%251 : tensor<32x128xf32>) outs(%252 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<128x32xf32>
    %254 = tensor.empty() : tensor<2x9x128xf32>
    %255 = linalg.fill ins(%cst_17 : f32) outs(%254 : tensor<2x9x128xf32>) -> tensor<2x9x128xf32>
    %256 = linalg.generic {indexing_maps = [#map8, #map24, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%248, %224 : tensor<2x9x32xf32>, tensor<128x32xf32>) outs(%255 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x9x128xf32>
    %257 = tensor.empty() : tensor<128x32xf32>
    %258 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<f32>) outs(%257 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<128x32xf32>
    %259 = tensor.empty() : tensor<128x32xf32>
    %260 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%258, %253 : tensor<128x32xf32>, tensor<128x32xf32>) outs(%259 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<128x32xf32>
    %261 = tensor.empty() : tensor<2x9x128xf32>
    %262 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%184, %256 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%261 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %263 = tensor.empty() : tensor<2x9x128xf32>
    %264 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%256, %218 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%263 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %265 = tensor.empty() : tensor<2x9x128xf32>
    %266 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3 : tensor<f32>) outs(%265 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %267 = tensor.empty() : tensor<2x9x128xf32>
    %268 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%266, %262 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%267 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %269 = tensor.empty() : tensor<2x9x128xf32>
    %270 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%268, %210 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%269 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %271 = tensor.empty() : tensor<2x9x128xf32>
    %272 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%270, %206 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%271 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %273 = tensor.empty() : tensor<2x9x128xf32>
    %274 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%270, %272 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%273 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %275 = tensor.empty() : tensor<2x9x128xf32>
    %276 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_4 : tensor<f32>) outs(%275 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %277 = tensor.empty() : tensor<2x9x128xf32>
    %278 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%276, %274 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%277 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %279 = tensor.empty() : tensor<2x9x128xf32>
    %280 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%264, %278 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%279 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %281 = tensor.empty() : tensor<2x9x128xf32>
    %282 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_5 : tensor<f32>) outs(%281 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x128xf32>
    %283 = tensor.empty() : tensor<2x9x128xf32>
    %284 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%282, %278 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%283 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %285 = tensor.empty() : tensor<2x9x128xf32>
    %286 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%284, %194 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%285 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %287 = tensor.empty() : tensor<2x9x128xf32>
    %288 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%280, %286 : tensor<2x9x128xf32>, tensor<2x9x128xf32>) outs(%287 : tensor<2x9x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x128xf32>
    %289 = tensor.empty() : tensor<128x32xf32>
    %290 = linalg.fill ins(%cst_17 : f32) outs(%289 : tensor<128x32xf32>) -> tensor<128x32xf32>
    %291 = linalg.generic {indexing_maps = [#map20, #map21, #map22], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%288, %177 : tensor<2x9x128xf32>, tensor<2x9x32xf32>) outs(%290 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<128x32xf32>
    %292 = tensor.empty() : tensor<32x128xf32>
    %293 = linalg.generic {indexing_maps = [#map23, #map7], iterator_types = ["parallel", "parallel"]} ins(%291 : tensor<128x32xf32>) outs(%292 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x128xf32>
    %294 = tensor.empty() : tensor<2x9x32xf32>
    %295 = linalg.fill ins(%cst_17 : f32) outs(%294 : tensor<2x9x32xf32>) -> tensor<2x9x32xf32>
    %296 = linalg.generic {indexing_maps = [#map8, #map24, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%288, %181 : tensor<2x9x128xf32>, tensor<32x128xf32>) outs(%295 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x9x32xf32>
    %297 = tensor.empty() : tensor<32x128xf32>
    %298 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_14 : tensor<f32>) outs(%297 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x128xf32>
    %299 = tensor.empty() : tensor<32x128xf32>
    %300 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%298, %293 : tensor<32x128xf32>, tensor<32x128xf32>) outs(%299 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x128xf32>
    %301 = tensor.empty() : tensor<32xf32>
    %302 = linalg.fill ins(%cst_17 : f32) outs(%301 : tensor<32xf32>) -> tensor<32xf32>
    %303 = linalg.generic {indexing_maps = [#map25, #map26], iterator_types = ["parallel", "reduction", "reduction"]} ins(%296 : tensor<2x9x32xf32>) outs(%302 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %expanded_22 = tensor.expand_shape %303 [[0, 1, 2]] output_shape [1, 1, 32] : tensor<32xf32> into tensor<1x1x32xf32>
    %304 = tensor.empty() : tensor<32xf32>
    %305 = linalg.fill ins(%cst_17 : f32) outs(%304 : tensor<32xf32>) -> tensor<32xf32>
    %306 = linalg.generic {indexing_maps = [#map25, #map26], iterator_types = ["parallel", "reduction", "reduction"]} ins(%expanded_22 : tensor<1x1x32xf32>) outs(%305 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %307 = tensor.empty() : tensor<2x9x32xf32>
    %308 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%165, %296 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%307 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %309 = tensor.empty() : tensor<32xf32>
    %310 = linalg.fill ins(%cst_17 : f32) outs(%309 : tensor<32xf32>) -> tensor<32xf32>
    %311 = linalg.generic {indexing_maps = [#map25, #map26], iterator_types = ["parallel", "reduction", "reduction"]} ins(%308 : tensor<2x9x32xf32>) outs(%310 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %expanded_23 = tensor.expand_shape %311 [[0, 1, 2]] output_shape [1, 1, 32] : tensor<32xf32> into tensor<1x1x32xf32>
    %312 = tensor.empty() : tensor<2x9x32xf32>
    %313 = linalg.generic {indexing_maps = [#map5, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%167 : tensor<1x1x32xf32>) outs(%312 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %314 = tensor.empty() : tensor<2x9x32xf32>
    %315 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%296, %313 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%314 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %316 = tensor.empty() : tensor<32xf32>
    %317 = linalg.fill ins(%cst_17 : f32) outs(%316 : tensor<32xf32>) -> tensor<32xf32>
    %318 = linalg.generic {indexing_maps = [#map25, #map26], iterator_types = ["parallel", "reduction", "reduction"]} ins(%expanded_23 : tensor<1x1x32xf32>) outs(%317 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %319 = tensor.empty() : tensor<2x9x32xf32>
    %320 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%149, %315 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%319 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %321 = tensor.empty() : tensor<2x9xf32>
    %322 = linalg.fill ins(%cst_17 : f32) outs(%321 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %323 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%320 : tensor<2x9x32xf32>) outs(%322 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %expanded_24 = tensor.expand_shape %323 [[0], [1, 2]] output_shape [2, 9, 1] : tensor<2x9xf32> into tensor<2x9x1xf32>
    %324 = tensor.empty() : tensor<2x9x32xf32>
    %325 = linalg.generic {indexing_maps = [#map3, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%155 : tensor<2x9x1xf32>) outs(%324 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %326 = tensor.empty() : tensor<2x9x32xf32>
    %327 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%315, %325 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%326 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %328 = tensor.empty() : tensor<2x9x1xf32>
    %329 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_24, %161 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%328 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %330 = tensor.empty() : tensor<2x9x32xf32>
    %331 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%327 : tensor<2x9x32xf32>) outs(%330 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.negf %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %332 = tensor.empty() : tensor<2x9xf32>
    %333 = linalg.fill ins(%cst_17 : f32) outs(%332 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %334 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%331 : tensor<2x9x32xf32>) outs(%333 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %expanded_25 = tensor.expand_shape %334 [[0], [1, 2]] output_shape [2, 9, 1] : tensor<2x9xf32> into tensor<2x9x1xf32>
    %335 = tensor.empty() : tensor<2x9x32xf32>
    %336 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%248, %327 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%335 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %337 = tensor.empty() : tensor<2x9x1xf32>
    %338 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_16 : tensor<f32>) outs(%337 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %339 = tensor.empty() : tensor<2x9x1xf32>
    %340 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%329, %338 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%339 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %341 = tensor.empty() : tensor<2x9xf32>
    %342 = linalg.fill ins(%cst_17 : f32) outs(%341 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %343 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%340 : tensor<2x9x1xf32>) outs(%342 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %344 = tensor.empty() : tensor<2x9x32xf32>
    %345 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%343 : tensor<2x9xf32>) outs(%344 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %346 = tensor.empty() : tensor<2x9x32xf32>
    %347 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%345, %136 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%346 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %348 = tensor.empty() : tensor<2x9x32xf32>
    %349 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%347 : tensor<2x9x32xf32>) outs(%348 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.negf %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %350 = tensor.empty() : tensor<2x9xf32>
    %351 = linalg.fill ins(%cst_17 : f32) outs(%350 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %352 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%349 : tensor<2x9x32xf32>) outs(%351 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %expanded_26 = tensor.expand_shape %352 [[0], [1, 2]] output_shape [2, 9, 1] : tensor<2x9xf32> into tensor<2x9x1xf32>
    %353 = tensor.empty() : tensor<2x9x32xf32>
    %354 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%336, %347 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%353 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %355 = tensor.empty() : tensor<2x9x1xf32>
    %356 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_25, %expanded_26 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%355 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %357 = tensor.empty() : tensor<2x9x1xf32>
    %358 = linalg.generic {indexing_maps = [#map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_16 : tensor<f32>) outs(%357 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x1xf32>
    %359 = tensor.empty() : tensor<2x9x1xf32>
    %360 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%356, %358 : tensor<2x9x1xf32>, tensor<2x9x1xf32>) outs(%359 : tensor<2x9x1xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x1xf32>
    %361 = tensor.empty() : tensor<2x9xf32>
    %362 = linalg.fill ins(%cst_17 : f32) outs(%361 : tensor<2x9xf32>) -> tensor<2x9xf32>
    %363 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction"]} ins(%360 : tensor<2x9x1xf32>) outs(%362 : tensor<2x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x9xf32>
    %364 = tensor.empty() : tensor<2x9x32xf32>
    %365 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%363 : tensor<2x9xf32>) outs(%364 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x32xf32>
    %366 = tensor.empty() : tensor<2x9x32xf32>
    %367 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%354, %365 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%366 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %368 = tensor.empty() : tensor<32x32xf32>
    %369 = linalg.fill ins(%cst_17 : f32) outs(%368 : tensor<32x32xf32>) -> tensor<32x32xf32>
    %370 = linalg.generic {indexing_maps = [#map20, #map21, #map22], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%367, %collapsed : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%369 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<32x32xf32>
    %371 = tensor.empty() : tensor<32x32xf32>
    %372 = linalg.generic {indexing_maps = [#map23, #map7], iterator_types = ["parallel", "parallel"]} ins(%370 : tensor<32x32xf32>) outs(%371 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x32xf32>
    %373 = tensor.empty() : tensor<2x9x32xf32>
    %374 = linalg.fill ins(%cst_17 : f32) outs(%373 : tensor<2x9x32xf32>) -> tensor<2x9x32xf32>
    %375 = linalg.generic {indexing_maps = [#map8, #map24, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%367, %112 : tensor<2x9x32xf32>, tensor<32x32xf32>) outs(%374 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x9x32xf32>
    %376 = tensor.empty() : tensor<32x32xf32>
    %377 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_14 : tensor<f32>) outs(%376 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x32xf32>
    %378 = tensor.empty() : tensor<32x32xf32>
    %379 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%377, %372 : tensor<32x32xf32>, tensor<32x32xf32>) outs(%378 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x32xf32>
    %expanded_27 = tensor.expand_shape %375 [[0], [1], [2, 3]] output_shape [2, 9, 4, 8] : tensor<2x9x32xf32> into tensor<2x9x4x8xf32>
    %380 = tensor.empty() : tensor<2x4x9x8xf32>
    %381 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_27 : tensor<2x9x4x8xf32>) outs(%380 : tensor<2x4x9x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x8xf32>
    %382 = tensor.empty() : tensor<2x4x8x9xf32>
    %383 = linalg.fill ins(%cst_17 : f32) outs(%382 : tensor<2x4x8x9xf32>) -> tensor<2x4x8x9xf32>
    %384 = linalg.generic {indexing_maps = [#map27, #map18, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%381, %95 : tensor<2x4x9x8xf32>, tensor<2x4x9x9xf32>) outs(%383 : tensor<2x4x8x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x4x8x9xf32>
    %385 = tensor.empty() : tensor<2x4x9x8xf32>
    %386 = linalg.generic {indexing_maps = [#map28, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%384 : tensor<2x4x8x9xf32>) outs(%385 : tensor<2x4x9x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x8xf32>
    %387 = tensor.empty() : tensor<2x4x9x9xf32>
    %388 = linalg.fill ins(%cst_17 : f32) outs(%387 : tensor<2x4x9x9xf32>) -> tensor<2x4x9x9xf32>
    %389 = linalg.generic {indexing_maps = [#map13, #map14, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%381, %103 : tensor<2x4x9x8xf32>, tensor<2x4x9x8xf32>) outs(%388 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x4x9x9xf32>
    %390 = tensor.empty() : tensor<2x9x4x8xf32>
    %391 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%386 : tensor<2x4x9x8xf32>) outs(%390 : tensor<2x9x4x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x4x8xf32>
    %collapsed_28 = tensor.collapse_shape %391 [[0], [1], [2, 3]] : tensor<2x9x4x8xf32> into tensor<2x9x32xf32>
    %392 = tensor.empty() : tensor<2x4x9x9xf32>
    %393 = linalg.generic {indexing_maps = [#map17, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%101 : tensor<2x4x9x1xf32>) outs(%392 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %394 = tensor.empty() : tensor<2x4x9x9xf32>
    %395 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%389, %393 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%394 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %396 = tensor.empty() : tensor<2x4x9x9xf32>
    %397 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%395, %86 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%396 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %398 = tensor.empty() : tensor<2x4x9xf32>
    %399 = linalg.fill ins(%cst_17 : f32) outs(%398 : tensor<2x4x9xf32>) -> tensor<2x4x9xf32>
    %400 = linalg.generic {indexing_maps = [#map12, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%397 : tensor<2x4x9x9xf32>) outs(%399 : tensor<2x4x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9xf32>
    %expanded_29 = tensor.expand_shape %400 [[0], [1], [2, 3]] output_shape [2, 4, 9, 1] : tensor<2x4x9xf32> into tensor<2x4x9x1xf32>
    %401 = tensor.empty() : tensor<2x4x9x1xf32>
    %402 = linalg.generic {indexing_maps = [#map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_29 : tensor<2x4x9x1xf32>) outs(%401 : tensor<2x4x9x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.negf %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x1xf32>
    %403 = tensor.empty() : tensor<2x4x9x9xf32>
    %404 = linalg.generic {indexing_maps = [#map17, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%91 : tensor<2x4x9x1xf32>) outs(%403 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %405 = tensor.empty() : tensor<2x4x9x9xf32>
    %406 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%389, %404 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%405 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %407 = tensor.empty() : tensor<2x4x9xf32>
    %408 = linalg.fill ins(%cst_17 : f32) outs(%407 : tensor<2x4x9xf32>) -> tensor<2x4x9xf32>
    %409 = linalg.generic {indexing_maps = [#map12, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%402 : tensor<2x4x9x1xf32>) outs(%408 : tensor<2x4x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9xf32>
    %410 = tensor.empty() : tensor<2x4x9x9xf32>
    %411 = linalg.generic {indexing_maps = [#map10, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%409 : tensor<2x4x9xf32>) outs(%410 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %412 = tensor.empty() : tensor<2x4x9x9xf32>
    %413 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%406, %411 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%412 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.addf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %414 = tensor.empty() : tensor<2x4x9x9xf32>
    %415 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%413, %86 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%414 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %416 = call @_where_0(%71#1, %415) : (tensor<2x4x9x9xi1>, tensor<2x4x9x9xf32>) -> tensor<2x4x9x9xf32>
    %417 = tensor.empty() : tensor<2x4x9x9xf32>
    %418 = linalg.generic {indexing_maps = [#map16, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_13 : tensor<f32>) outs(%417 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %419 = tensor.empty() : tensor<2x4x9x9xf32>
    %420 = linalg.generic {indexing_maps = [#map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%416, %418 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%419 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.divf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x4x9x9xf32>
    %421 = tensor.empty() : tensor<2x4x9x8xf32>
    %422 = linalg.fill ins(%cst_17 : f32) outs(%421 : tensor<2x4x9x8xf32>) -> tensor<2x4x9x8xf32>
    %423 = linalg.generic {indexing_maps = [#map27, #map18, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%420, %58 : tensor<2x4x9x9xf32>, tensor<2x4x9x8xf32>) outs(%422 : tensor<2x4x9x8xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x4x9x8xf32>
    %424 = tensor.empty() : tensor<2x4x9x8xf32>
    %425 = linalg.fill ins(%cst_17 : f32) outs(%424 : tensor<2x4x9x8xf32>) -> tensor<2x4x9x8xf32>
    %426 = linalg.generic {indexing_maps = [#map13, #map18, #map15], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%420, %60 : tensor<2x4x9x9xf32>, tensor<2x4x9x8xf32>) outs(%425 : tensor<2x4x9x8xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x4x9x8xf32>
    %427 = tensor.empty() : tensor<2x9x4x8xf32>
    %428 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%423 : tensor<2x4x9x8xf32>) outs(%427 : tensor<2x9x4x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x4x8xf32>
    %collapsed_30 = tensor.collapse_shape %428 [[0], [1], [2, 3]] : tensor<2x9x4x8xf32> into tensor<2x9x32xf32>
    %429 = tensor.empty() : tensor<2x9x4x8xf32>
    %430 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%426 : tensor<2x4x9x8xf32>) outs(%429 : tensor<2x9x4x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x9x4x8xf32>
    %collapsed_31 = tensor.collapse_shape %430 [[0], [1], [2, 3]] : tensor<2x9x4x8xf32> into tensor<2x9x32xf32>
    %431 = tensor.empty() : tensor<2x9x96xf32>
    %432 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel"]} outs(%431 : tensor<2x9x96xf32>) {
    ^bb0(%out: f32):
      %507 = linalg.index 0 : index
      %508 = linalg.index 1 : index
      %509 = linalg.index 2 : index
      %510 = arith.cmpi ult, %509, %c32 : index
      %511 = scf.if %510 -> (f32) {
        %extracted = tensor.extract %collapsed_31[%507, %508, %509] : tensor<2x9x32xf32>
        scf.yield %extracted : f32
      } else {
        %512 = arith.cmpi ult, %509, %c64 : index
        %513 = scf.if %512 -> (f32) {
          %514 = arith.subi %509, %c32 : index
          %extracted = tensor.extract %collapsed_30[%507, %508, %514] : tensor<2x9x32xf32>
          scf.yield %extracted : f32
        } else {
          %514 = arith.subi %509, %c64 : index
          %extracted = tensor.extract %collapsed_28[%507, %508, %514] : tensor<2x9x32xf32>
          scf.yield %extracted : f32
        }
        scf.yield %513 : f32
      }
      linalg.yield %511 : f32
    } -> tensor<2x9x96xf32>
    %433 = tensor.empty() : tensor<96x32xf32>
    %434 = linalg.fill ins(%cst_17 : f32) outs(%433 : tensor<96x32xf32>) -> tensor<96x32xf32>
    %435 = linalg.generic {indexing_maps = [#map20, #map21, #map22], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%432, %49 : tensor<2x9x96xf32>, tensor<2x9x32xf32>) outs(%434 : tensor<96x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<96x32xf32>
    %436 = tensor.empty() : tensor<32x96xf32>
    %437 = linalg.generic {indexing_maps = [#map23, #map7], iterator_types = ["parallel", "parallel"]} ins(%435 : tensor<96x32xf32>) outs(%436 : tensor<32x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x96xf32>
    %438 = tensor.empty() : tensor<2x9x32xf32>
    %439 = linalg.fill ins(%cst_17 : f32) outs(%438 : tensor<2x9x32xf32>) -> tensor<2x9x32xf32>
    %440 = linalg.generic {indexing_maps = [#map8, #map24, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%432, %53 : tensor<2x9x96xf32>, tensor<32x96xf32>) outs(%439 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      %508 = arith.addf %out, %507 : f32
      linalg.yield %508 : f32
    } -> tensor<2x9x32xf32>
    %441 = tensor.empty() : tensor<32x96xf32>
    %442 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_14 : tensor<f32>) outs(%441 : tensor<32x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x96xf32>
    %443 = tensor.empty() : tensor<32x96xf32>
    %444 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%442, %437 : tensor<32x96xf32>, tensor<32x96xf32>) outs(%443 : tensor<32x96xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x96xf32>
    %445 = tensor.empty() : tensor<32xf32>
    %446 = linalg.fill ins(%cst_17 : f32) outs(%445 : tensor<32xf32>) -> tensor<32xf32>
    %447 = linalg.generic {indexing_maps = [#map25, #map26], iterator_types = ["parallel", "reduction", "reduction"]} ins(%440 : tensor<2x9x32xf32>) outs(%446 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %expanded_32 = tensor.expand_shape %447 [[0, 1, 2]] output_shape [1, 1, 32] : tensor<32xf32> into tensor<1x1x32xf32>
    %448 = tensor.empty() : tensor<32xf32>
    %449 = linalg.fill ins(%cst_17 : f32) outs(%448 : tensor<32xf32>) -> tensor<32xf32>
    %450 = linalg.generic {indexing_maps = [#map25, #map26], iterator_types = ["parallel", "reduction", "reduction"]} ins(%expanded_32 : tensor<1x1x32xf32>) outs(%449 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %451 = tensor.empty() : tensor<2x9x32xf32>
    %452 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37, %440 : tensor<2x9x32xf32>, tensor<2x9x32xf32>) outs(%451 : tensor<2x9x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<2x9x32xf32>
    %453 = tensor.empty() : tensor<32xf32>
    %454 = linalg.fill ins(%cst_17 : f32) outs(%453 : tensor<32xf32>) -> tensor<32xf32>
    %455 = linalg.generic {indexing_maps = [#map25, #map26], iterator_types = ["parallel", "reduction", "reduction"]} ins(%452 : tensor<2x9x32xf32>) outs(%454 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %expanded_33 = tensor.expand_shape %455 [[0, 1, 2]] output_shape [1, 1, 32] : tensor<32xf32> into tensor<1x1x32xf32>
    %456 = tensor.empty() : tensor<32xf32>
    %457 = linalg.fill ins(%cst_17 : f32) outs(%456 : tensor<32xf32>) -> tensor<32xf32>
    %458 = linalg.generic {indexing_maps = [#map25, #map26], iterator_types = ["parallel", "reduction", "reduction"]} ins(%expanded_33 : tensor<1x1x32xf32>) outs(%457 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %507 = arith.addf %out, %in : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %459 = tensor.empty() : tensor<128x32xf32>
    %460 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<f32>) outs(%459 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<128x32xf32>
    %461 = tensor.empty() : tensor<128x32xf32>
    %462 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%460, %260 : tensor<128x32xf32>, tensor<128x32xf32>) outs(%461 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<128x32xf32>
    %463 = tensor.empty() : tensor<128x32xf32>
    %464 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%arg0, %462 : tensor<128x32xf32>, tensor<128x32xf32>) outs(%463 : tensor<128x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<128x32xf32>
    %465 = tensor.empty() : tensor<32xf32>
    %466 = linalg.generic {indexing_maps = [#map29, #map30], iterator_types = ["parallel"]} ins(%cst_2 : tensor<f32>) outs(%465 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32xf32>
    %467 = tensor.empty() : tensor<32xf32>
    %468 = linalg.generic {indexing_maps = [#map30, #map30, #map30], iterator_types = ["parallel"]} ins(%466, %458 : tensor<32xf32>, tensor<32xf32>) outs(%467 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %469 = tensor.empty() : tensor<32xf32>
    %470 = linalg.generic {indexing_maps = [#map30, #map30, #map30], iterator_types = ["parallel"]} ins(%arg1, %468 : tensor<32xf32>, tensor<32xf32>) outs(%469 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %471 = tensor.empty() : tensor<32xf32>
    %472 = linalg.generic {indexing_maps = [#map29, #map30], iterator_types = ["parallel"]} ins(%cst_2 : tensor<f32>) outs(%471 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32xf32>
    %473 = tensor.empty() : tensor<32xf32>
    %474 = linalg.generic {indexing_maps = [#map30, #map30, #map30], iterator_types = ["parallel"]} ins(%472, %318 : tensor<32xf32>, tensor<32xf32>) outs(%473 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %475 = tensor.empty() : tensor<32xf32>
    %476 = linalg.generic {indexing_maps = [#map30, #map30, #map30], iterator_types = ["parallel"]} ins(%arg2, %474 : tensor<32xf32>, tensor<32xf32>) outs(%475 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %477 = tensor.empty() : tensor<32x32xf32>
    %478 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<f32>) outs(%477 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x32xf32>
    %479 = tensor.empty() : tensor<32x32xf32>
    %480 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%478, %379 : tensor<32x32xf32>, tensor<32x32xf32>) outs(%479 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x32xf32>
    %481 = tensor.empty() : tensor<32x32xf32>
    %482 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%arg3, %480 : tensor<32x32xf32>, tensor<32x32xf32>) outs(%481 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x32xf32>
    %483 = tensor.empty() : tensor<32x96xf32>
    %484 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<f32>) outs(%483 : tensor<32x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x96xf32>
    %485 = tensor.empty() : tensor<32x96xf32>
    %486 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%484, %444 : tensor<32x96xf32>, tensor<32x96xf32>) outs(%485 : tensor<32x96xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x96xf32>
    %487 = tensor.empty() : tensor<32x96xf32>
    %488 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%arg4, %486 : tensor<32x96xf32>, tensor<32x96xf32>) outs(%487 : tensor<32x96xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x96xf32>
    %489 = tensor.empty() : tensor<32xf32>
    %490 = linalg.generic {indexing_maps = [#map29, #map30], iterator_types = ["parallel"]} ins(%cst_2 : tensor<f32>) outs(%489 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32xf32>
    %491 = tensor.empty() : tensor<32xf32>
    %492 = linalg.generic {indexing_maps = [#map30, #map30, #map30], iterator_types = ["parallel"]} ins(%490, %450 : tensor<32xf32>, tensor<32xf32>) outs(%491 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %493 = tensor.empty() : tensor<32xf32>
    %494 = linalg.generic {indexing_maps = [#map30, #map30, #map30], iterator_types = ["parallel"]} ins(%arg5, %492 : tensor<32xf32>, tensor<32xf32>) outs(%493 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %495 = tensor.empty() : tensor<32xf32>
    %496 = linalg.generic {indexing_maps = [#map29, #map30], iterator_types = ["parallel"]} ins(%cst_2 : tensor<f32>) outs(%495 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32xf32>
    %497 = tensor.empty() : tensor<32xf32>
    %498 = linalg.generic {indexing_maps = [#map30, #map30, #map30], iterator_types = ["parallel"]} ins(%496, %306 : tensor<32xf32>, tensor<32xf32>) outs(%497 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %499 = tensor.empty() : tensor<32xf32>
    %500 = linalg.generic {indexing_maps = [#map30, #map30, #map30], iterator_types = ["parallel"]} ins(%arg6, %498 : tensor<32xf32>, tensor<32xf32>) outs(%499 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32xf32>
    %501 = tensor.empty() : tensor<32x128xf32>
    %502 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<f32>) outs(%501 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x128xf32>
    %503 = tensor.empty() : tensor<32x128xf32>
    %504 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%502, %300 : tensor<32x128xf32>, tensor<32x128xf32>) outs(%503 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.mulf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x128xf32>
    %505 = tensor.empty() : tensor<32x128xf32>
    %506 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%arg7, %504 : tensor<32x128xf32>, tensor<32x128xf32>) outs(%505 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %in_34: f32, %out: f32):
      %507 = arith.subf %in, %in_34 : f32
      linalg.yield %507 : f32
    } -> tensor<32x128xf32>
    return %242, %464, %470, %476, %482, %488, %494, %500, %506 : tensor<f32>, tensor<128x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32x96xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x128xf32>
  }
  func.func private @tril(%arg0: tensor<9x9xi1>) -> tensor<9x9xi1> {
    %cst = arith.constant dense<false> : tensor<i1>
    %cst_0 = arith.constant dense<0> : tensor<i32>
    %0 = tensor.empty() : tensor<9x9xi32>
    %1 = linalg.generic {indexing_maps = [#map7], iterator_types = ["parallel", "parallel"]} outs(%0 : tensor<9x9xi32>) {
    ^bb0(%out: i32):
      %14 = linalg.index 0 : index
      %15 = arith.index_cast %14 : index to i32
      linalg.yield %15 : i32
    } -> tensor<9x9xi32>
    %2 = tensor.empty() : tensor<9x9xi32>
    %3 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_0 : tensor<i32>) outs(%2 : tensor<9x9xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<9x9xi32>
    %4 = tensor.empty() : tensor<9x9xi32>
    %5 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%1, %3 : tensor<9x9xi32>, tensor<9x9xi32>) outs(%4 : tensor<9x9xi32>) {
    ^bb0(%in: i32, %in_1: i32, %out: i32):
      %14 = arith.addi %in, %in_1 : i32
      linalg.yield %14 : i32
    } -> tensor<9x9xi32>
    %6 = tensor.empty() : tensor<9x9xi32>
    %7 = linalg.generic {indexing_maps = [#map7], iterator_types = ["parallel", "parallel"]} outs(%6 : tensor<9x9xi32>) {
    ^bb0(%out: i32):
      %14 = linalg.index 1 : index
      %15 = arith.index_cast %14 : index to i32
      linalg.yield %15 : i32
    } -> tensor<9x9xi32>
    %8 = tensor.empty() : tensor<9x9xi1>
    %9 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%5, %7 : tensor<9x9xi32>, tensor<9x9xi32>) outs(%8 : tensor<9x9xi1>) {
    ^bb0(%in: i32, %in_1: i32, %out: i1):
      %14 = arith.cmpi sge, %in, %in_1 : i32
      linalg.yield %14 : i1
    } -> tensor<9x9xi1>
    %10 = tensor.empty() : tensor<9x9xi1>
    %11 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst : tensor<i1>) outs(%10 : tensor<9x9xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<9x9xi1>
    %12 = tensor.empty() : tensor<9x9xi1>
    %13 = linalg.generic {indexing_maps = [#map7, #map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%9, %arg0, %11 : tensor<9x9xi1>, tensor<9x9xi1>, tensor<9x9xi1>) outs(%12 : tensor<9x9xi1>) {
    ^bb0(%in: i1, %in_1: i1, %in_2: i1, %out: i1):
      %14 = arith.select %in, %in_1, %in_2 : i1
      linalg.yield %14 : i1
    } -> tensor<9x9xi1>
    return %13 : tensor<9x9xi1>
  }
  func.func private @_where(%arg0: tensor<9x9xi1>, %arg1: tensor<2x4x9x9xf32>, %arg2: tensor<f32>) -> (tensor<2x4x9x9xf32>, tensor<2x4x9x9xi1>) {
    %0 = tensor.empty() : tensor<2x4x9x9xi1>
    %1 = linalg.generic {indexing_maps = [#map24, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0 : tensor<9x9xi1>) outs(%0 : tensor<2x4x9x9xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x4x9x9xi1>
    %2 = tensor.empty() : tensor<2x4x9x9xf32>
    %3 = linalg.generic {indexing_maps = [#map16, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg2 : tensor<f32>) outs(%2 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %4 = tensor.empty() : tensor<2x4x9x9xf32>
    %5 = linalg.generic {indexing_maps = [#map12, #map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%1, %arg1, %3 : tensor<2x4x9x9xi1>, tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%4 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: i1, %in_0: f32, %in_1: f32, %out: f32):
      %6 = arith.select %in, %in_0, %in_1 : f32
      linalg.yield %6 : f32
    } -> tensor<2x4x9x9xf32>
    return %5, %1 : tensor<2x4x9x9xf32>, tensor<2x4x9x9xi1>
  }
  func.func private @_where_0(%arg0: tensor<2x4x9x9xi1>, %arg1: tensor<2x4x9x9xf32>) -> tensor<2x4x9x9xf32> {
    %cst = arith.constant dense<0.000000e+00> : tensor<f32>
    %0 = tensor.empty() : tensor<2x4x9x9xf32>
    %1 = linalg.generic {indexing_maps = [#map16, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst : tensor<f32>) outs(%0 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x4x9x9xf32>
    %2 = tensor.empty() : tensor<2x4x9x9xf32>
    %3 = linalg.generic {indexing_maps = [#map12, #map12, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0, %arg1, %1 : tensor<2x4x9x9xi1>, tensor<2x4x9x9xf32>, tensor<2x4x9x9xf32>) outs(%2 : tensor<2x4x9x9xf32>) {
    ^bb0(%in: i1, %in_0: f32, %in_1: f32, %out: f32):
      %4 = arith.select %in, %in_0, %in_1 : f32
      linalg.yield %4 : f32
    } -> tensor<2x4x9x9xf32>
    return %3 : tensor<2x4x9x9xf32>
  }
}
