// RUN: keel-opt %s | keel-opt | FileCheck %s
// RUN: keel-opt %s --mlir-print-op-generic | keel-opt | FileCheck %s
// RUN: keel-opt %s --bufferize | FileCheck %s --check-prefix=BUFFERS

gpu.module @device {
  llvm.func @relu(%x: !llvm.ptr<1>, %slope: f32, %y: !llvm.ptr<1>, %rows_x: i64, %rows_y: i64)
      attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    llvm.return
  }
  llvm.func @count(%n: i64, %counters: !llvm.ptr<1>)
      attributes {nvvm.kernel, keel.threads = 32 : i32, keel.shared_bytes = 1024 : i32, keel.schedule = "one warp"} {
    llvm.return
  }
  // A matrix that the copy engine moves boxes of: its map is one more parameter.
  // CHECK: keel.tensor_maps = [#keel.tensor_map<operand = 0, box = [128, 64]>]
  llvm.func @boxes(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %rows: i64, %map: !llvm.ptr)
      attributes {nvvm.kernel, keel.threads = 384 : i32, keel.shared_bytes = 0 : i32,
                  keel.tensor_maps = [#keel.tensor_map<operand = 0, box = [128, 64]>]} {
    llvm.return
  }
}

func.func @launch_boxes(%n: index, %x: tensor<?x64xbf16>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %y = keel.launch @device::@boxes blocks(%n) ins(%x : tensor<?x64xbf16>) outs(%e : tensor<4xf32>)
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @forward
// CHECK: keel.launch @device::@relu blocks(%{{.*}}) ins(%{{.*}}, %{{.*}} : tensor<?x4xf32>, f32) outs(%{{.*}} : tensor<?x4xf32>)
// The result is written into the entry's own output buffer: no copy.
// BUFFERS-LABEL: func.func @forward
// BUFFERS-SAME: (%[[X:.*]]: memref<?x4xf32>, %[[Y:.*]]: memref<?x4xf32> {keel.output = 0 : i32})
// BUFFERS: keel.launch @device::@relu blocks(%{{.*}}) ins(%[[X]], %{{.*}} : memref<?x4xf32>, f32) outs(%[[Y]] : memref<?x4xf32>)
// BUFFERS-NEXT: return
func.func @forward(%x: tensor<?x4xf32> {bufferization.writable = false}) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %slope = arith.constant 0.1 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%rows) : tensor<?x4xf32>
  %y = keel.launch @device::@relu blocks(%rows) ins(%x, %slope : tensor<?x4xf32>, f32) outs(%e : tensor<?x4xf32>)
  return %y : tensor<?x4xf32>
}

ml_program.global public mutable @counters(#keel.init<zeros>) : tensor<8xi32>

// State is updated in place.
// CHECK-LABEL: func.func @train_step
// BUFFERS-LABEL: func.func @train_step
// BUFFERS-SAME: (%[[C:.*]]: memref<8xi32> {
// BUFFERS: keel.launch @device::@count blocks(%{{.*}}) ins(%{{.*}} : index) outs(%[[C]] : memref<8xi32>)
// BUFFERS-NEXT: return
func.func @train_step(%counters: tensor<8xi32> {bufferization.writable = true, keel.access = 3 : i32, keel.state = @counters})
    -> (tensor<8xi32> {keel.state = @counters}) {
  %one = arith.constant 1 : index
  %n = keel.launch @device::@count blocks(%one) ins(%one : index) outs(%counters : tensor<8xi32>)
  return %n : tensor<8xi32>
}
