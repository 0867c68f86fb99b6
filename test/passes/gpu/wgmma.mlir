// RUN: keel-opt %s --generate-gpu="wgmma=true sm=90 loop=wgmma" --canonicalize --cse | FileCheck %s
// RUN: keel-opt %s --pass-pipeline="builtin.module(generate-gpu{wgmma=true loop=wgmma},canonicalize,cse,convert-scf-to-cf,gpu.module(lower-device,canonicalize,cse,convert-nvvm-to-llvm,reconcile-unrealized-casts),assemble-device{target=sm_90a print=ptx})" \
// RUN:   | FileCheck %s --check-prefix=PTX
// RUN: keel-opt %s --generate-gpu --canonicalize --cse | FileCheck %s --check-prefix=OLDER

// A warp-specialised kernel: 256 threads multiply and run the tile program, one thread of a further group has the copy engine
// bring the operands by tensor maps. A's rows go along the depth, B's along the columns, so it comes in boxes of 64 of them.

// OLDER: keel.schedule = "mma.sync
// CHECK: llvm.func @linear_matmul_0
// CHECK-SAME: %[[A:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}
// CHECK-SAME: %[[B:[a-z0-9]+]]: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}
// CHECK-SAME: keel.schedule = "wgmma 128x128x64"
// CHECK-SAME: keel.tensor_maps = [#keel.tensor_map<operand = 0, box = [128, 64]>, #keel.tensor_map<operand = 1, box = [64, 64]>]
// CHECK-SAME: keel.threads = 384
// CHECK: nvvm.mbarrier.init
// CHECK: nvvm.fence.mbarrier.init
// CHECK: nvvm.barrier0
// CHECK: nvvm.setmaxregister increase 232
// CHECK: nvvm.mbarrier.try_wait.parity
// CHECK: nvvm.wgmma.fence.aligned
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// CHECK: nvvm.wgmma.wait.group.sync.aligned 1
// CHECK: nvvm.mbarrier.arrive
// CHECK: wgmma.wait_group.sync.aligned 0
// Nothing uses shared memory after that, so the group need not meet.
// CHECK-NOT: nvvm.barrier id
// CHECK: nvvm.setmaxregister decrease 40
// CHECK: nvvm.elect.sync
// CHECK: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %[[A]]
// CHECK-COUNT-2: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %[[B]]

// PTX: .version 8.0
// PTX: .target sm_90a
// PTX: .param .align 64 .b8 linear_matmul_0_param_{{[0-9]+}}[128]
func.func @linear(%x: tensor<?x256xbf16>, %w: tensor<256x128xbf16>) -> tensor<?x128xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x256xbf16>
  %e = tensor.empty(%n) : tensor<?x128xf32>
  %y = keel.kernel "linear_matmul_0" ins(%a = %x, %b = %w : tensor<?x256xbf16>, tensor<256x128xbf16>) outs(%o = %e : tensor<?x128xf32>) {
    %zero = arith.constant 0.0 : f32
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%o : tensor<?x128xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<?x128xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x256xbf16>, tensor<256x128xbf16>) outs(%z : tensor<?x128xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x128xf32>
    keel.yield %p : tensor<?x128xf32>
  }
  return %y : tensor<?x128xf32>
}

// Groups of threads that take turns: one starts when the other's main loop has waited for all of its stages. Blocks whose tiles share
// rows of the first operand are a cluster: each brings a part of them for all, and a lane of each warp says in each that they have been
// read.
// CHECK: llvm.func @turns_matmul_0
// CHECK-SAME: keel.cluster = [[BLOCKS:[24]]] : i32
// CHECK-SAME: keel.schedule = "wgmma 128x128x64 cluster of [[BLOCKS]] ping-pong"
// CHECK: nvvm.cluster.wait
// CHECK: nvvm.setmaxregister increase 232
// CHECK: scf.for
// CHECK: nvvm.barrier id = %{{.*}} number_of_threads = %{{.*}}
// CHECK-COUNT-8: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK: mapa.shared::cluster
// CHECK: nvvm.barrier.arrive
// CHECK: nvvm.setmaxregister decrease 40
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} multicast_mask
func.func @turns(%x: tensor<8192x4096xbf16>, %w: tensor<4096x512xbf16>) -> tensor<8192x512xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<8192x4096xbf16>
  %e = tensor.empty() : tensor<8192x512xf32>
  %y = keel.kernel "turns_matmul_0" ins(%a = %x, %b = %w : tensor<8192x4096xbf16>, tensor<4096x512xbf16>) outs(%o = %e : tensor<8192x512xf32>) attributes {keel.pingpong = 6 : i64} {
    %zero = arith.constant 0.0 : f32
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%o : tensor<8192x512xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<8192x512xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<8192x4096xbf16>, tensor<4096x512xbf16>) outs(%z : tensor<8192x512xf32>) {
    ^bb0(%in: bf16, %in2: bf16, %out: f32):
      %l = arith.extf %in : bf16 to f32
      %r = arith.extf %in2 : bf16 to f32
      %m = arith.mulf %l, %r : f32
      %s = arith.addf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<8192x512xf32>
    keel.yield %p : tensor<8192x512xf32>
  }
  return %y : tensor<8192x512xf32>
}
