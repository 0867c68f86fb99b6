// A model whose kernels are device code already: several targets in one artefact.
// RUN: keel-compile %s -o %t.so --target=sm_80,sm_90a --explain 2>&1 | FileCheck %s --check-prefix=EXPLAIN
// EXPLAIN: keel-compile-gpu.mlir:{{[0-9]+:[0-9]+}}: remark: {{.*}}kernel 'scale' for sm_80: a thread an element; 128 threads, {{[0-9]+}} registers, 64 bytes of shared memory, no spills
// EXPLAIN: remark: {{.*}}kernel 'scale' for sm_90a:
// RUN: keel-run %t.so info | FileCheck %s --check-prefix=INFO
// INFO: sm_80
// INFO: 128 threads, {{[0-9]+}} registers, 64 bytes of shared memory; a thread an element
// INFO: sm_90a
// INFO: 128 threads, {{[0-9]+}} registers, 64 bytes of shared memory, starts before the one ahead has ended; a thread an element
// RUN: keel-compile %s --emit=ptx --target=sm_80 | FileCheck %s --check-prefix=PTX
// PTX: .target sm_80
// PTX: .entry scale(
// RUN: keel-compile %s --emit=buffers --target=sm_80 | FileCheck %s --check-prefix=BUFFERS
// BUFFERS: keel.launch @device::@scale blocks(%{{.*}}) ins(%{{.*}} : memref<?x4xf32>) outs(%{{.*}} : memref<?x4xf32>)
// RUN: keel-compile %s --emit=llvm --target=sm_80 | FileCheck %s --check-prefix=LLVM
// LLVM: define internal void @sm_80.forward(

gpu.module @device {
  llvm.func @scale(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %rows_x: i64, %rows_y: i64)
      attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 64 : i32, keel.schedule = "a thread an element"} {
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %size = arith.constant 128 : index
    %four = arith.constant 4 : i64
    %base = arith.muli %b, %size : index
    %i = arith.addi %base, %t : index
    %at = arith.index_cast %i : index to i64
    %count = arith.muli %rows_x, %four : i64
    %in = arith.cmpi slt, %at, %count : i64
    scf.if %in {
      %px = llvm.getelementptr %x[%at] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
      %v = llvm.load %px : !llvm.ptr<1> -> f32
      %w = arith.addf %v, %v : f32
      %py = llvm.getelementptr %y[%at] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
      llvm.store %w, %py : f32, !llvm.ptr<1>
    }
    llvm.return
  }
}

func.func @forward(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %rows = tensor.dim %x, %c0 : tensor<?x4xf32>
  %n = arith.ceildivui %rows, %c32 : index
  %e = tensor.empty(%rows) : tensor<?x4xf32>
  %y = keel.launch @device::@scale blocks(%n) ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>)
  return %y : tensor<?x4xf32>
}
