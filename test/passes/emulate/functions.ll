; RUN: keel-emulate %s --emit-llvm | FileCheck %s
target triple = "nvptx64-nvidia-cuda"

; Functions that stay functions get the thread; libdevice that is not linked in is the C library's.
; CHECK: c"call.vprintf\00"
; CHECK-LABEL: define hidden void @keel_emulated.calls
; CHECK: call fastcc float @recursive(ptr nonnull %thread,
; CHECK: call float @expf(
; CHECK: call fastcc float @recursive.unchecked(ptr nonnull %thread,
define ptx_kernel void @calls(ptr addrspace(1) %p, ptr %format, i32 %n) {
  %x = load float, ptr addrspace(1) %p
  %y = call float @recursive(float %x, i32 %n)
  %z = call float @__nv_expf(float %y)
  %w = call float @__nv_rsqrtf(float %z)
  store float %w, ptr addrspace(1) %p
  %printed = call i32 @vprintf(ptr %format, ptr null)
  ret void
}

define internal float @recursive(float %x, i32 %n) {
  %stop = icmp eq i32 %n, 0
  br i1 %stop, label %end, label %again
again:
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %less = sub i32 %n, 1
  %f = sitofp i32 %lane to float
  %y = call float @recursive(float %f, i32 %less)
  %sum = fadd float %x, %y
  ret float %sum
end:
  ret float %x
}
declare float @__nv_expf(float)
declare float @__nv_rsqrtf(float)
declare i32 @vprintf(ptr, ptr)
declare i32 @llvm.nvvm.read.ptx.sreg.laneid()
