// RUN: keel-opt %s --lower-entries --lower-launches | FileCheck %s
// RUN: keel-opt %s --pass-pipeline="builtin.module(to-llvm{sm=80})" -o %t.llvm.mlir && FileCheck %s --check-prefix=HOST < %t.llvm.mlir

gpu.module @device {
  llvm.func @scale(%x: !llvm.ptr<1>, %factor: f32, %rows: i64, %y: !llvm.ptr<1>, %rows_x: i64, %rows_y: i64)
      attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 64 : i32, keel.schedule = "a thread an element", keel.waits} {
    llvm.return
  }
}

// Words: x's address, the factor's bits, the number of rows, y's address, then the extents of x and y.
// CHECK-LABEL: llvm.func internal @forward
// CHECK-SAME: (%[[ENV:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64)
// CHECK-SAME: keel.kernels = [{location = "{{.*}}lower-launches.mlir:[[@LINE+22]]:3", name = "scale", num_arguments = 6 : i32,
// CHECK-SAME: schedule = "a thread an element", shared_bytes = 64 : i32, symbol = "scale", threads = 128 : i32, waits = 1 : i32}]
// CHECK: %[[COUNT:.*]] = llvm.mlir.constant(6 : i64)
// CHECK: %[[WORDS:.*]] = llvm.alloca %[[COUNT]] x i64
// CHECK: %[[BITS:.*]] = arith.extui %{{.*}} : i32 to i64
// CHECK: llvm.getelementptr %[[WORDS]][0]
// CHECK: llvm.store %[[BITS]]
// CHECK: llvm.getelementptr %[[WORDS]][5]
// CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[ENV]][0, 2]
// CHECK: %[[LAUNCH:.*]] = llvm.load %[[FIELD]]
// CHECK: %[[KERNEL:.*]] = llvm.mlir.constant(0 : i32)
// CHECK: llvm.call %[[LAUNCH]](%[[ENV]], %[[KERNEL]], %{{.*}}, %[[WORDS]]) : !llvm.ptr, (!llvm.ptr, i32, i32, !llvm.ptr) -> ()
// CHECK-NOT: keel.launch
// HOST-LABEL: llvm.func internal @entry.forward
// HOST: llvm.call
// HOST-NOT: unrealized_conversion_cast
func.func @forward(%x: memref<?x4xf32>, %y: memref<?x4xf32> {keel.output = 0 : i32}) {
  %c0 = arith.constant 0 : index
  %factor = arith.constant 2.0 : f32
  %rows = memref.dim %x, %c0 : memref<?x4xf32>
  %c128 = arith.constant 128 : index
  %n = arith.ceildivui %rows, %c128 : index
  keel.launch @device::@scale blocks(%n) ins(%x, %factor, %rows : memref<?x4xf32>, f32, index) outs(%y : memref<?x4xf32>)
  return
}
