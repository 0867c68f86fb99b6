; RUN: keel-emulate %s --emit-llvm | FileCheck %s
; bf16 is f32 with its low half rounded away; nothing is left to the host's own idea of it.
target triple = "nvptx64-nvidia-cuda"

; CHECK-LABEL: define hidden void @keel_emulated.multiply
; CHECK-NOT: fpext
; CHECK: shl {{.*}}, splat (i32 16)
; CHECK: fmul <2 x float>
; CHECK: add {{.*}}, splat (i32 32767)
; CHECK: fcmp uno <2 x float>
define ptx_kernel void @multiply(<2 x bfloat> %x, <2 x bfloat> %y, ptr addrspace(1) %p) {
  %z = fmul <2 x bfloat> %x, %y
  store <2 x bfloat> %z, ptr addrspace(1) %p
  ret void
}

; CHECK-LABEL: define hidden void @keel_emulated.other
; CHECK-NOT: fptrunc {{.*}} to bfloat
; CHECK: fptrunc double {{.*}} to float
; CHECK: call float @llvm.maxnum.f32
define ptx_kernel void @other(bfloat %x, double %y, ptr addrspace(1) %p) {
  %narrow = fptrunc double %y to bfloat
  %larger = call bfloat @llvm.maxnum.bf16(bfloat %x, bfloat %narrow)
  %negative = fneg bfloat %larger
  store bfloat %negative, ptr addrspace(1) %p
  ret void
}
declare bfloat @llvm.maxnum.bf16(bfloat, bfloat)
