// RUN: keel-opt %s -split-input-file --lower-entries --lower-launches --verify-diagnostics

func.func @forward(%y: memref<4xf32> {keel.output = 0 : i32}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{'memref.store' is left on the host's side of an entry for a GPU, whose memory the host cannot touch; it must be part of a kernel that became device code}}
  memref.store %zero, %y[%c0] : memref<4xf32>
  return
}

// -----

gpu.module @device {
  llvm.func @k(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    llvm.return
  }
}
memref.global "private" constant @table : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func @forward(%y: memref<4xf32> {keel.output = 0 : i32}) {
  %x = memref.get_global @table : memref<4xf32>
  %n = arith.constant 1 : index
  // expected-error @below {{launches a kernel on a constant of type 'memref<4xf32>', which is in the host's memory; keep it in an ml_program.global}}
  keel.launch @device::@k blocks(%n) ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  return
}

// -----

gpu.module @device {
  llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    llvm.return
  }
}
func.func @forward(%x: memref<i64>, %y: memref<4xf32> {keel.output = 0 : i32}) {
  // expected-error @below {{a number that the device computes decides what the host does (a condition, a bound, an index), but nothing waits for the device inside an entry; choose between results with arith.select, or compile for a CPU}}
  %b = memref.load %x[] : memref<i64>
  %n = arith.index_cast %b : i64 to index
  keel.launch @device::@k blocks(%n) outs(%y : memref<4xf32>)
  return
}
