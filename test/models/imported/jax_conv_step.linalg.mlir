#map = affine_map<(d0, d1, d2, d3) -> (d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d1, d2, d3, d0)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0)>
#map5 = affine_map<(d0) -> ()>
#map6 = affine_map<(d0) -> (d0)>
#map7 = affine_map<(d0, d1, d2, d3) -> ()>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d0, d1)>
#map10 = affine_map<(d0, d1) -> ()>
#map11 = affine_map<(d0, d1) -> (d0, d1)>
#map12 = affine_map<(d0, d1) -> (d1)>
#map13 = affine_map<(d0, d1) -> (0, d1)>
#map14 = affine_map<(d0, d1) -> (d0)>
#map15 = affine_map<() -> ()>
#map16 = affine_map<(d0, d1) -> (d1, d0)>
#map17 = affine_map<(d0, d1, d2) -> (d2, d0)>
#map18 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map19 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map20 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map21 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map22 = affine_map<(d0, d1, d2, d3) -> (d0, d3)>
#map23 = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d2 + d3, d4 + d5, d6)>
#map24 = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d3, d5, d1)>
#map25 = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d2, d4, d6, d1)>
#map26 = affine_map<(d0, d1, d2, d3) -> (-d0 + 2, -d1 + 2, d2, d3)>
#map27 = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d6, d2 + d3, d4 + d5, d0)>
#map28 = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d5, d1, d0)>
#map29 = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d6, d2, d4, d1)>
#map30 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 * 2 + d4, d2 * 2 + d5, d3)>
#map31 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5)>
#map32 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3)>
#map33 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d3, d5)>
#map34 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
#map35 = affine_map<(d0, d1) -> (d0, 0)>
module @jit_step attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} {
  func.func public @main(%arg0: tensor<10xf32>, %arg1: tensor<8xf32>, %arg2: tensor<16xf32>, %arg3: tensor<3x3x1x8xf32>, %arg4: tensor<3x3x8x16xf32>, %arg5: tensor<8xf32>, %arg6: tensor<8xf32>, %arg7: tensor<16x10xf32>, %arg8: tensor<6x8x8x1xf32>, %arg9: tensor<6xi32>) -> (tensor<f32> {jax.result_info = "result[0]"}, tensor<10xf32> {jax.result_info = "result[1]['b']"}, tensor<8xf32> {jax.result_info = "result[1]['b1']"}, tensor<16xf32> {jax.result_info = "result[1]['b2']"}, tensor<3x3x1x8xf32> {jax.result_info = "result[1]['c1']"}, tensor<3x3x8x16xf32> {jax.result_info = "result[1]['c2']"}, tensor<8xf32> {jax.result_info = "result[1]['g1']"}, tensor<8xf32> {jax.result_info = "result[1]['s1']"}, tensor<16x10xf32> {jax.result_info = "result[1]['w']"}) {
    %cst = arith.constant -1.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %c2 = arith.constant 2 : index
    %c-1_i32 = arith.constant -1 : i32
    %cst_1 = arith.constant 6.000000e+00 : f32
    %cst_2 = arith.constant 0.000000e+00 : f32
    %cst_3 = arith.constant dense<1.000000e-01> : tensor<f32>
    %cst_4 = arith.constant dense<4.000000e+00> : tensor<f32>
    %cst_5 = arith.constant dense<-5.000000e-01> : tensor<f32>
    %cst_6 = arith.constant dense<9.99999974E-6> : tensor<f32>
    %cst_7 = arith.constant dense<2.000000e+00> : tensor<f32>
    %cst_8 = arith.constant dense<3.840000e+02> : tensor<f32>
    %cst_9 = arith.constant dense<0.000000e+00> : tensor<f32>
    %0 = tensor.empty() : tensor<6x8x8x8xf32>
    %1 = linalg.fill ins(%cst_2 : f32) outs(%0 : tensor<6x8x8x8xf32>) -> tensor<6x8x8x8xf32>
    %padded = tensor.pad %arg8 low[0, 1, 1, 0] high[0, 1, 1, 0] {
    ^bb0(%arg10: index, %arg11: index, %arg12: index, %arg13: index):
      tensor.yield %cst_2 : f32
    } : tensor<6x8x8x1xf32> to tensor<6x10x10x1xf32>
    %2 = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>} ins(%padded, %arg3 : tensor<6x10x10x1xf32>, tensor<3x3x1x8xf32>) outs(%1 : tensor<6x8x8x8xf32>) -> tensor<6x8x8x8xf32>
    %3 = tensor.empty() : tensor<1x1x1x8xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg1 : tensor<8xf32>) outs(%3 : tensor<1x1x1x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x1x8xf32>
    %5 = tensor.empty() : tensor<6x8x8x8xf32>
    %6 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%4 : tensor<1x1x1x8xf32>) outs(%5 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %7 = tensor.empty() : tensor<6x8x8x8xf32>
    %8 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%2, %6 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%7 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.addf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %9 = tensor.empty() : tensor<8xf32>
    %10 = linalg.fill ins(%cst_2 : f32) outs(%9 : tensor<8xf32>) -> tensor<8xf32>
    %11 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%8 : tensor<6x8x8x8xf32>) outs(%10 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %12 = tensor.empty() : tensor<8xf32>
    %13 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_8 : tensor<f32>) outs(%12 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %14 = tensor.empty() : tensor<8xf32>
    %15 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%11, %13 : tensor<8xf32>, tensor<8xf32>) outs(%14 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.divf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %16 = tensor.empty() : tensor<1x1x1x8xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%15 : tensor<8xf32>) outs(%16 : tensor<1x1x1x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x1x8xf32>
    %18 = tensor.empty() : tensor<6x8x8x8xf32>
    %19 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%17 : tensor<1x1x1x8xf32>) outs(%18 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %20 = tensor.empty() : tensor<6x8x8x8xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8, %19 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%20 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %22 = tensor.empty() : tensor<6x8x8x8xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%21, %21 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%22 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %24 = tensor.empty() : tensor<6x8x8x8xf32>
    %25 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_7 : tensor<f32>) outs(%24 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %26 = tensor.empty() : tensor<6x8x8x8xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%25, %21 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%26 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %28 = tensor.empty() : tensor<8xf32>
    %29 = linalg.fill ins(%cst_2 : f32) outs(%28 : tensor<8xf32>) -> tensor<8xf32>
    %30 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%23 : tensor<6x8x8x8xf32>) outs(%29 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %31 = tensor.empty() : tensor<8xf32>
    %32 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_8 : tensor<f32>) outs(%31 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %33 = tensor.empty() : tensor<8xf32>
    %34 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%30, %32 : tensor<8xf32>, tensor<8xf32>) outs(%33 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.divf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %35 = tensor.empty() : tensor<1x1x1x8xf32>
    %36 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%15 : tensor<8xf32>) outs(%35 : tensor<1x1x1x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x1x8xf32>
    %37 = tensor.empty() : tensor<6x8x8x8xf32>
    %38 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%36 : tensor<1x1x1x8xf32>) outs(%37 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %39 = tensor.empty() : tensor<6x8x8x8xf32>
    %40 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8, %38 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%39 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %41 = tensor.empty() : tensor<8xf32>
    %42 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_6 : tensor<f32>) outs(%41 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %43 = tensor.empty() : tensor<8xf32>
    %44 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%34, %42 : tensor<8xf32>, tensor<8xf32>) outs(%43 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.addf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %45 = tensor.empty() : tensor<8xf32>
    %46 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel"]} ins(%44 : tensor<8xf32>) outs(%45 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = math.rsqrt %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %47 = tensor.empty() : tensor<8xf32>
    %48 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%46, %44 : tensor<8xf32>, tensor<8xf32>) outs(%47 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.divf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %49 = tensor.empty() : tensor<8xf32>
    %50 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_5 : tensor<f32>) outs(%49 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %51 = tensor.empty() : tensor<8xf32>
    %52 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%50, %48 : tensor<8xf32>, tensor<8xf32>) outs(%51 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %53 = tensor.empty() : tensor<1x1x1x8xf32>
    %54 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%46 : tensor<8xf32>) outs(%53 : tensor<1x1x1x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x1x8xf32>
    %55 = tensor.empty() : tensor<6x8x8x8xf32>
    %56 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%54 : tensor<1x1x1x8xf32>) outs(%55 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %57 = tensor.empty() : tensor<6x8x8x8xf32>
    %58 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%40, %56 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%57 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %59 = tensor.empty() : tensor<1x1x1x8xf32>
    %60 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg5 : tensor<8xf32>) outs(%59 : tensor<1x1x1x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x1x8xf32>
    %61 = tensor.empty() : tensor<6x8x8x8xf32>
    %62 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%60 : tensor<1x1x1x8xf32>) outs(%61 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %63 = tensor.empty() : tensor<6x8x8x8xf32>
    %64 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%58, %62 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%63 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %65 = tensor.empty() : tensor<1x1x1x8xf32>
    %66 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg6 : tensor<8xf32>) outs(%65 : tensor<1x1x1x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x1x8xf32>
    %67 = tensor.empty() : tensor<6x8x8x8xf32>
    %68 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%66 : tensor<1x1x1x8xf32>) outs(%67 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %69 = tensor.empty() : tensor<6x8x8x8xf32>
    %70 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%64, %68 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%69 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.addf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %71 = call @relu(%70) : (tensor<6x8x8x8xf32>) -> tensor<6x8x8x8xf32>
    %72 = tensor.empty() : tensor<6x8x8x8xf32>
    %73 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_9 : tensor<f32>) outs(%72 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %74 = tensor.empty() : tensor<6x8x8x8xi1>
    %75 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70, %73 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%74 : tensor<6x8x8x8xi1>) {
    ^bb0(%in: f32, %in_21: f32, %out: i1):
      %314 = arith.cmpf ogt, %in, %in_21 : f32
      linalg.yield %314 : i1
    } -> tensor<6x8x8x8xi1>
    %76 = tensor.empty() : tensor<2x2xf32>
    %77 = tensor.empty() : tensor<6x4x4x8xf32>
    %78 = linalg.fill ins(%cst_0 : f32) outs(%77 : tensor<6x4x4x8xf32>) -> tensor<6x4x4x8xf32>
    %79 = linalg.pooling_nhwc_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>} ins(%71, %76 : tensor<6x8x8x8xf32>, tensor<2x2xf32>) outs(%78 : tensor<6x4x4x8xf32>) -> tensor<6x4x4x8xf32>
    %80 = tensor.empty() : tensor<6x2x2x16xf32>
    %81 = linalg.fill ins(%cst_2 : f32) outs(%80 : tensor<6x2x2x16xf32>) -> tensor<6x2x2x16xf32>
    %padded_10 = tensor.pad %79 low[0, 0, 0, 0] high[0, 1, 1, 0] {
    ^bb0(%arg10: index, %arg11: index, %arg12: index, %arg13: index):
      tensor.yield %cst_2 : f32
    } : tensor<6x4x4x8xf32> to tensor<6x5x5x8xf32>
    %82 = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>} ins(%padded_10, %arg4 : tensor<6x5x5x8xf32>, tensor<3x3x8x16xf32>) outs(%81 : tensor<6x2x2x16xf32>) -> tensor<6x2x2x16xf32>
    %83 = tensor.empty() : tensor<1x1x1x16xf32>
    %84 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg2 : tensor<16xf32>) outs(%83 : tensor<1x1x1x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x1x1x16xf32>
    %85 = tensor.empty() : tensor<6x2x2x16xf32>
    %86 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%84 : tensor<1x1x1x16xf32>) outs(%85 : tensor<6x2x2x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x2x2x16xf32>
    %87 = tensor.empty() : tensor<6x2x2x16xf32>
    %88 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%82, %86 : tensor<6x2x2x16xf32>, tensor<6x2x2x16xf32>) outs(%87 : tensor<6x2x2x16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.addf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x2x2x16xf32>
    %89 = call @relu_0(%88) : (tensor<6x2x2x16xf32>) -> tensor<6x2x2x16xf32>
    %90 = tensor.empty() : tensor<6x2x2x16xf32>
    %91 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_9 : tensor<f32>) outs(%90 : tensor<6x2x2x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x2x2x16xf32>
    %92 = tensor.empty() : tensor<6x2x2x16xi1>
    %93 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%88, %91 : tensor<6x2x2x16xf32>, tensor<6x2x2x16xf32>) outs(%92 : tensor<6x2x2x16xi1>) {
    ^bb0(%in: f32, %in_21: f32, %out: i1):
      %314 = arith.cmpf ogt, %in, %in_21 : f32
      linalg.yield %314 : i1
    } -> tensor<6x2x2x16xi1>
    %94 = tensor.empty() : tensor<6x16xf32>
    %95 = linalg.fill ins(%cst_2 : f32) outs(%94 : tensor<6x16xf32>) -> tensor<6x16xf32>
    %96 = linalg.generic {indexing_maps = [#map8, #map9], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%89 : tensor<6x2x2x16xf32>) outs(%95 : tensor<6x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<6x16xf32>
    %97 = tensor.empty() : tensor<6x16xf32>
    %98 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel"]} ins(%cst_4 : tensor<f32>) outs(%97 : tensor<6x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x16xf32>
    %99 = tensor.empty() : tensor<6x16xf32>
    %100 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%96, %98 : tensor<6x16xf32>, tensor<6x16xf32>) outs(%99 : tensor<6x16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.divf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x16xf32>
    %101 = tensor.empty() : tensor<6x10xf32>
    %102 = linalg.fill ins(%cst_2 : f32) outs(%101 : tensor<6x10xf32>) -> tensor<6x10xf32>
    %103 = linalg.matmul ins(%100, %arg7 : tensor<6x16xf32>, tensor<16x10xf32>) outs(%102 : tensor<6x10xf32>) -> tensor<6x10xf32>
    %104 = tensor.empty() : tensor<1x10xf32>
    %105 = linalg.generic {indexing_maps = [#map12, #map11], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<10xf32>) outs(%104 : tensor<1x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x10xf32>
    %106 = tensor.empty() : tensor<6x10xf32>
    %107 = linalg.generic {indexing_maps = [#map13, #map11], iterator_types = ["parallel", "parallel"]} ins(%105 : tensor<1x10xf32>) outs(%106 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x10xf32>
    %108 = tensor.empty() : tensor<6x10xf32>
    %109 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%103, %107 : tensor<6x10xf32>, tensor<6x10xf32>) outs(%108 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.addf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x10xf32>
    %110:3 = call @log_softmax(%109) : (tensor<6x10xf32>) -> (tensor<6x10xf32>, tensor<6x10xf32>, tensor<6x1xf32>)
    %111 = call @_one_hot(%arg9) : (tensor<6xi32>) -> tensor<6x10xf32>
    %112 = tensor.empty() : tensor<6x10xf32>
    %113 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%110#0, %111 : tensor<6x10xf32>, tensor<6x10xf32>) outs(%112 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x10xf32>
    %114 = tensor.empty() : tensor<6xf32>
    %115 = linalg.fill ins(%cst_2 : f32) outs(%114 : tensor<6xf32>) -> tensor<6xf32>
    %116 = linalg.generic {indexing_maps = [#map11, #map14], iterator_types = ["parallel", "reduction"]} ins(%113 : tensor<6x10xf32>) outs(%115 : tensor<6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<6xf32>
    %117 = tensor.empty() : tensor<f32>
    %118 = linalg.fill ins(%cst_2 : f32) outs(%117 : tensor<f32>) -> tensor<f32>
    %119 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["reduction"]} ins(%116 : tensor<6xf32>) outs(%118 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<f32>
    %120 = tensor.empty() : tensor<f32>
    %121 = linalg.generic {indexing_maps = [#map15, #map15], iterator_types = []} ins(%119 : tensor<f32>) outs(%120 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.divf %in, %cst_1 : f32
      linalg.yield %314 : f32
    } -> tensor<f32>
    %122 = tensor.empty() : tensor<f32>
    %123 = linalg.generic {indexing_maps = [#map15, #map15], iterator_types = []} ins(%121 : tensor<f32>) outs(%122 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.negf %in : f32
      linalg.yield %314 : f32
    } -> tensor<f32>
    %124 = tensor.empty() : tensor<f32>
    %125 = linalg.generic {indexing_maps = [#map15], iterator_types = []} outs(%124 : tensor<f32>) {
    ^bb0(%out: f32):
      linalg.yield %cst : f32
    } -> tensor<f32>
    %126 = tensor.empty() : tensor<f32>
    %127 = linalg.generic {indexing_maps = [#map15, #map15], iterator_types = []} ins(%125 : tensor<f32>) outs(%126 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.divf %in, %cst_1 : f32
      linalg.yield %314 : f32
    } -> tensor<f32>
    %128 = tensor.empty() : tensor<6xf32>
    %129 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%127 : tensor<f32>) outs(%128 : tensor<6xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6xf32>
    %130 = tensor.empty() : tensor<6x10xf32>
    %131 = linalg.generic {indexing_maps = [#map14, #map11], iterator_types = ["parallel", "parallel"]} ins(%129 : tensor<6xf32>) outs(%130 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x10xf32>
    %132 = tensor.empty() : tensor<6x10xf32>
    %133 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%131, %111 : tensor<6x10xf32>, tensor<6x10xf32>) outs(%132 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x10xf32>
    %134 = call @log_softmax_1(%110#1, %110#2, %133) : (tensor<6x10xf32>, tensor<6x1xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
    %135 = tensor.empty() : tensor<10xf32>
    %136 = linalg.fill ins(%cst_2 : f32) outs(%135 : tensor<10xf32>) -> tensor<10xf32>
    %137 = linalg.generic {indexing_maps = [#map16, #map14], iterator_types = ["parallel", "reduction"]} ins(%134 : tensor<6x10xf32>) outs(%136 : tensor<10xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<10xf32>
    %expanded = tensor.expand_shape %137 [[0, 1]] output_shape [1, 10] : tensor<10xf32> into tensor<1x10xf32>
    %138 = tensor.empty() : tensor<10xf32>
    %139 = linalg.fill ins(%cst_2 : f32) outs(%138 : tensor<10xf32>) -> tensor<10xf32>
    %140 = linalg.generic {indexing_maps = [#map16, #map14], iterator_types = ["parallel", "reduction"]} ins(%expanded : tensor<1x10xf32>) outs(%139 : tensor<10xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<10xf32>
    %141 = tensor.empty() : tensor<10x16xf32>
    %142 = linalg.fill ins(%cst_2 : f32) outs(%141 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %143 = linalg.generic {indexing_maps = [#map17, #map18, #map19], iterator_types = ["parallel", "parallel", "reduction"]} ins(%134, %100 : tensor<6x10xf32>, tensor<6x16xf32>) outs(%142 : tensor<10x16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      %315 = arith.addf %out, %314 : f32
      linalg.yield %315 : f32
    } -> tensor<10x16xf32>
    %144 = tensor.empty() : tensor<16x10xf32>
    %145 = linalg.generic {indexing_maps = [#map16, #map11], iterator_types = ["parallel", "parallel"]} ins(%143 : tensor<10x16xf32>) outs(%144 : tensor<16x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<16x10xf32>
    %146 = tensor.empty() : tensor<6x16xf32>
    %147 = linalg.fill ins(%cst_2 : f32) outs(%146 : tensor<6x16xf32>) -> tensor<6x16xf32>
    %148 = linalg.generic {indexing_maps = [#map20, #map21, #map19], iterator_types = ["parallel", "parallel", "reduction"]} ins(%134, %arg7 : tensor<6x10xf32>, tensor<16x10xf32>) outs(%147 : tensor<6x16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      %315 = arith.addf %out, %314 : f32
      linalg.yield %315 : f32
    } -> tensor<6x16xf32>
    %149 = tensor.empty() : tensor<6x16xf32>
    %150 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel"]} ins(%cst_4 : tensor<f32>) outs(%149 : tensor<6x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x16xf32>
    %151 = tensor.empty() : tensor<6x16xf32>
    %152 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%148, %150 : tensor<6x16xf32>, tensor<6x16xf32>) outs(%151 : tensor<6x16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.divf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x16xf32>
    %153 = tensor.empty() : tensor<6x2x2x16xf32>
    %154 = linalg.generic {indexing_maps = [#map22, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%152 : tensor<6x16xf32>) outs(%153 : tensor<6x2x2x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x2x2x16xf32>
    %155 = tensor.empty() : tensor<6x2x2x16xf32>
    %156 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_9 : tensor<f32>) outs(%155 : tensor<6x2x2x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x2x2x16xf32>
    %157 = tensor.empty() : tensor<6x2x2x16xf32>
    %158 = linalg.generic {indexing_maps = [#map1, #map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%93, %154, %156 : tensor<6x2x2x16xi1>, tensor<6x2x2x16xf32>, tensor<6x2x2x16xf32>) outs(%157 : tensor<6x2x2x16xf32>) {
    ^bb0(%in: i1, %in_21: f32, %in_22: f32, %out: f32):
      %314 = arith.select %in, %in_21, %in_22 : f32
      linalg.yield %314 : f32
    } -> tensor<6x2x2x16xf32>
    %159 = tensor.empty() : tensor<16xf32>
    %160 = linalg.fill ins(%cst_2 : f32) outs(%159 : tensor<16xf32>) -> tensor<16xf32>
    %161 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%158 : tensor<6x2x2x16xf32>) outs(%160 : tensor<16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<16xf32>
    %expanded_11 = tensor.expand_shape %161 [[0, 1, 2, 3]] output_shape [1, 1, 1, 16] : tensor<16xf32> into tensor<1x1x1x16xf32>
    %162 = tensor.empty() : tensor<16xf32>
    %163 = linalg.fill ins(%cst_2 : f32) outs(%162 : tensor<16xf32>) -> tensor<16xf32>
    %164 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%expanded_11 : tensor<1x1x1x16xf32>) outs(%163 : tensor<16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<16xf32>
    %padded_12 = tensor.pad %79 low[0, 0, 0, 0] high[0, 1, 1, 0] {
    ^bb0(%arg10: index, %arg11: index, %arg12: index, %arg13: index):
      tensor.yield %cst_2 : f32
    } : tensor<6x4x4x8xf32> to tensor<6x5x5x8xf32>
    %165 = tensor.empty() : tensor<6x3x3x16xf32>
    %166 = linalg.fill ins(%cst_2 : f32) outs(%165 : tensor<6x3x3x16xf32>) -> tensor<6x3x3x16xf32>
    %inserted_slice = tensor.insert_slice %158 into %166[0, 0, 0, 0] [6, 2, 2, 16] [1, 2, 2, 1] : tensor<6x2x2x16xf32> into tensor<6x3x3x16xf32>
    %167 = tensor.empty() : tensor<3x3x8x16xf32>
    %168 = linalg.fill ins(%cst_2 : f32) outs(%167 : tensor<3x3x8x16xf32>) -> tensor<3x3x8x16xf32>
    %169 = linalg.generic {indexing_maps = [#map23, #map24, #map25], iterator_types = ["reduction", "parallel", "parallel", "reduction", "parallel", "reduction", "parallel"]} ins(%padded_12, %inserted_slice : tensor<6x5x5x8xf32>, tensor<6x3x3x16xf32>) outs(%168 : tensor<3x3x8x16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      %315 = arith.addf %out, %314 : f32
      linalg.yield %315 : f32
    } -> tensor<3x3x8x16xf32>
    %170 = tensor.empty() : tensor<3x3x8x16xf32>
    %171 = linalg.generic {indexing_maps = [#map26, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg4 : tensor<3x3x8x16xf32>) outs(%170 : tensor<3x3x8x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x3x8x16xf32>
    %172 = tensor.empty() : tensor<6x6x6x16xf32>
    %173 = linalg.fill ins(%cst_2 : f32) outs(%172 : tensor<6x6x6x16xf32>) -> tensor<6x6x6x16xf32>
    %inserted_slice_13 = tensor.insert_slice %158 into %173[0, 2, 2, 0] [6, 2, 2, 16] [1, 2, 2, 1] : tensor<6x2x2x16xf32> into tensor<6x6x6x16xf32>
    %174 = tensor.empty() : tensor<6x4x4x8xf32>
    %175 = linalg.fill ins(%cst_2 : f32) outs(%174 : tensor<6x4x4x8xf32>) -> tensor<6x4x4x8xf32>
    %176 = linalg.generic {indexing_maps = [#map27, #map28, #map29], iterator_types = ["reduction", "parallel", "parallel", "reduction", "parallel", "reduction", "parallel"]} ins(%inserted_slice_13, %171 : tensor<6x6x6x16xf32>, tensor<3x3x8x16xf32>) outs(%175 : tensor<6x4x4x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      %315 = arith.addf %out, %314 : f32
      linalg.yield %315 : f32
    } -> tensor<6x4x4x8xf32>
    %177 = tensor.empty() : tensor<6x4x4x8xf32>
    %178 = tensor.empty() : tensor<6x4x4x8xi32>
    %179 = linalg.fill ins(%c-1_i32 : i32) outs(%178 : tensor<6x4x4x8xi32>) -> tensor<6x4x4x8xi32>
    %180 = tensor.empty() : tensor<2x2xf32>
    %181:2 = linalg.generic {indexing_maps = [#map30, #map31, #map32, #map32], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%71, %180 : tensor<6x8x8x8xf32>, tensor<2x2xf32>) outs(%177, %179 : tensor<6x4x4x8xf32>, tensor<6x4x4x8xi32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32, %out_22: i32):
      %314 = arith.cmpf oge, %in, %out : f32
      %315 = arith.cmpi eq, %out_22, %c-1_i32 : i32
      %316 = arith.ori %314, %315 : i1
      %317 = linalg.index 4 : index
      %318 = linalg.index 5 : index
      %319 = arith.muli %317, %c2 : index
      %320 = arith.addi %319, %318 : index
      %321 = arith.index_cast %320 : index to i32
      %322 = arith.select %316, %321, %out_22 : i32
      %323 = arith.select %316, %in, %out : f32
      linalg.yield %323, %322 : f32, i32
    } -> (tensor<6x4x4x8xf32>, tensor<6x4x4x8xi32>)
    %182 = tensor.empty() : tensor<6x4x2x4x2x8xf32>
    %183 = linalg.fill ins(%cst_2 : f32) outs(%182 : tensor<6x4x2x4x2x8xf32>) -> tensor<6x4x2x4x2x8xf32>
    %184 = linalg.generic {indexing_maps = [#map33, #map33, #map34], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%181#1, %176 : tensor<6x4x4x8xi32>, tensor<6x4x4x8xf32>) outs(%183 : tensor<6x4x2x4x2x8xf32>) {
    ^bb0(%in: i32, %in_21: f32, %out: f32):
      %314 = arith.addf %in_21, %out : f32
      %315 = linalg.index 2 : index
      %316 = linalg.index 4 : index
      %317 = arith.muli %315, %c2 : index
      %318 = arith.addi %317, %316 : index
      %319 = arith.index_cast %318 : index to i32
      %320 = arith.cmpi eq, %319, %in : i32
      %321 = arith.select %320, %314, %out : f32
      linalg.yield %321 : f32
    } -> tensor<6x4x2x4x2x8xf32>
    %collapsed = tensor.collapse_shape %184 [[0], [1, 2], [3, 4], [5]] : tensor<6x4x2x4x2x8xf32> into tensor<6x8x8x8xf32>
    %185 = tensor.empty() : tensor<6x8x8x8xf32>
    %186 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_9 : tensor<f32>) outs(%185 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %187 = tensor.empty() : tensor<6x8x8x8xf32>
    %188 = linalg.generic {indexing_maps = [#map1, #map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%75, %collapsed, %186 : tensor<6x8x8x8xi1>, tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%187 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: i1, %in_21: f32, %in_22: f32, %out: f32):
      %314 = arith.select %in, %in_21, %in_22 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %189 = tensor.empty() : tensor<8xf32>
    %190 = linalg.fill ins(%cst_2 : f32) outs(%189 : tensor<8xf32>) -> tensor<8xf32>
    %191 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%188 : tensor<6x8x8x8xf32>) outs(%190 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %expanded_14 = tensor.expand_shape %191 [[0, 1, 2, 3]] output_shape [1, 1, 1, 8] : tensor<8xf32> into tensor<1x1x1x8xf32>
    %192 = tensor.empty() : tensor<8xf32>
    %193 = linalg.fill ins(%cst_2 : f32) outs(%192 : tensor<8xf32>) -> tensor<8xf32>
    %194 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%expanded_14 : tensor<1x1x1x8xf32>) outs(%193 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %195 = tensor.empty() : tensor<6x8x8x8xf32>
    %196 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%58, %188 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%195 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %197 = tensor.empty() : tensor<8xf32>
    %198 = linalg.fill ins(%cst_2 : f32) outs(%197 : tensor<8xf32>) -> tensor<8xf32>
    %199 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%196 : tensor<6x8x8x8xf32>) outs(%198 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %expanded_15 = tensor.expand_shape %199 [[0, 1, 2, 3]] output_shape [1, 1, 1, 8] : tensor<8xf32> into tensor<1x1x1x8xf32>
    %200 = tensor.empty() : tensor<6x8x8x8xf32>
    %201 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%60 : tensor<1x1x1x8xf32>) outs(%200 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %202 = tensor.empty() : tensor<6x8x8x8xf32>
    %203 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%188, %201 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%202 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %204 = tensor.empty() : tensor<8xf32>
    %205 = linalg.fill ins(%cst_2 : f32) outs(%204 : tensor<8xf32>) -> tensor<8xf32>
    %206 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%expanded_15 : tensor<1x1x1x8xf32>) outs(%205 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %207 = tensor.empty() : tensor<6x8x8x8xf32>
    %208 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%40, %203 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%207 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %209 = tensor.empty() : tensor<8xf32>
    %210 = linalg.fill ins(%cst_2 : f32) outs(%209 : tensor<8xf32>) -> tensor<8xf32>
    %211 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%208 : tensor<6x8x8x8xf32>) outs(%210 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %expanded_16 = tensor.expand_shape %211 [[0, 1, 2, 3]] output_shape [1, 1, 1, 8] : tensor<8xf32> into tensor<1x1x1x8xf32>
    %212 = tensor.empty() : tensor<6x8x8x8xf32>
    %213 = linalg.generic {indexing_maps = [#map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%54 : tensor<1x1x1x8xf32>) outs(%212 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %214 = tensor.empty() : tensor<6x8x8x8xf32>
    %215 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%203, %213 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%214 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %216 = tensor.empty() : tensor<8xf32>
    %217 = linalg.fill ins(%cst_2 : f32) outs(%216 : tensor<8xf32>) -> tensor<8xf32>
    %218 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%expanded_16 : tensor<1x1x1x8xf32>) outs(%217 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %219 = tensor.empty() : tensor<8xf32>
    %220 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%218, %52 : tensor<8xf32>, tensor<8xf32>) outs(%219 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %221 = tensor.empty() : tensor<6x8x8x8xf32>
    %222 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%215 : tensor<6x8x8x8xf32>) outs(%221 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.negf %in : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %223 = tensor.empty() : tensor<8xf32>
    %224 = linalg.fill ins(%cst_2 : f32) outs(%223 : tensor<8xf32>) -> tensor<8xf32>
    %225 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%222 : tensor<6x8x8x8xf32>) outs(%224 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %expanded_17 = tensor.expand_shape %225 [[0, 1, 2, 3]] output_shape [1, 1, 1, 8] : tensor<8xf32> into tensor<1x1x1x8xf32>
    %226 = tensor.empty() : tensor<8xf32>
    %227 = linalg.fill ins(%cst_2 : f32) outs(%226 : tensor<8xf32>) -> tensor<8xf32>
    %228 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%expanded_17 : tensor<1x1x1x8xf32>) outs(%227 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %229 = tensor.empty() : tensor<8xf32>
    %230 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_8 : tensor<f32>) outs(%229 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %231 = tensor.empty() : tensor<8xf32>
    %232 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%220, %230 : tensor<8xf32>, tensor<8xf32>) outs(%231 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.divf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %233 = tensor.empty() : tensor<6x8x8x8xf32>
    %234 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%232 : tensor<8xf32>) outs(%233 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %235 = tensor.empty() : tensor<6x8x8x8xf32>
    %236 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%234, %27 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%235 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %237 = tensor.empty() : tensor<6x8x8x8xf32>
    %238 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%236 : tensor<6x8x8x8xf32>) outs(%237 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.negf %in : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %239 = tensor.empty() : tensor<8xf32>
    %240 = linalg.fill ins(%cst_2 : f32) outs(%239 : tensor<8xf32>) -> tensor<8xf32>
    %241 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%238 : tensor<6x8x8x8xf32>) outs(%240 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %expanded_18 = tensor.expand_shape %241 [[0, 1, 2, 3]] output_shape [1, 1, 1, 8] : tensor<8xf32> into tensor<1x1x1x8xf32>
    %242 = tensor.empty() : tensor<6x8x8x8xf32>
    %243 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%215, %236 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%242 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.addf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %244 = tensor.empty() : tensor<8xf32>
    %245 = linalg.fill ins(%cst_2 : f32) outs(%244 : tensor<8xf32>) -> tensor<8xf32>
    %246 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%expanded_18 : tensor<1x1x1x8xf32>) outs(%245 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %247 = tensor.empty() : tensor<8xf32>
    %248 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%228, %246 : tensor<8xf32>, tensor<8xf32>) outs(%247 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.addf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %249 = tensor.empty() : tensor<8xf32>
    %250 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_8 : tensor<f32>) outs(%249 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %251 = tensor.empty() : tensor<8xf32>
    %252 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%248, %250 : tensor<8xf32>, tensor<8xf32>) outs(%251 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.divf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %253 = tensor.empty() : tensor<6x8x8x8xf32>
    %254 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%252 : tensor<8xf32>) outs(%253 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %255 = tensor.empty() : tensor<6x8x8x8xf32>
    %256 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%243, %254 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%255 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.addf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<6x8x8x8xf32>
    %257 = tensor.empty() : tensor<8xf32>
    %258 = linalg.fill ins(%cst_2 : f32) outs(%257 : tensor<8xf32>) -> tensor<8xf32>
    %259 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%256 : tensor<6x8x8x8xf32>) outs(%258 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %expanded_19 = tensor.expand_shape %259 [[0, 1, 2, 3]] output_shape [1, 1, 1, 8] : tensor<8xf32> into tensor<1x1x1x8xf32>
    %260 = tensor.empty() : tensor<8xf32>
    %261 = linalg.fill ins(%cst_2 : f32) outs(%260 : tensor<8xf32>) -> tensor<8xf32>
    %262 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "reduction", "reduction", "reduction"]} ins(%expanded_19 : tensor<1x1x1x8xf32>) outs(%261 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %314 = arith.addf %out, %in : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %padded_20 = tensor.pad %arg8 low[0, 1, 1, 0] high[0, 1, 1, 0] {
    ^bb0(%arg10: index, %arg11: index, %arg12: index, %arg13: index):
      tensor.yield %cst_2 : f32
    } : tensor<6x8x8x1xf32> to tensor<6x10x10x1xf32>
    %263 = tensor.empty() : tensor<3x3x1x8xf32>
    %264 = linalg.fill ins(%cst_2 : f32) outs(%263 : tensor<3x3x1x8xf32>) -> tensor<3x3x1x8xf32>
    %265 = linalg.generic {indexing_maps = [#map23, #map24, #map25], iterator_types = ["reduction", "parallel", "parallel", "reduction", "parallel", "reduction", "parallel"]} ins(%padded_20, %256 : tensor<6x10x10x1xf32>, tensor<6x8x8x8xf32>) outs(%264 : tensor<3x3x1x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      %315 = arith.addf %out, %314 : f32
      linalg.yield %315 : f32
    } -> tensor<3x3x1x8xf32>
    %266 = tensor.empty() : tensor<10xf32>
    %267 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_3 : tensor<f32>) outs(%266 : tensor<10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<10xf32>
    %268 = tensor.empty() : tensor<10xf32>
    %269 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%267, %140 : tensor<10xf32>, tensor<10xf32>) outs(%268 : tensor<10xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<10xf32>
    %270 = tensor.empty() : tensor<10xf32>
    %271 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%arg0, %269 : tensor<10xf32>, tensor<10xf32>) outs(%270 : tensor<10xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<10xf32>
    %272 = tensor.empty() : tensor<8xf32>
    %273 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_3 : tensor<f32>) outs(%272 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %274 = tensor.empty() : tensor<8xf32>
    %275 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%273, %262 : tensor<8xf32>, tensor<8xf32>) outs(%274 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %276 = tensor.empty() : tensor<8xf32>
    %277 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%arg1, %275 : tensor<8xf32>, tensor<8xf32>) outs(%276 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %278 = tensor.empty() : tensor<16xf32>
    %279 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_3 : tensor<f32>) outs(%278 : tensor<16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<16xf32>
    %280 = tensor.empty() : tensor<16xf32>
    %281 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%279, %164 : tensor<16xf32>, tensor<16xf32>) outs(%280 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<16xf32>
    %282 = tensor.empty() : tensor<16xf32>
    %283 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%arg2, %281 : tensor<16xf32>, tensor<16xf32>) outs(%282 : tensor<16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<16xf32>
    %284 = tensor.empty() : tensor<3x3x1x8xf32>
    %285 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_3 : tensor<f32>) outs(%284 : tensor<3x3x1x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x3x1x8xf32>
    %286 = tensor.empty() : tensor<3x3x1x8xf32>
    %287 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%285, %265 : tensor<3x3x1x8xf32>, tensor<3x3x1x8xf32>) outs(%286 : tensor<3x3x1x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<3x3x1x8xf32>
    %288 = tensor.empty() : tensor<3x3x1x8xf32>
    %289 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg3, %287 : tensor<3x3x1x8xf32>, tensor<3x3x1x8xf32>) outs(%288 : tensor<3x3x1x8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<3x3x1x8xf32>
    %290 = tensor.empty() : tensor<3x3x8x16xf32>
    %291 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_3 : tensor<f32>) outs(%290 : tensor<3x3x8x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x3x8x16xf32>
    %292 = tensor.empty() : tensor<3x3x8x16xf32>
    %293 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%291, %169 : tensor<3x3x8x16xf32>, tensor<3x3x8x16xf32>) outs(%292 : tensor<3x3x8x16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<3x3x8x16xf32>
    %294 = tensor.empty() : tensor<3x3x8x16xf32>
    %295 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg4, %293 : tensor<3x3x8x16xf32>, tensor<3x3x8x16xf32>) outs(%294 : tensor<3x3x8x16xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<3x3x8x16xf32>
    %296 = tensor.empty() : tensor<8xf32>
    %297 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_3 : tensor<f32>) outs(%296 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %298 = tensor.empty() : tensor<8xf32>
    %299 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%297, %206 : tensor<8xf32>, tensor<8xf32>) outs(%298 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %300 = tensor.empty() : tensor<8xf32>
    %301 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%arg5, %299 : tensor<8xf32>, tensor<8xf32>) outs(%300 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %302 = tensor.empty() : tensor<8xf32>
    %303 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_3 : tensor<f32>) outs(%302 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<8xf32>
    %304 = tensor.empty() : tensor<8xf32>
    %305 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%303, %194 : tensor<8xf32>, tensor<8xf32>) outs(%304 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %306 = tensor.empty() : tensor<8xf32>
    %307 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%arg6, %305 : tensor<8xf32>, tensor<8xf32>) outs(%306 : tensor<8xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<8xf32>
    %308 = tensor.empty() : tensor<16x10xf32>
    %309 = linalg.generic {indexing_maps = [#map10, #map11], iterator_types = ["parallel", "parallel"]} ins(%cst_3 : tensor<f32>) outs(%308 : tensor<16x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<16x10xf32>
    %310 = tensor.empty() : tensor<16x10xf32>
    %311 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%309, %145 : tensor<16x10xf32>, tensor<16x10xf32>) outs(%310 : tensor<16x10xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.mulf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<16x10xf32>
    %312 = tensor.empty() : tensor<16x10xf32>
    %313 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%arg7, %311 : tensor<16x10xf32>, tensor<16x10xf32>) outs(%312 : tensor<16x10xf32>) {
    ^bb0(%in: f32, %in_21: f32, %out: f32):
      %314 = arith.subf %in, %in_21 : f32
      linalg.yield %314 : f32
    } -> tensor<16x10xf32>
    return %123, %271, %277, %283, %289, %295, %301, %307, %313 : tensor<f32>, tensor<10xf32>, tensor<8xf32>, tensor<16xf32>, tensor<3x3x1x8xf32>, tensor<3x3x8x16xf32>, tensor<8xf32>, tensor<8xf32>, tensor<16x10xf32>
  }
  func.func private @relu(%arg0: tensor<6x8x8x8xf32>) -> tensor<6x8x8x8xf32> {
    %cst = arith.constant dense<0.000000e+00> : tensor<f32>
    %0 = tensor.empty() : tensor<6x8x8x8xf32>
    %1 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst : tensor<f32>) outs(%0 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x8x8x8xf32>
    %2 = tensor.empty() : tensor<6x8x8x8xf32>
    %3 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0, %1 : tensor<6x8x8x8xf32>, tensor<6x8x8x8xf32>) outs(%2 : tensor<6x8x8x8xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.maximumf %in, %in_0 : f32
      linalg.yield %4 : f32
    } -> tensor<6x8x8x8xf32>
    return %3 : tensor<6x8x8x8xf32>
  }
  func.func private @relu_0(%arg0: tensor<6x2x2x16xf32>) -> tensor<6x2x2x16xf32> {
    %cst = arith.constant dense<0.000000e+00> : tensor<f32>
    %0 = tensor.empty() : tensor<6x2x2x16xf32>
    %1 = linalg.generic {indexing_maps = [#map7, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst : tensor<f32>) outs(%0 : tensor<6x2x2x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x2x2x16xf32>
    %2 = tensor.empty() : tensor<6x2x2x16xf32>
    %3 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0, %1 : tensor<6x2x2x16xf32>, tensor<6x2x2x16xf32>) outs(%2 : tensor<6x2x2x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %4 = arith.maximumf %in, %in_0 : f32
      linalg.yield %4 : f32
    } -> tensor<6x2x2x16xf32>
    return %3 : tensor<6x2x2x16xf32>
  }
  func.func private @log_softmax(%arg0: tensor<6x10xf32>) -> (tensor<6x10xf32>, tensor<6x10xf32>, tensor<6x1xf32>) {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_1 = arith.constant 0xFF800000 : f32
    %0 = tensor.empty() : tensor<6xf32>
    %1 = linalg.fill ins(%cst_1 : f32) outs(%0 : tensor<6xf32>) -> tensor<6xf32>
    %2 = linalg.generic {indexing_maps = [#map11, #map14], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<6x10xf32>) outs(%1 : tensor<6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %26 = arith.maximumf %out, %in : f32
      linalg.yield %26 : f32
    } -> tensor<6xf32>
    %3 = tensor.empty() : tensor<6xf32>
    %4 = linalg.generic {indexing_maps = [#map5, #map6], iterator_types = ["parallel"]} ins(%cst_0 : tensor<f32>) outs(%3 : tensor<6xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6xf32>
    %5 = tensor.empty() : tensor<6xf32>
    %6 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel"]} ins(%4, %2 : tensor<6xf32>, tensor<6xf32>) outs(%5 : tensor<6xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %26 = arith.maximumf %in, %in_2 : f32
      linalg.yield %26 : f32
    } -> tensor<6xf32>
    %7 = tensor.empty() : tensor<6x1xf32>
    %8 = linalg.generic {indexing_maps = [#map14, #map11], iterator_types = ["parallel", "parallel"]} ins(%6 : tensor<6xf32>) outs(%7 : tensor<6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x1xf32>
    %9 = tensor.empty() : tensor<6x10xf32>
    %10 = linalg.generic {indexing_maps = [#map35, #map11], iterator_types = ["parallel", "parallel"]} ins(%8 : tensor<6x1xf32>) outs(%9 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x10xf32>
    %11 = tensor.empty() : tensor<6x10xf32>
    %12 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%arg0, %10 : tensor<6x10xf32>, tensor<6x10xf32>) outs(%11 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %26 = arith.subf %in, %in_2 : f32
      linalg.yield %26 : f32
    } -> tensor<6x10xf32>
    %13 = tensor.empty() : tensor<6x10xf32>
    %14 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%12 : tensor<6x10xf32>) outs(%13 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      %26 = math.exp %in : f32
      linalg.yield %26 : f32
    } -> tensor<6x10xf32>
    %15 = tensor.empty() : tensor<6xf32>
    %16 = linalg.fill ins(%cst : f32) outs(%15 : tensor<6xf32>) -> tensor<6xf32>
    %17 = linalg.generic {indexing_maps = [#map11, #map14], iterator_types = ["parallel", "reduction"]} ins(%14 : tensor<6x10xf32>) outs(%16 : tensor<6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %26 = arith.addf %out, %in : f32
      linalg.yield %26 : f32
    } -> tensor<6xf32>
    %18 = tensor.empty() : tensor<6x1xf32>
    %19 = linalg.generic {indexing_maps = [#map14, #map11], iterator_types = ["parallel", "parallel"]} ins(%17 : tensor<6xf32>) outs(%18 : tensor<6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x1xf32>
    %20 = tensor.empty() : tensor<6x1xf32>
    %21 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%19 : tensor<6x1xf32>) outs(%20 : tensor<6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %26 = math.log %in : f32
      linalg.yield %26 : f32
    } -> tensor<6x1xf32>
    %22 = tensor.empty() : tensor<6x10xf32>
    %23 = linalg.generic {indexing_maps = [#map35, #map11], iterator_types = ["parallel", "parallel"]} ins(%21 : tensor<6x1xf32>) outs(%22 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x10xf32>
    %24 = tensor.empty() : tensor<6x10xf32>
    %25 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%12, %23 : tensor<6x10xf32>, tensor<6x10xf32>) outs(%24 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %26 = arith.subf %in, %in_2 : f32
      linalg.yield %26 : f32
    } -> tensor<6x10xf32>
    return %25, %14, %19 : tensor<6x10xf32>, tensor<6x10xf32>, tensor<6x1xf32>
  }
  func.func private @_one_hot(%arg0: tensor<6xi32>) -> tensor<6x10xf32> {
    %0 = tensor.empty() : tensor<6x1xi32>
    %1 = linalg.generic {indexing_maps = [#map14, #map11], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<6xi32>) outs(%0 : tensor<6x1xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<6x1xi32>
    %2 = tensor.empty() : tensor<1x10xi32>
    %3 = linalg.generic {indexing_maps = [#map11], iterator_types = ["parallel", "parallel"]} outs(%2 : tensor<1x10xi32>) {
    ^bb0(%out: i32):
      %12 = linalg.index 1 : index
      %13 = arith.index_cast %12 : index to i32
      linalg.yield %13 : i32
    } -> tensor<1x10xi32>
    %4 = tensor.empty() : tensor<6x10xi32>
    %5 = linalg.generic {indexing_maps = [#map35, #map11], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<6x1xi32>) outs(%4 : tensor<6x10xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<6x10xi32>
    %6 = tensor.empty() : tensor<6x10xi32>
    %7 = linalg.generic {indexing_maps = [#map13, #map11], iterator_types = ["parallel", "parallel"]} ins(%3 : tensor<1x10xi32>) outs(%6 : tensor<6x10xi32>) {
    ^bb0(%in: i32, %out: i32):
      linalg.yield %in : i32
    } -> tensor<6x10xi32>
    %8 = tensor.empty() : tensor<6x10xi1>
    %9 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%5, %7 : tensor<6x10xi32>, tensor<6x10xi32>) outs(%8 : tensor<6x10xi1>) {
    ^bb0(%in: i32, %in_0: i32, %out: i1):
      %12 = arith.cmpi eq, %in, %in_0 : i32
      linalg.yield %12 : i1
    } -> tensor<6x10xi1>
    %10 = tensor.empty() : tensor<6x10xf32>
    %11 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%9 : tensor<6x10xi1>) outs(%10 : tensor<6x10xf32>) {
    ^bb0(%in: i1, %out: f32):
      %12 = arith.uitofp %in : i1 to f32
      linalg.yield %12 : f32
    } -> tensor<6x10xf32>
    return %11 : tensor<6x10xf32>
  }
  func.func private @log_softmax_1(%arg0: tensor<6x10xf32>, %arg1: tensor<6x1xf32>, %arg2: tensor<6x10xf32>) -> tensor<6x10xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<6x10xf32>
    %1 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%arg2 : tensor<6x10xf32>) outs(%0 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      %16 = arith.negf %in : f32
      linalg.yield %16 : f32
    } -> tensor<6x10xf32>
    %2 = tensor.empty() : tensor<6xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<6xf32>) -> tensor<6xf32>
    %4 = linalg.generic {indexing_maps = [#map11, #map14], iterator_types = ["parallel", "reduction"]} ins(%1 : tensor<6x10xf32>) outs(%3 : tensor<6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %16 = arith.addf %out, %in : f32
      linalg.yield %16 : f32
    } -> tensor<6xf32>
    %expanded = tensor.expand_shape %4 [[0, 1]] output_shape [6, 1] : tensor<6xf32> into tensor<6x1xf32>
    %5 = tensor.empty() : tensor<6x1xf32>
    %6 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%expanded, %arg1 : tensor<6x1xf32>, tensor<6x1xf32>) outs(%5 : tensor<6x1xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %16 = arith.divf %in, %in_0 : f32
      linalg.yield %16 : f32
    } -> tensor<6x1xf32>
    %7 = tensor.empty() : tensor<6xf32>
    %8 = linalg.fill ins(%cst : f32) outs(%7 : tensor<6xf32>) -> tensor<6xf32>
    %9 = linalg.generic {indexing_maps = [#map11, #map14], iterator_types = ["parallel", "reduction"]} ins(%6 : tensor<6x1xf32>) outs(%8 : tensor<6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %16 = arith.addf %out, %in : f32
      linalg.yield %16 : f32
    } -> tensor<6xf32>
    %10 = tensor.empty() : tensor<6x10xf32>
    %11 = linalg.generic {indexing_maps = [#map14, #map11], iterator_types = ["parallel", "parallel"]} ins(%9 : tensor<6xf32>) outs(%10 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<6x10xf32>
    %12 = tensor.empty() : tensor<6x10xf32>
    %13 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%11, %arg0 : tensor<6x10xf32>, tensor<6x10xf32>) outs(%12 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %16 = arith.mulf %in, %in_0 : f32
      linalg.yield %16 : f32
    } -> tensor<6x10xf32>
    %14 = tensor.empty() : tensor<6x10xf32>
    %15 = linalg.generic {indexing_maps = [#map11, #map11, #map11], iterator_types = ["parallel", "parallel"]} ins(%arg2, %13 : tensor<6x10xf32>, tensor<6x10xf32>) outs(%14 : tensor<6x10xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %16 = arith.addf %in, %in_0 : f32
      linalg.yield %16 : f32
    } -> tensor<6x10xf32>
    return %15 : tensor<6x10xf32>
  }
}
