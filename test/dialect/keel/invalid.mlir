// RUN: keel-opt %s -split-input-file -verify-diagnostics

func.func @no_inits(%n: index) {
  // expected-error @below {{'keel.launch' op has no inits: a kernel that writes nothing does nothing}}
  "keel.launch"(%n) <{kernel = @device::@k, operandSegmentSizes = array<i32: 1, 0, 0>}> : (index) -> ()
  return
}

// -----

func.func @scalar_init(%n: index) {
  // expected-error @below {{'keel.launch' op writes to an init of type 'index', expected a ranked tensor or a memref}}
  keel.launch @device::@k blocks(%n) outs(%n : index)
  return
}

// -----

func.func @operand_type(%n: index, %y: memref<4xf32>, %x: vector<4xf32>) {
  // expected-error @below {{'keel.launch' op passes an operand of type 'vector<4xf32>', expected a ranked tensor, a memref or a scalar}}
  keel.launch @device::@k blocks(%n) ins(%x : vector<4xf32>) outs(%y : memref<4xf32>)
  return
}

// -----

func.func @layout(%n: index, %y: memref<4xf32, strided<[2]>>) {
  // expected-error @below {{'keel.launch' op passes an operand of type 'memref<4xf32, strided<[2]>>', expected the identity layout}}
  keel.launch @device::@k blocks(%n) outs(%y : memref<4xf32, strided<[2]>>)
  return
}

// -----

gpu.module @device {
}
func.func @no_kernel(%n: index, %y: memref<4xf32>) {
  // expected-error @below {{'keel.launch' op launches @device::@k, but there is no llvm.func of that name}}
  keel.launch @device::@k blocks(%n) outs(%y : memref<4xf32>)
  return
}

// -----

// expected-note @below {{the kernel is here}}
llvm.func @k(%y: !llvm.ptr<1>)
func.func @no_module(%n: index, %y: memref<4xf32>) {
  // expected-error @below {{'keel.launch' op launches @k, which is not in a gpu.module}}
  keel.launch @k blocks(%n) outs(%y : memref<4xf32>)
  return
}

// -----

gpu.module @device {
  // expected-note @below {{the kernel is here}}
  llvm.func @k(%y: !llvm.ptr<1>)
}
func.func @no_kernel_mark(%n: index, %y: memref<4xf32>) {
  // expected-error @below {{'keel.launch' op launches @device::@k, which is not marked nvvm.kernel}}
  keel.launch @device::@k blocks(%n) outs(%y : memref<4xf32>)
  return
}

// -----

gpu.module @device {
  // expected-note @below {{the kernel is here}}
  llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 100 : i32, keel.shared_bytes = 0 : i32} {
    llvm.return
  }
}
func.func @threads(%n: index, %y: memref<4xf32>) {
  // expected-error @below {{launches @device::@k, which needs the attribute keel.threads, a multiple of 32 from 32 to 1024, found 100 : i32}}
  keel.launch @device::@k blocks(%n) outs(%y : memref<4xf32>)
  return
}

// -----

gpu.module @device {
  // expected-note @below {{the kernel is here}}
  llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = -1 : i32} {
    llvm.return
  }
}
func.func @shared(%n: index, %y: memref<4xf32>) {
  // expected-error @below {{launches @device::@k, which needs the attribute keel.shared_bytes, 0 or more, found -1 : i32}}
  keel.launch @device::@k blocks(%n) outs(%y : memref<4xf32>)
  return
}

// -----

gpu.module @device {
  // expected-note @below {{the kernel is here}}
  llvm.func @k(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} {
    llvm.return
  }
}
func.func @parameters(%n: index, %y: memref<?xf32>) {
  // expected-error @below {{launches @device::@k, which takes ('!llvm.ptr<1>', '!llvm.ptr<1>'), but these operands make ('!llvm.ptr<1>', 'i64')}}
  keel.launch @device::@k blocks(%n) outs(%y : memref<?xf32>)
  return
}

// -----

gpu.module @device {
  // expected-note @below {{the kernel is here}}
  llvm.func @k(%y: !llvm.ptr<1>, %map: !llvm.ptr) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32,
    keel.tensor_maps = [#keel.tensor_map<operand = 0, box = [64, 64]>]} {
    llvm.return
  }
}
func.func @tensor_map(%n: index, %y: memref<8x8xf64>) {
  // expected-error @below {{launches @device::@k, whose #keel.tensor_map<operand = 0, box = [64, 64]> needs an operand that is a matrix of f32 or 16-bit elements}}
  keel.launch @device::@k blocks(%n) outs(%y : memref<8x8xf64>)
  return
}
