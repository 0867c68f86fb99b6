// RUN: keel-opt %s -split-input-file --assemble-device --verify-diagnostics

gpu.module @device {
  llvm.func @__nv_exptf(f32) -> f32
  // expected-error @below {{device code calls '__nv_exptf', which neither it nor libdevice defines}}
  llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
    %x = llvm.load %y : !llvm.ptr<1> -> f32
    %e = llvm.call @__nv_exptf(%x) : (f32) -> f32
    llvm.store %e, %y : f32, !llvm.ptr<1>
    llvm.return
  }
}

// -----

// expected-error @below {{ptxas rejects the device code for sm_80}}
gpu.module @device {
  llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
    llvm.inline_asm has_side_effects "no.such.instruction;", "" : () -> ()
    llvm.return
  }
}

// -----

gpu.module @device {
  // expected-error @below {{kernel 'k' spills registers:}}
  llvm.func @k(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.maxnreg = 32 : i32, nvvm.reqntid = array<i32: 128>} {
    %v = llvm.load volatile %x {alignment = 16 : i64} : !llvm.ptr<1> -> vector<64xf32>
    %zero = llvm.mlir.constant(0.0 : f32) : f32
    %s = "llvm.intr.vector.reduce.fadd"(%zero, %v) : (f32, vector<64xf32>) -> f32
    %p = llvm.mlir.poison : vector<64xf32>
    %first = llvm.mlir.constant(0 : i32) : i32
    %i = llvm.insertelement %s, %p[%first : i32] : vector<64xf32>
    %all = llvm.shufflevector %i, %p [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] : vector<64xf32>
    %scaled = llvm.fmul %v, %all : vector<64xf32>
    llvm.store volatile %scaled, %y {alignment = 16 : i64} : vector<64xf32>, !llvm.ptr<1>
    llvm.return
  }
}
