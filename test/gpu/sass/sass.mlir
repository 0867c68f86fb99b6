// The tools that read machine code, on kernels whose loops are known.
// RUN: keel-compile %s -o %t.so --target=sm_80,sm_90
// RUN: %python %S/kernels %t.so --target sm_80 --loops | FileCheck %s
// RUN: %python %S/kernels %t.so --target sm_90 | FileCheck %s --check-prefix=OTHER
// RUN: %python %S/kernels %t.so --base %t.so --kernel nested --elements 4 --trips 8 | FileCheck %s --check-prefix=BASE
// RUN: not %python %S/kernels %t.so --kernel missing 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: cp %s %t.cubin && not %python %S/kernels %t.cubin 2>&1 | FileCheck %s --check-prefix=NOCUBIN

// CHECK: target  kernel  registers  shared  spills  instructions
// CHECK: sm_80   nested  {{ *[1-9][0-9]*}} {{ *64 *0}}  {{.*}} 32  two loops
// CHECK-NEXT: all:
// The inner loop, unrolled, and its remainder; then the outer one, which alone has the store.
// CHECK-NEXT: loop at 0x{{[0-9a-f]+}}, {{[0-9]+}} instructions:{{.*}}load 4
// CHECK-NEXT: loop at 0x{{[0-9a-f]+}}, {{[0-9]+}} instructions:{{.*}}load 1
// CHECK-NEXT: loop at 0x{{[0-9a-f]+}}, {{[0-9]+}} instructions:{{.*}}store 1
// CHECK-NEXT: 1 kernels, 0 spills
// OTHER: sm_90   nested
// BASE: {{[0-9.]+}} instructions an element, {{[0-9.]+}} in the base: +0.00
// MISSING: error: no such kernel
// NOCUBIN: error: no cubin in {{.*}}.cubin

gpu.module @device {
  llvm.func @nested(%n: i64, %x: !llvm.ptr<1>)
      attributes {nvvm.kernel, keel.threads = 32 : i32, keel.shared_bytes = 64 : i32, keel.schedule = "two loops"} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %end = arith.index_cast %n : i64 to index
    %zero = arith.constant 0.0 : f32
    scf.for %i = %c0 to %end step %c1 {
      %sum = scf.for %j = %c0 to %end step %c1 iter_args(%s = %zero) -> f32 {
        nvvm.barrier0
        %at = arith.index_cast %j : index to i64
        %p = llvm.getelementptr %x[%at] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
        %v = llvm.load volatile %p : !llvm.ptr<1> -> f32
        %t = arith.addf %s, %v : f32
        scf.yield %t : f32
      }
      %at = arith.index_cast %i : index to i64
      %p = llvm.getelementptr %x[%at] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
      llvm.store volatile %sum, %p : f32, !llvm.ptr<1>
    }
    llvm.return
  }
}

func.func @forward(%x: tensor<16xf32>) -> tensor<16xf32> {
  %c16 = arith.constant 16 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<16xf32>
  %y = keel.launch @device::@nested blocks(%c1) ins(%c16 : index) outs(%e : tensor<16xf32>)
  return %y : tensor<16xf32>
}
