// RUN: keel-opt %s --pass-pipeline="builtin.module(gpu.module(overlap-launches))" | FileCheck %s
// RUN: keel-opt %s --pass-pipeline="builtin.module(gpu.module(overlap-launches,convert-scf-to-cf,lower-device,canonicalize,cse,convert-nvvm-to-llvm,reconcile-unrealized-casts),assemble-device{target=sm_90 print=ptx})" | FileCheck %s --check-prefix=PTX

gpu.module @device {
  // What a kernel computes, and does with shared memory, it does before it waits; it waits before it touches what others have written.
  // CHECK-LABEL: llvm.func @store
  // CHECK-SAME: keel.waits
  // CHECK-NEXT: llvm.inline_asm has_side_effects "griddepcontrol.launch_dependents;", "~{memory}"
  // CHECK: nvvm.mbarrier.init
  // CHECK: nvvm.barrier0
  // CHECK: llvm.getelementptr
  // CHECK-NEXT: llvm.inline_asm has_side_effects "griddepcontrol.wait;", "~{memory}"
  // CHECK-NEXT: llvm.load
  // CHECK-NOT: griddepcontrol
  // PTX-LABEL: .entry store(
  // PTX: griddepcontrol.launch_dependents;
  // PTX: mbarrier.init
  // PTX: griddepcontrol.wait;
  // PTX: ld.global
  llvm.func @store(%x: !llvm.ptr<1>, %shared: !llvm.ptr<3>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 64 : i32} {
    %t = nvvm.read.ptx.sreg.tid.x : i32
    %zero = arith.constant 0 : i32
    %first = arith.cmpi eq, %t, %zero : i32
    scf.if %first {
      %one = arith.constant 1 : i32
      nvvm.mbarrier.init %shared, %one : !llvm.ptr<3>, i32
    }
    nvvm.barrier0
    %at = llvm.getelementptr %x[%t] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %v = llvm.load %at : !llvm.ptr<1> -> f32
    %w = arith.addf %v, %v : f32
    llvm.store %w, %at : f32, !llvm.ptr<1>
    llvm.return
  }
  // Before all of a branch, of a call, and of inline PTX, of which nobody knows what it does.
  // CHECK-LABEL: llvm.func @branch
  // CHECK: arith.cmpi
  // CHECK-NEXT: "griddepcontrol.wait;"
  // CHECK-NEXT: scf.if
  llvm.func @branch(%x: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    %t = nvvm.read.ptx.sreg.tid.x : i32
    %zero = arith.constant 0 : i32
    %first = arith.cmpi eq, %t, %zero : i32
    scf.if %first {
      llvm.store %t, %x : i32, !llvm.ptr<1>
    }
    llvm.return
  }
  // CHECK-LABEL: llvm.func @inline
  // CHECK: "griddepcontrol.launch_dependents;"
  // CHECK-NEXT: "griddepcontrol.wait;"
  // CHECK-NEXT: "st.global
  llvm.func @inline(%x: i64) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    llvm.inline_asm has_side_effects "st.global.u64 [$0], $0;", "l" %x : (i64) -> ()
    llvm.return
  }
  // A kernel that does nothing waits, too: whoever waits for it waits for those before it.
  // CHECK-LABEL: llvm.func @nothing
  // CHECK: "griddepcontrol.wait;"
  // CHECK-NEXT: llvm.return
  llvm.func @nothing() attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    llvm.return
  }
  // One that does so itself, and what is no kernel.
  // CHECK-LABEL: llvm.func @ready
  // CHECK-NOT: inline_asm
  llvm.func @ready() attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32, keel.waits} {
    nvvm.griddepcontrol wait
    llvm.return
  }
  llvm.func @helper() {
    llvm.return
  }
}
