// RUN: %python %S/execute.py %s --tolerance 1e-5 | FileCheck %s
// RUN: %python %S/execute.py %s --tolerance 1e-5 --device emulator --sizes 33 | FileCheck %s
// CHECK: equal

// linalg.reduce over rows, over columns, over everything; broadcast and transpose.
func.func @main(%x: tensor<19x33xf32>, %z: tensor<2x50x37xf32>) -> (tensor<19xf32>, tensor<33xf32>, tensor<f32>, tensor<33x19xf32>, tensor<19x33x4xf32>, tensor<37x2x50xf32>) {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %er = tensor.empty() : tensor<19xf32>
  %fr = linalg.fill ins(%zero : f32) outs(%er : tensor<19xf32>) -> tensor<19xf32>
  %rows = linalg.reduce { arith.addf } ins(%x : tensor<19x33xf32>) outs(%fr : tensor<19xf32>) dimensions = [1]
  %ec = tensor.empty() : tensor<33xf32>
  %fc = linalg.fill ins(%low : f32) outs(%ec : tensor<33xf32>) -> tensor<33xf32>
  %columns = linalg.reduce { arith.maximumf } ins(%x : tensor<19x33xf32>) outs(%fc : tensor<33xf32>) dimensions = [0]
  %es = tensor.empty() : tensor<f32>
  %fs = linalg.fill ins(%zero : f32) outs(%es : tensor<f32>) -> tensor<f32>
  %all = linalg.reduce { arith.addf } ins(%x : tensor<19x33xf32>) outs(%fs : tensor<f32>) dimensions = [0, 1]
  %et = tensor.empty() : tensor<33x19xf32>
  %transposed = linalg.transpose ins(%x : tensor<19x33xf32>) outs(%et : tensor<33x19xf32>) permutation = [1, 0]
  %eb = tensor.empty() : tensor<19x33x4xf32>
  %broadcast = linalg.broadcast ins(%x : tensor<19x33xf32>) outs(%eb : tensor<19x33x4xf32>) dimensions = [2]
  %ez = tensor.empty() : tensor<37x2x50xf32>
  %squares = linalg.transpose ins(%z : tensor<2x50x37xf32>) outs(%ez : tensor<37x2x50xf32>) permutation = [2, 0, 1]
  return %rows, %columns, %all, %transposed, %broadcast, %squares : tensor<19xf32>, tensor<33xf32>, tensor<f32>, tensor<33x19xf32>, tensor<19x33x4xf32>, tensor<37x2x50xf32>
}
