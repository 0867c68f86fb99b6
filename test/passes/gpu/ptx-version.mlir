// Inline PTX that needs a newer version than its target: ptxas says so, and the version is raised.
// RUN: keel-opt %s --assemble-device="target=sm_90 print=ptx" | FileCheck %s
// CHECK: .version 8.0
// CHECK-NEXT: .target sm_90
gpu.module @device {
  llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
    llvm.inline_asm has_side_effects "fence.proxy.async;", "" : () -> ()
    llvm.return
  }
}
