; RUN: keel-emulate %s --emit-llvm --chip=sm_90a | FileCheck %s
; An intrinsic is the instruction that NVPTX selects for it, with its operands in that order.
target triple = "nvptx64-nvidia-cuda"

; The mask comes last in PTX.
; CHECK-DAG: c"shfl.sync.bfly.b32 [[D:%r[0-9]+]], [[A:%r[0-9]+]], [[B:%r[0-9]+]], [[C:%r[0-9]+]], [[MASK:%r[0-9]+]]\00"
; CHECK-DAG: c"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}},
; CHECK-DAG: c"bar.sync\00"
; CHECK-DAG: c"cp.async.cg.shared.global [%rd{{[0-9]+}}], [%rd{{[0-9]+}}], 16\00"
; CHECK-DAG: c"cp.async.wait_group 1\00"
; CHECK-DAG: c"cvt.rn.bf16x2.f32\00"
; CHECK-DAG: c"rsqrt.approx.f32\00"
; CHECK-DAG: c"ldmatrix.sync.aligned.m8n8.x4.shared.b16\00"

; CHECK-LABEL: define hidden void @keel_emulated.shuffle
; CHECK: store i64 16, ptr [[B:%.*]],
; CHECK: store i64 31, ptr [[C:%.*]],
; CHECK: store i64 4294967295, ptr [[MASK:%.*]],
; CHECK: call void
define ptx_kernel void @shuffle(ptr addrspace(1) %p) {
  %x = load float, ptr addrspace(1) %p
  %y = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %x, i32 16, i32 31)
  %z = call float @llvm.nvvm.rsqrt.approx.f(float %y)
  store float %z, ptr addrspace(1) %p
  ret void
}

define ptx_kernel void @matrix(ptr addrspace(1) %p, ptr addrspace(3) %s) {
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %s, ptr addrspace(1) %p)
  call void @llvm.nvvm.cp.async.commit.group()
  call void @llvm.nvvm.cp.async.wait.group(i32 1)
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %a = call { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3) %s)
  %a0 = extractvalue { i32, i32, i32, i32 } %a, 0
  %a1 = extractvalue { i32, i32, i32, i32 } %a, 1
  %a2 = extractvalue { i32, i32, i32, i32 } %a, 2
  %a3 = extractvalue { i32, i32, i32, i32 } %a, 3
  %d = call { float, float, float, float } @llvm.nvvm.mma.m16n8k8.row.col.tf32(i32 %a0, i32 %a1, i32 %a2, i32 %a3, i32 %a0, i32 %a1, float 0.0, float 0.0, float 0.0, float 0.0)
  %d0 = extractvalue { float, float, float, float } %d, 0
  %d1 = extractvalue { float, float, float, float } %d, 1
  %pair = call <2 x bfloat> @llvm.nvvm.ff2bf16x2.rn(float %d0, float %d1)
  store <2 x bfloat> %pair, ptr addrspace(1) %p
  ret void
}

declare float @llvm.nvvm.shfl.sync.bfly.f32(i32, float, i32, i32)
declare float @llvm.nvvm.rsqrt.approx.f(float)
declare void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3), ptr addrspace(1))
declare void @llvm.nvvm.cp.async.commit.group()
declare void @llvm.nvvm.cp.async.wait.group(i32 immarg)
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3))
declare { float, float, float, float } @llvm.nvvm.mma.m16n8k8.row.col.tf32(i32, i32, i32, i32, i32, i32, float, float, float, float)
declare <2 x bfloat> @llvm.nvvm.ff2bf16x2.rn(float, float)
