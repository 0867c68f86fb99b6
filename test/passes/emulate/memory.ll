; RUN: keel-emulate %s --emit-llvm | FileCheck %s
; What the threads can see of each other goes through the emulator, the thread's own memory does not.
target triple = "nvptx64-nvidia-cuda"

; CHECK-DAG: c"access\00"
; CHECK-DAG: c"ld.volatile.global.v4.b32\00"
; CHECK-DAG: c"ld.acquire.gpu.global.b32\00"
; CHECK-DAG: c"st.release.gpu.global.b32\00"
; CHECK-DAG: c"atom.relaxed.gpu.global.add.f32\00"
; CHECK-DAG: c"atom.acq_rel.sys.shared.inc.u32\00"
; CHECK-DAG: c"atom.acq_rel.gpu.cas.b32\00"
; CHECK-DAG: c"fence.sc.cta\00"
; CHECK-DAG: c"fence.acq_rel.sys\00"
; CHECK-DAG: c"memcpy\00"
; CHECK-DAG: c"memset\00"

; 16 bytes, a load, of space 1, aligned to 2 to the 4; the same stored to space 3. Unchecked they are the host's own.
; CHECK-LABEL: define hidden void @keel_emulated.plain
; CHECK: checked:
; CHECK: [[FROM:%.*]] = {{.*}}call ptr %{{.*}}(ptr {{.*}}%thread, i64 %{{.*}}, i32 266256, ptr
; CHECK: load <4 x float>, ptr [[FROM]]
; CHECK: [[TO:%.*]] = {{.*}}call ptr %{{.*}}(ptr {{.*}}%thread, i64 %{{.*}}, i32 274704, ptr
; CHECK: store <4 x float> %{{.*}}, ptr [[TO]]
; CHECK: unchecked:
; CHECK-NOT: call
; CHECK: load <4 x float>, ptr addrspace(1)
; CHECK-NEXT: store <4 x float> %{{.*}}, ptr addrspace(3)
define ptx_kernel void @plain(ptr addrspace(1) %p, ptr addrspace(3) %s) {
  %v = load <4 x float>, ptr addrspace(1) %p, align 16
  store <4 x float> %v, ptr addrspace(3) %s, align 16
  ret void
}

; CHECK-LABEL: define hidden void @keel_emulated.ordered
define ptx_kernel void @ordered(ptr addrspace(1) %p, ptr addrspace(3) %s, ptr %g) {
  %v = load volatile <4 x i32>, ptr addrspace(1) %p, align 16
  %w = load atomic i32, ptr addrspace(1) %p syncscope("device") acquire, align 4
  store atomic i32 %w, ptr addrspace(1) %p syncscope("device") release, align 4
  %f = atomicrmw fadd ptr addrspace(1) %p, float 1.0 syncscope("device") monotonic
  %i = atomicrmw uinc_wrap ptr addrspace(3) %s, i32 7 acq_rel
  %c = cmpxchg ptr %g, i32 0, i32 1 syncscope("device") acq_rel monotonic
  %won = extractvalue { i32, i1 } %c, 1
  br i1 %won, label %first, label %rest
first:
  fence syncscope("block") seq_cst
  br label %rest
rest:
  fence acq_rel
  fence syncscope("singlethread") seq_cst
  call void @llvm.memcpy.p1.p0.i64(ptr addrspace(1) %p, ptr %g, i64 100, i1 false)
  call void @llvm.memset.p1.i64(ptr addrspace(1) %p, i8 0, i64 100, i1 false)
  ret void
}

; The stack and constants are read directly, and so are a kernel's own parameters.
@table = internal addrspace(4) constant [4 x i32] [i32 1, i32 2, i32 3, i32 5]
; CHECK-LABEL: define hidden void @keel_emulated.own
; CHECK: checked:
; CHECK-NOT: call ptr
; CHECK: load volatile i32, ptr
; CHECK: load i32, ptr addrspace(4)
; CHECK: load i32, ptr
; CHECK: call ptr
; CHECK-NEXT: store i32
define ptx_kernel void @own(ptr addrspace(1) %to, i32 %i, ptr byval([4 x i32]) %parameter) {
  %local = alloca [4 x i32]
  %here = getelementptr i32, ptr %local, i32 %i
  store volatile i32 %i, ptr %here
  %x = load volatile i32, ptr %here
  %entry = getelementptr i32, ptr addrspace(4) @table, i32 %i
  %y = load i32, ptr addrspace(4) %entry
  %word = getelementptr i32, ptr %parameter, i32 %i
  %z = load i32, ptr %word
  %xy = add i32 %x, %y
  %sum = add i32 %xy, %z
  store i32 %sum, ptr addrspace(1) %to
  ret void
}
declare void @llvm.memcpy.p1.p0.i64(ptr addrspace(1), ptr, i64, i1)
declare void @llvm.memset.p1.i64(ptr addrspace(1), i8, i64, i1)
