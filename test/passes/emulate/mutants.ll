; What orders threads and copies is counted, and can be left out one by one; the checked and the unchecked copy agree.
; RUN: keel-emulate %s --synchronisations | FileCheck %s
; CHECK: 0 first {{.*}}cp.async.wait_all
; CHECK-NEXT: 1 first {{.*}}bar.sync
; CHECK-NEXT: 2 second {{.*}}st.release.gpu.global.b32
; CHECK-NEXT: 3 second {{.*}}mbarrier.try_wait{{.*}}
; CHECK-NOT: {{.}}
; RUN: keel-emulate %s --drop=0 --emit-llvm | FileCheck %s --check-prefix=WAIT
; WAIT-NOT: c"cp.async.wait_all
; WAIT: c"bar.sync\00"
; RUN: keel-emulate %s --drop=2 --emit-llvm | FileCheck %s --check-prefix=STORE
; STORE: c"st.relaxed.gpu.global.b32\00"
; RUN: keel-emulate %s --drop=3 --emit-llvm | FileCheck %s --check-prefix=TRY
; TRY-NOT: c"mbarrier.try_wait
; TRY: store i32 1,
target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @first() {
  call void asm sideeffect "cp.async.wait_all;", ""()
  call void asm sideeffect "bar.sync 0;", ""()
  ret void
}
define ptx_kernel void @second(ptr addrspace(1) %p, i32 %barrier) {
  store atomic i32 1, ptr addrspace(1) %p syncscope("device") release, align 4
  %done = call i32 asm sideeffect "{ .reg .pred p; mbarrier.try_wait.parity.shared.b64 p, [$1], 0; selp.b32 $0, 1, 0, p; }", "=r,r"(i32 %barrier)
  store i32 %done, ptr addrspace(1) %p
  ret void
}
