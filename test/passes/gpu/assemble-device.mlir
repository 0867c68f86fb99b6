// RUN: keel-opt %s --assemble-device=target=sm_80 | FileCheck %s
// RUN: keel-opt %s --assemble-device="target=sm_80 print=ptx" | FileCheck %s --check-prefix=SM80
// RUN: keel-opt %s --assemble-device="target=sm_86 print=ptx" | FileCheck %s --check-prefix=SM86
// RUN: keel-opt %s --assemble-device="target=sm_90 print=ptx" | FileCheck %s --check-prefix=SM90
// RUN: keel-opt %s --assemble-device="target=sm_100a print=ptx" | FileCheck %s --check-prefix=SM100

// The oldest PTX version that has the target.
// SM80: .version 7.0
// SM86: .version 7.1
// SM90: .version 7.8
// SM100: .version 8.6
gpu.module @device {
  // CHECK: llvm.func @k
  // CHECK-SAME: keel.resources = {registers = {{[1-9][0-9]*}} : i32, shared = 512 : i32, stack = 0 : i32}
  llvm.mlir.global internal @exchange() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<128 x f32>
  llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
    %t = nvvm.read.ptx.sreg.tid.x : i32
    %other = nvvm.read.ptx.sreg.laneid : i32
    %e = llvm.mlir.addressof @exchange : !llvm.ptr<3>
    %p = llvm.getelementptr %e[%t] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %q = llvm.getelementptr %e[%other] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %v = llvm.load %y : !llvm.ptr<1> -> f32
    llvm.store %v, %p : f32, !llvm.ptr<3>
    nvvm.barrier0
    %w = llvm.load %q : !llvm.ptr<3> -> f32
    llvm.store %w, %y : f32, !llvm.ptr<1>
    llvm.return
  }
}
