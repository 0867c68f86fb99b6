; Mutants: what orders threads and copies can be left out, counters are off by one, phases and stages are others, swizzles too, bounds always
; hold. A thread reads which one it runs; the checked and the unchecked copy agree.
; RUN: keel-emulate %s --mutants=- --emit-llvm -o %t.ll | FileCheck %s
; CHECK: 1 counter fourth {{.*}}uinc_wrap
; CHECK-NEXT: 2 wait fourth {{.*}}branch
; CHECK-NEXT: 3 swizzle fifth {{.*}}xor
; CHECK-NEXT: 4 predicate fifth {{.*}}%there = icmp slt i32 %row, %rows
; CHECK-NEXT: 5 synchronisation first {{.*}}cp.async.wait_all
; CHECK-NEXT: 6 synchronisation first {{.*}}bar.sync
; CHECK-NEXT: 7 synchronisation second {{.*}}st.release.gpu.global.b32
; CHECK-NEXT: 8 phase third {{.*}}mbarrier.try_wait{{.*}}
; CHECK-NEXT: 9 synchronisation third {{.*}}mbarrier.try_wait{{.*}}
; CHECK-NEXT: 10 counter sixth {{.*}}mbarrier.init{{.*}}
; CHECK-NEXT: 11 counter sixth {{.*}}expect_tx{{.*}}
; CHECK-NEXT: 12 synchronisation sixth {{.*}}expect_tx{{.*}}
; CHECK-NEXT: 13 early sixth {{.*}}mbarrier.arrive{{.*}}
; CHECK-NEXT: 14 synchronisation sixth {{.*}}mbarrier.arrive{{.*}}
; CHECK-NEXT: 15 synchronisation sixth {{.*}}setmaxnreg.dec{{.*}}
; CHECK-NEXT: 16 swizzle sixth {{.*}}wgmma.mma_async{{.*}}
; CHECK-NEXT: 17 swizzle sixth {{.*}}wgmma.mma_async{{.*}}
; CHECK-NEXT: 18 synchronisation seventh {{.*}}griddepcontrol.wait{{.*}}
; CHECK-NOT: {{.}}

; RUN: FileCheck %s --check-prefix=CODE < %t.ll
; CODE-DAG: c"mutant.nothing\00"
; CODE-DAG: c"st.relaxed.gpu.global.b32\00"
; CODE-DAG: c"mutant.done\00"
; Number 1: one more than the last ticket.
; CODE: define hidden void @keel_emulated.fourth(
; CODE: %[[IS:.*]] = icmp eq i32 %{{.*}}, 1{{$}}
; CODE-NEXT: %[[ONE:.*]] = zext i1 %[[IS]] to
; CODE: add {{.*}}%[[ONE]]

; Without being asked for there are none.
; RUN: keel-emulate %s --emit-llvm -o - | FileCheck %s --check-prefix=PLAIN
; PLAIN-NOT: c"mutant
target triple = "nvptx64-nvidia-cuda"
@memory = external addrspace(3) global [0 x i32]
define ptx_kernel void @first() {
  call void asm sideeffect "cp.async.wait_all;", ""()
  call void asm sideeffect "bar.sync 0;", ""()
  ret void
}
define ptx_kernel void @second(ptr addrspace(1) %p) {
  store atomic i32 1, ptr addrspace(1) %p syncscope("device") release, align 4
  ret void
}
define ptx_kernel void @third(ptr addrspace(1) %p, i32 %barrier) {
  %done = call i32 asm sideeffect "{ .reg .pred p; mbarrier.try_wait.parity.shared.b64 p, [$1], 0; selp.b32 $0, 1, 0, p; }", "=r,r"(i32 %barrier)
  store i32 %done, ptr addrspace(1) %p
  ret void
}
define ptx_kernel void @fourth(ptr addrspace(1) %p, i32 %last) {
entry:
  %ticket = atomicrmw uinc_wrap ptr addrspace(1) %p, i32 %last syncscope("device") monotonic
  br label %wait
wait:
  %word = load atomic i32, ptr addrspace(1) %p syncscope("device") monotonic, align 4
  %isOld = icmp ne i32 %word, %ticket
  br i1 %isOld, label %wait, label %end
end:
  ret void
}
define ptx_kernel void @fifth(ptr addrspace(1) %p, i32 %row, i32 %chunk, i32 %rows) {
entry:
  %place = xor i32 %chunk, %row
  %at = getelementptr i32, ptr addrspace(3) @memory, i32 %place
  %there = icmp slt i32 %row, %rows
  br i1 %there, label %store, label %end
store:
  store i32 %row, ptr addrspace(3) %at
  br label %end
end:
  %index = select i1 %there, i32 %row, i32 0
  %to = getelementptr i32, ptr addrspace(1) %p, i32 %index
  store i32 1, ptr addrspace(1) %to
  ret void
}
define ptx_kernel void @sixth(ptr addrspace(1) %p, i32 %barrier, i64 %a, i64 %b) {
  call void asm sideeffect "mbarrier.init.shared.b64 [$0], 8;", "r"(i32 %barrier)
  call void asm sideeffect "mbarrier.arrive.expect_tx.shared.b64 _, [$0], 4096;", "r"(i32 %barrier)
  call void asm sideeffect "mbarrier.arrive.shared.b64 _, [$0];", "r"(i32 %barrier)
  call void asm sideeffect "setmaxnreg.inc.sync.aligned.u32 232;", ""()
  call void asm sideeffect "setmaxnreg.dec.sync.aligned.u32 40;", ""()
  %sums = call {float, float, float, float} asm sideeffect "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, $3}, $4, $5, 0, 1, 1, 0, 0;", "=f,=f,=f,=f,l,l"(i64 %a, i64 %b)
  %sum = extractvalue {float, float, float, float} %sums, 0
  store float %sum, ptr addrspace(1) %p
  ret void
}
define ptx_kernel void @seventh(ptr addrspace(1) %p) {
  call void asm sideeffect "griddepcontrol.launch_dependents;", "~{memory}"()
  call void asm sideeffect "griddepcontrol.wait;", "~{memory}"()
  store i32 1, ptr addrspace(1) %p
  ret void
}
