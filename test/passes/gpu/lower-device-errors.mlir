// RUN: keel-opt %s --pass-pipeline="builtin.module(gpu.module(lower-device))" --verify-diagnostics

gpu.module @device {
  llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    %c = arith.constant 0.0 : f32
    %i = arith.constant 0 : index
    // expected-error @below {{'tensor.empty' has no device code: it must be lowered before --lower-device}}
    %t = tensor.empty() : tensor<4xf32>
    %used = bufferization.to_buffer %t : tensor<4xf32> to memref<4xf32>
    memref.store %c, %used[%i] : memref<4xf32>
    llvm.return
  }
}
