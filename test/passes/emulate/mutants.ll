; Mutants: what orders threads and copies can be left out, counters are off by one, swizzles lack their key, bounds always
; hold. A thread reads which one it runs; the checked and the unchecked copy agree.
; RUN: keel-emulate %s --mutants=- --emit-llvm -o %t.ll | FileCheck %s
; CHECK: 1 counter fourth {{.*}}uinc_wrap
; CHECK-NEXT: 2 wait fourth {{.*}}branch
; CHECK-NEXT: 3 swizzle fifth {{.*}}xor
; CHECK-NEXT: 4 predicate fifth {{.*}}%there = icmp slt i32 %row, %rows
; CHECK-NEXT: 5 synchronisation first {{.*}}cp.async.wait_all
; CHECK-NEXT: 6 synchronisation first {{.*}}bar.sync
; CHECK-NEXT: 7 synchronisation second {{.*}}st.release.gpu.global.b32
; CHECK-NEXT: 8 synchronisation third {{.*}}mbarrier.try_wait{{.*}}
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
