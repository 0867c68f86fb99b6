// RUN: %python %S/execute.py %s --sizes 1,15,16,17,33 --tolerance 3e-6 | FileCheck %s
// RUN: %python %S/execute.py %s --sizes 17 --tolerance 3e-6 --target=x86-64-v3 | FileCheck %s
// RUN: %python %S/execute.py %s --sizes 33 --tolerance 3e-6 --no-fuse | FileCheck %s
// CHECK: equal

// Widths around the vector's: sums of squares over rows, maxima over columns, an activation with a bias.
func.func @main(%x1: tensor<?x1xf32>, %x15: tensor<?x15xf32>, %x16: tensor<?x16xf32>, %x17: tensor<?x17xf32>, %x31: tensor<?x31xf32>, %x33: tensor<?x33xf32>, %x64: tensor<?x64xf32>, %x130: tensor<?x130xf32>, %b1: tensor<1xf32>, %b15: tensor<15xf32>, %b16: tensor<16xf32>, %b17: tensor<17xf32>, %b31: tensor<31xf32>, %b33: tensor<33xf32>, %b64: tensor<64xf32>, %b130: tensor<130xf32>)
    -> (tensor<?xf32>, tensor<1xf32>, tensor<?x1xf32>, tensor<?xf32>, tensor<15xf32>, tensor<?x15xf32>, tensor<?xf32>, tensor<16xf32>, tensor<?x16xf32>, tensor<?xf32>, tensor<17xf32>, tensor<?x17xf32>, tensor<?xf32>, tensor<31xf32>, tensor<?x31xf32>, tensor<?xf32>, tensor<33xf32>, tensor<?x33xf32>, tensor<?xf32>, tensor<64xf32>, tensor<?x64xf32>, tensor<?xf32>, tensor<130xf32>, tensor<?x130xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %n = tensor.dim %x1, %c0 : tensor<?x1xf32>
  %er = tensor.empty(%n) : tensor<?xf32>
  %fr = linalg.fill ins(%zero : f32) outs(%er : tensor<?xf32>) -> tensor<?xf32>
  %s1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x1 : tensor<?x1xf32>) outs(%fr : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %ec1 = tensor.empty() : tensor<1xf32>
  %fc1 = linalg.fill ins(%low : f32) outs(%ec1 : tensor<1xf32>) -> tensor<1xf32>
  %m1 = linalg.reduce { arith.maximumf } ins(%x1 : tensor<?x1xf32>) outs(%fc1 : tensor<1xf32>) dimensions = [0]
  %ey1 = tensor.empty(%n) : tensor<?x1xf32>
  %y1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x1, %b1, %s1 : tensor<?x1xf32>, tensor<1xf32>, tensor<?xf32>) outs(%ey1 : tensor<?x1xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.erf %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x1xf32>
  %s15 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x15 : tensor<?x15xf32>) outs(%fr : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %ec15 = tensor.empty() : tensor<15xf32>
  %fc15 = linalg.fill ins(%low : f32) outs(%ec15 : tensor<15xf32>) -> tensor<15xf32>
  %m15 = linalg.reduce { arith.maximumf } ins(%x15 : tensor<?x15xf32>) outs(%fc15 : tensor<15xf32>) dimensions = [0]
  %ey15 = tensor.empty(%n) : tensor<?x15xf32>
  %y15 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x15, %b15, %s15 : tensor<?x15xf32>, tensor<15xf32>, tensor<?xf32>) outs(%ey15 : tensor<?x15xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.erf %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x15xf32>
  %s16 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x16 : tensor<?x16xf32>) outs(%fr : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %ec16 = tensor.empty() : tensor<16xf32>
  %fc16 = linalg.fill ins(%low : f32) outs(%ec16 : tensor<16xf32>) -> tensor<16xf32>
  %m16 = linalg.reduce { arith.maximumf } ins(%x16 : tensor<?x16xf32>) outs(%fc16 : tensor<16xf32>) dimensions = [0]
  %ey16 = tensor.empty(%n) : tensor<?x16xf32>
  %y16 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x16, %b16, %s16 : tensor<?x16xf32>, tensor<16xf32>, tensor<?xf32>) outs(%ey16 : tensor<?x16xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.erf %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x16xf32>
  %s17 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x17 : tensor<?x17xf32>) outs(%fr : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %ec17 = tensor.empty() : tensor<17xf32>
  %fc17 = linalg.fill ins(%low : f32) outs(%ec17 : tensor<17xf32>) -> tensor<17xf32>
  %m17 = linalg.reduce { arith.maximumf } ins(%x17 : tensor<?x17xf32>) outs(%fc17 : tensor<17xf32>) dimensions = [0]
  %ey17 = tensor.empty(%n) : tensor<?x17xf32>
  %y17 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x17, %b17, %s17 : tensor<?x17xf32>, tensor<17xf32>, tensor<?xf32>) outs(%ey17 : tensor<?x17xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.erf %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x17xf32>
  %s31 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x31 : tensor<?x31xf32>) outs(%fr : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %ec31 = tensor.empty() : tensor<31xf32>
  %fc31 = linalg.fill ins(%low : f32) outs(%ec31 : tensor<31xf32>) -> tensor<31xf32>
  %m31 = linalg.reduce { arith.maximumf } ins(%x31 : tensor<?x31xf32>) outs(%fc31 : tensor<31xf32>) dimensions = [0]
  %ey31 = tensor.empty(%n) : tensor<?x31xf32>
  %y31 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x31, %b31, %s31 : tensor<?x31xf32>, tensor<31xf32>, tensor<?xf32>) outs(%ey31 : tensor<?x31xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.erf %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x31xf32>
  %s33 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x33 : tensor<?x33xf32>) outs(%fr : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %ec33 = tensor.empty() : tensor<33xf32>
  %fc33 = linalg.fill ins(%low : f32) outs(%ec33 : tensor<33xf32>) -> tensor<33xf32>
  %m33 = linalg.reduce { arith.maximumf } ins(%x33 : tensor<?x33xf32>) outs(%fc33 : tensor<33xf32>) dimensions = [0]
  %ey33 = tensor.empty(%n) : tensor<?x33xf32>
  %y33 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x33, %b33, %s33 : tensor<?x33xf32>, tensor<33xf32>, tensor<?xf32>) outs(%ey33 : tensor<?x33xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.erf %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x33xf32>
  %s64 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x64 : tensor<?x64xf32>) outs(%fr : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %ec64 = tensor.empty() : tensor<64xf32>
  %fc64 = linalg.fill ins(%low : f32) outs(%ec64 : tensor<64xf32>) -> tensor<64xf32>
  %m64 = linalg.reduce { arith.maximumf } ins(%x64 : tensor<?x64xf32>) outs(%fc64 : tensor<64xf32>) dimensions = [0]
  %ey64 = tensor.empty(%n) : tensor<?x64xf32>
  %y64 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x64, %b64, %s64 : tensor<?x64xf32>, tensor<64xf32>, tensor<?xf32>) outs(%ey64 : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.erf %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x64xf32>
  %s130 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x130 : tensor<?x130xf32>) outs(%fr : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %ec130 = tensor.empty() : tensor<130xf32>
  %fc130 = linalg.fill ins(%low : f32) outs(%ec130 : tensor<130xf32>) -> tensor<130xf32>
  %m130 = linalg.reduce { arith.maximumf } ins(%x130 : tensor<?x130xf32>) outs(%fc130 : tensor<130xf32>) dimensions = [0]
  %ey130 = tensor.empty(%n) : tensor<?x130xf32>
  %y130 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x130, %b130, %s130 : tensor<?x130xf32>, tensor<130xf32>, tensor<?xf32>) outs(%ey130 : tensor<?x130xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %o: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.erf %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x130xf32>
  return %s1, %m1, %y1, %s15, %m15, %y15, %s16, %m16, %y16, %s17, %m17, %y17, %s31, %m31, %y31, %s33, %m33, %y33, %s64, %m64, %y64, %s130, %m130, %y130 :
    tensor<?xf32>, tensor<1xf32>, tensor<?x1xf32>, tensor<?xf32>, tensor<15xf32>, tensor<?x15xf32>, tensor<?xf32>, tensor<16xf32>, tensor<?x16xf32>, tensor<?xf32>, tensor<17xf32>, tensor<?x17xf32>, tensor<?xf32>, tensor<31xf32>, tensor<?x31xf32>, tensor<?xf32>, tensor<33xf32>, tensor<?x33xf32>, tensor<?xf32>, tensor<64xf32>, tensor<?x64xf32>, tensor<?xf32>, tensor<130xf32>, tensor<?x130xf32>
}
