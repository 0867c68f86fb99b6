// RUN: keel-opt %s --launch-copies | FileCheck %s
// RUN: keel-opt %s --pass-pipeline="builtin.module(launch-copies,gpu.module(convert-scf-to-cf,lower-device),assemble-device{print=ptx})" | FileCheck %s --check-prefix=PTX

// CHECK-LABEL: func.func @forward
// CHECK: keel.launch @device::@copy blocks(%{{.*}}) ins(%{{.*}} : memref<?x4xf32>) outs(%{{.*}} : memref<?x4xf32>)
// CHECK: keel.launch @device::@copy_1 blocks(%{{.*}}) ins(%{{.*}} : memref<3xbf16>) outs(%{{.*}} : memref<3xbf16>)
func.func @forward(%x: memref<?x4xf32>, %y: memref<?x4xf32>, %u: memref<3xbf16>, %v: memref<3xbf16>) {
  keel.kernel "copy" ins(%a = %x : memref<?x4xf32>) outs(%b = %y : memref<?x4xf32>) {
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]} ins(%a : memref<?x4xf32>) outs(%b : memref<?x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
    keel.yield
  }
  keel.kernel "copy" ins(%a = %u : memref<3xbf16>) outs(%b = %v : memref<3xbf16>) {
    memref.copy %a, %b : memref<3xbf16> to memref<3xbf16>
    keel.yield
  }
  // No copy: the transposed.
  // CHECK: keel.kernel "transpose"
  keel.kernel "transpose" ins(%a = %x : memref<?x4xf32>) outs(%b = %y : memref<?x4xf32>) {
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]} ins(%a : memref<?x4xf32>) outs(%b : memref<?x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
    keel.yield
  }
  return
}

// 16 bytes a thread where that divides the size.
// CHECK: gpu.module @device
// CHECK: llvm.func @copy(
// CHECK: llvm.load %{{.*}} : !llvm.ptr<1> -> vector<4xi32>
// CHECK: llvm.func @copy_1(
// CHECK: llvm.load %{{.*}} : !llvm.ptr<1> -> i16
// PTX: ld.global.v4
// PTX: st.global.v4
