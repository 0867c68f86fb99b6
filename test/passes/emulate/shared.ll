; RUN: keel-emulate %s --emit-llvm | FileCheck %s
; Shared variables: the most aligned first, the dynamic one after them at a multiple of 128; 128 bytes are the kernel's.
; A shared address is the low half of the host's.
target triple = "nvptx64-nvidia-cuda"
@small = internal addrspace(3) global i32 undef, align 4
@large = internal addrspace(3) global [5 x i64] undef, align 16
@dynamic = external addrspace(3) global [0 x i8], align 128

; CHECK: @table = private constant [1 x { ptr, ptr, ptr, i32, i32, i32, i32 }] [{{.*}} { ptr @{{.*}}, ptr @{{.*}}, ptr @keel_emulated.addresses, i32 1, i32 96, i32 128, i32 2 }]
; CHECK-LABEL: define hidden void @keel_emulated.addresses
; CHECK: [[SHARED:%.*]] = load i64, ptr %thread
; CHECK: [[SMALL:%.*]] = add i64 [[SHARED]], 40
; CHECK: unchecked:
; CHECK: [[POINTER:%.*]] = inttoptr i64 [[SMALL]] to ptr addrspace(3)
; CHECK: store i32 1, ptr addrspace(3) [[POINTER]]
; CHECK: store i32 2,
; CHECK: [[BASE:%.*]] = add i64 {{.*}}, 128
; CHECK: [[SUM:%.*]] = add i64 [[BASE]], [[SHARED]]
; CHECK: [[LOW:%.*]] = and i64 [[SUM]], 4294967295
; CHECK: [[WINDOW:%.*]] = load i64
; CHECK: or i64 [[WINDOW]], [[LOW]]
; CHECK: store i32 3
define ptx_kernel void @addresses(i32 %offset) "nvvm.reqntid"="32,3" "nvvm.cluster_dim"="2" {
  store i32 1, ptr addrspace(3) @small
  store i32 2, ptr addrspacecast (ptr addrspace(3) @large to ptr)
  %base = ptrtoint ptr addrspace(3) @dynamic to i32
  %sum = add i32 %base, %offset
  %pointer = inttoptr i32 %sum to ptr addrspace(3)
  store i32 3, ptr addrspace(3) %pointer
  ret void
}
