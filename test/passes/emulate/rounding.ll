; RUN: keel-emulate %s --emit-llvm | FileCheck %s
; The device rounds twice, and so does the host.
target triple = "nvptx64-nvidia-cuda"
; CHECK-LABEL: define hidden void @keel_emulated.apart
; CHECK: [[PRODUCT:%.*]] = fmul float
; CHECK: [[FENCED:%.*]] = {{.*}}call float @llvm.arithmetic.fence.f32(float [[PRODUCT]])
; CHECK: fadd float {{.*}}[[FENCED]]
define ptx_kernel void @apart(float %x, float %y, ptr addrspace(1) %p) {
  %product = fmul float %x, %y
  %sum = fadd float %product, %x
  store float %sum, ptr addrspace(1) %p
  ret void
}
