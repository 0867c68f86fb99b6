// RUN: keel-opt %s --bufferize --verify-diagnostics

gpu.module @device {
  llvm.func @k(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    llvm.return
  }
}
func.func @sliced(%x: tensor<4x4xf32>, %y: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %n = arith.constant 1 : index
  %part = tensor.extract_slice %x[0, 0] [4, 2] [1, 1] : tensor<4x4xf32> to tensor<4x2xf32>
  // expected-error @below {{failed to bufferize op}}
  // expected-error @below {{'keel.launch' op operand's buffer must have the identity layout, found 'memref<4x2xf32, strided<[4, 1]}}
  %r = keel.launch @device::@k blocks(%n) ins(%part : tensor<4x2xf32>) outs(%y : tensor<4x2xf32>)
  return %r : tensor<4x2xf32>
}
