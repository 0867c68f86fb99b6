// RUN: keel-opt %s --pass-pipeline="builtin.module(gpu.module(convert-scf-to-cf,lower-device))" | FileCheck %s
// RUN: keel-opt %s --pass-pipeline="builtin.module(gpu.module(convert-scf-to-cf,lower-device),assemble-device{target=sm_80})" | FileCheck %s --check-prefix=RESOURCES
// RUN: keel-opt %s --pass-pipeline="builtin.module(gpu.module(convert-scf-to-cf,lower-device),assemble-device{target=sm_80 print=ptx})" | FileCheck %s --check-prefix=PTX
// RUN: keel-opt %s --pass-pipeline="builtin.module(gpu.module(convert-scf-to-cf,lower-device),assemble-device{target=sm_90a print=ptx})" | FileCheck %s --check-prefix=HOPPER
// RUN: keel-opt %s --pass-pipeline="builtin.module(gpu.module(convert-scf-to-cf,lower-device),assemble-device{target=sm_80 print=llvm})" | FileCheck %s --check-prefix=LLVM

// The oldest PTX that has the target, and that has no newer instruction.
// PTX: .version 7.0
// PTX-NEXT: .target sm_80
// HOPPER: .version 8.0
// HOPPER-NEXT: .target sm_90a

gpu.module @device {
  llvm.mlir.global external @keel_shared() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<0 x i8>

  // CHECK-LABEL: llvm.func @softplus
  // CHECK-SAME: nvvm.reqntid = array<i32: 128>
  // CHECK-DAG: nvvm.read.ptx.sreg.tid.x
  // CHECK-DAG: nvvm.read.ptx.sreg.ctaid.x
  // CHECK: llvm.call @__nv_expf(
  // CHECK: llvm.call @__nv_log1pf(
  // CHECK-NOT: unrealized_conversion_cast
  // RESOURCES: llvm.func @softplus
  // RESOURCES-SAME: keel.resources = {registers = {{[0-9]+}} : i32, shared = 0 : i32, stack = 0 : i32}
  // PTX: .visible .entry softplus(
  // PTX: .reqntid 128
  // LLVM: define ptx_kernel void @softplus(
  // LLVM-NOT: @__nv_
  llvm.func @softplus(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %n: i64)
      attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %size = arith.constant 128 : index
    %base = arith.muli %b, %size : index
    %i = arith.addi %base, %t : index
    %end = arith.index_cast %n : i64 to index
    %in = arith.cmpi slt, %i, %end : index
    scf.if %in {
      %at = arith.index_cast %i : index to i64
      %px = llvm.getelementptr %x[%at] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
      %v = llvm.load %px : !llvm.ptr<1> -> f32
      %e = math.exp %v : f32
      %l = math.log1p %e : f32
      %py = llvm.getelementptr %y[%at] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
      llvm.store %l, %py : f32, !llvm.ptr<1>
    }
    llvm.return
  }

  // Loops over vectors, a shuffle, shared memory; a product and a sum are one operation, in the IR already.
  // CHECK-LABEL: llvm.func @sums
  // CHECK: llvm.intr.sqrt
  // PTX: .visible .entry sums(
  // PTX: ld.global.v4
  // PTX-NOT: mul.f32
  // PTX-NOT: add.f32
  // PTX: shfl.sync.bfly.b32
  // PTX: bar.sync
  // LLVM: define ptx_kernel void @sums(
  // LLVM: call float @llvm.fma.f32
  llvm.func @sums(%x: !llvm.ptr<1>, %n: i64, %y: !llvm.ptr<1>)
      attributes {nvvm.kernel, keel.threads = 32 : i32, keel.shared_bytes = 128 : i32} {
    %c0 = arith.constant 0 : index
    %c128 = arith.constant 128 : index
    %c4 = arith.constant 4 : index
    %end = arith.index_cast %n : i64 to index
    %zero = arith.constant 0.0 : f32
    %t = gpu.thread_id x
    %first = arith.muli %t, %c4 : index
    %sum = scf.for %i = %first to %end step %c128 iter_args(%s = %zero) -> f32 {
      %at = arith.index_cast %i : index to i64
      %p = llvm.getelementptr %x[%at] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
      %v = llvm.load %p {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
      %sq = arith.mulf %v, %v : vector<4xf32>
      %r = vector.reduction <add>, %sq, %s : vector<4xf32> into f32
      scf.yield %r : f32
    }
    %mask = arith.constant -1 : i32
    %by = arith.constant 16 : i32
    %lane = arith.constant 31 : i32
    %other = nvvm.shfl.sync bfly %mask, %sum, %by, %lane : f32 -> f32
    %total = arith.addf %sum, %other : f32
    %root = math.sqrt %total : f32
    %shared = llvm.mlir.addressof @keel_shared : !llvm.ptr<3>
    %ti = arith.index_cast %t : index to i32
    %ps = llvm.getelementptr %shared[%ti] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    llvm.store %root, %ps : f32, !llvm.ptr<3>
    nvvm.barrier0
    %s0 = llvm.load %shared : !llvm.ptr<3> -> f32
    %tl = arith.index_cast %t : index to i64
    %py = llvm.getelementptr %y[%tl] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
    llvm.store %s0, %py : f32, !llvm.ptr<1>
    llvm.return
  }
}
