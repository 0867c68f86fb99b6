; RUN: keel-emulate %s --emit-llvm | FileCheck %s
target triple = "nvptx64-nvidia-cuda"

; CHECK-DAG: c"ld.global.v2.b32\00"
; CHECK-DAG: c"mbarrier.try_wait.parity.shared.b64\00"

; Registers, an address with an offset, a vector, a tied operand; the guard becomes a branch.
; CHECK-LABEL: define hidden void @keel_emulated.guarded
; CHECK: [[GUARD:%.*]] = icmp eq i64 {{.*}}, 0
; CHECK: unchecked:
; CHECK: br i1 [[GUARD]], label %[[END:.*]], label
; CHECK: [[ADDRESS:%.*]] = add i64 {{.*}}, 16
; CHECK: store i64 [[ADDRESS]], ptr %in
; CHECK: call void %{{.*}}(ptr nonnull %thread, ptr nonnull %in{{.*}}, ptr nonnull %out{{.*}}, ptr nonnull @site{{.*}})
; CHECK: [[END]]:
; CHECK: phi i32 [ {{.*}} ], [ 15, %unchecked ]
define ptx_kernel void @guarded(ptr addrspace(1) %p, i32 %guard, ptr addrspace(1) %to) {
  %r = call { i32, i32 } asm sideeffect "{\0A  .reg .pred p; // the guard\0A  setp.ne.b32 p, $3, 0;\0A  @p ld.global.v2.b32 {$0, $1}, [$2+16];\0A}", "=r,=r,l,r,0,1,~{memory}"(ptr addrspace(1) %p, i32 %guard, i32 7, i32 8)
  %a = extractvalue { i32, i32 } %r, 0
  %b = extractvalue { i32, i32 } %r, 1
  %sum = add i32 %a, %b
  store i32 %sum, ptr addrspace(1) %to
  ret void
}

; A loop over a label; moves, comparisons and integer arithmetic are the host's.
; CHECK-LABEL: define hidden void @keel_emulated.waits
; CHECK: [[LOOP:ptx.label[.a-z0-9]*]]:
; CHECK: call void %{{.*}}(ptr nonnull %thread, {{.*}}, ptr nonnull @site{{.*}})
; CHECK: br i1 %{{.*}}, label {{.*}}%[[LOOP]]
define ptx_kernel void @waits(i32 %barrier, i32 %phase) {
  call void asm sideeffect "{ .reg .pred P1; LAB_${:uid}: mbarrier.try_wait.parity.shared.b64 P1, [$0], $1; @P1 bra DONE; bra LAB_${:uid}; DONE: }", "r,r"(i32 %barrier, i32 %phase)
  ret void
}

; Special registers are fields of the thread, packs and unpacks are shifts, 0f is a float.
; CHECK-LABEL: define hidden void @keel_emulated.registers
; CHECK: unchecked:
; CHECK-NOT: call
; CHECK: load i32, ptr %{{.*}}, !invariant.load
; CHECK: shl {{.*}}, 32
; CHECK: or {{.*}}, 1065353216
; CHECK: store i64
define ptx_kernel void @registers(ptr addrspace(1) %to) {
  %r = call i64 asm "{ .reg .b32 %r<2>; mov.u32 %r0, %laneid; mov.f32 %r1, 0f3F800000; mov.b64 $0, {%r1, %r0}; }", "=l"()
  store i64 %r, ptr addrspace(1) %to
  ret void
}
