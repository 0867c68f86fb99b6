// RUN: %python %S/execute.py %s  | FileCheck %s
// RUN: %python %S/execute.py %s --device emulator --sizes 33 | FileCheck %s
// CHECK: equal

// Convolutions and pooling, in both layouts, padded, strided, depthwise.
func.func @main(%x: tensor<2x9x9x5xf32>, %w: tensor<3x3x5x20xf32>, %d: tensor<3x3x5xf32>, %z: tensor<2x5x9x9xf32>, %u: tensor<7x5x3x3xf32>)
    -> (tensor<2x9x9x20xf32>, tensor<2x4x4x5xf32>, tensor<2x7x4x4xf32>, tensor<2x4x4x5xf32>, tensor<2x5x7x7xf32>) {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<2x9x9x5xf32> to tensor<2x11x11x5xf32>
  %e0 = tensor.empty() : tensor<2x9x9x20xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x9x9x20xf32>) -> tensor<2x9x9x20xf32>
  %0 = linalg.conv_2d_nhwc_hwcf ins(%p, %w : tensor<2x11x11x5xf32>, tensor<3x3x5x20xf32>) outs(%f0 : tensor<2x9x9x20xf32>) -> tensor<2x9x9x20xf32>
  %e1 = tensor.empty() : tensor<2x4x4x5xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x4x4x5xf32>) -> tensor<2x4x4x5xf32>
  %1 = linalg.depthwise_conv_2d_nhwc_hwc {strides = dense<2> : tensor<2xi64>} ins(%x, %d : tensor<2x9x9x5xf32>, tensor<3x3x5xf32>) outs(%f1 : tensor<2x4x4x5xf32>) -> tensor<2x4x4x5xf32>
  %e2 = tensor.empty() : tensor<2x7x4x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x7x4x4xf32>) -> tensor<2x7x4x4xf32>
  %2 = linalg.conv_2d_nchw_fchw {strides = dense<2> : tensor<2xi64>} ins(%z, %u : tensor<2x5x9x9xf32>, tensor<7x5x3x3xf32>) outs(%f2 : tensor<2x7x4x4xf32>) -> tensor<2x7x4x4xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %f3 = linalg.fill ins(%low : f32) outs(%e1 : tensor<2x4x4x5xf32>) -> tensor<2x4x4x5xf32>
  %3 = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>} ins(%x, %window : tensor<2x9x9x5xf32>, tensor<2x2xf32>) outs(%f3 : tensor<2x4x4x5xf32>) -> tensor<2x4x4x5xf32>
  %window3 = tensor.empty() : tensor<3x3xf32>
  %e4 = tensor.empty() : tensor<2x5x7x7xf32>
  %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<2x5x7x7xf32>) -> tensor<2x5x7x7xf32>
  %4 = linalg.pooling_nchw_sum ins(%z, %window3 : tensor<2x5x9x9xf32>, tensor<3x3xf32>) outs(%f4 : tensor<2x5x7x7xf32>) -> tensor<2x5x7x7xf32>
  return %0, %1, %2, %3, %4 : tensor<2x9x9x20xf32>, tensor<2x4x4x5xf32>, tensor<2x7x4x4xf32>, tensor<2x4x4x5xf32>, tensor<2x5x7x7xf32>
}
