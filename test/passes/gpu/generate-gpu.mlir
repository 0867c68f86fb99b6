// RUN: keel-opt %s --generate-gpu --canonicalize --cse | FileCheck %s
// RUN: keel-opt %s --pass-pipeline="builtin.module(generate-gpu,canonicalize,cse,convert-scf-to-cf,gpu.module(lower-device),assemble-device{target=sm_80})" \
// RUN:   | FileCheck %s --check-prefix=ASSEMBLED

// Rows: a launch for the tiles of rows, a guard for the last of them, accesses of four elements.
// CHECK-LABEL: func.func @relu
// CHECK: %[[TILES:.*]] = arith.ceildivui %{{.*}}, %{{.*}} : index
// CHECK: keel.launch @device::@relu_rows_0 blocks(%[[TILES]])
func.func @relu(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %y = keel.kernel "relu_rows_0" ins(%a = %x : tensor<?x64xf32>) outs(%o = %e : tensor<?x64xf32>) {
    %zero = arith.constant 0.0 : f32
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x64xf32>) outs(%o : tensor<?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.maximumf %in, %zero : f32
      linalg.yield %m : f32
    } -> tensor<?x64xf32>
    keel.yield %r : tensor<?x64xf32>
  }
  return %y : tensor<?x64xf32>
}

// A sum over the rows: a part for each of so many blocks in a workspace, a counter that tells the last block.
// CHECK-LABEL: func.func @column_sums
// CHECK-SAME: %[[TICKETS:.*]]: tensor<1xi32> {bufferization.writable = false, keel.access = 3 : i32, keel.state = @keel.tickets}
// CHECK: %[[BLOCKS:.*]] = arith.minui %{{.*}}, %c216 : index
// CHECK: %[[PARTS:.*]] = tensor.empty(%[[BLOCKS]]) : tensor<?x64xf32>
// CHECK: keel.launch @device::@sums_rows_0 blocks(%{{.*}}) ins(%{{.*}}, %[[TICKETS]] : {{.*}}) outs(%{{.*}}, %[[PARTS]] :
func.func @column_sums(%x: tensor<?x64xf32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %y = keel.kernel "sums_rows_0" ins(%a = %x : tensor<?x64xf32>) outs(%o = %e : tensor<64xf32>) {
    %zero = arith.constant 0.0 : f32
    %g = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>], iterator_types = ["parallel"]} outs(%o : tensor<64xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<64xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
                         iterator_types = ["reduction", "parallel"]} ins(%a : tensor<?x64xf32>) outs(%g : tensor<64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<64xf32>
    keel.yield %r : tensor<64xf32>
  }
  return %y : tensor<64xf32>
}

// CHECK: gpu.module @device
// CHECK: llvm.func @relu_rows_0(%{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %[[ROWS:.*]]: i64, %{{.*}}: i64)
// CHECK-SAME: keel.schedule = "rows 32x64"
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// CHECK: scf.if
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>
// CHECK: llvm.func @sums_rows_0
// CHECK-SAME: + column sums
// CHECK: llvm.fence syncscope("device") acq_rel
// CHECK: llvm.atomicrmw uinc_wrap {{.*}} syncscope("device")

// ASSEMBLED: keel.resources = {registers
// ASSEMBLED: keel.resources = {registers
