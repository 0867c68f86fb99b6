// RUN: keel-opt %s --normalize-graph --form-kernels --tile-kernels --canonicalize --cse | FileCheck %s

// Each kernel is a loop over row blocks. With a sum over the rows it is one over at most 64 parts, each of them a loop over
// its blocks that adds to the part's partial row; the partial rows are added in order.
// CHECK-DAG: #[[PART:.*]] = affine_map<(d0) -> ((d0 ceildiv 2048) * 32, 32)>
// CHECK-DAG: #[[COUNT:.*]] = affine_map<(d0) -> (64, d0)>
// CHECK-LABEL: func.func @f
// CHECK: keel.kernel "f_matmul_0"
// CHECK: %[[ROWS:.*]] = affine.max #[[PART]](%[[N:.*]])
// CHECK: %[[PARTS:.*]] = arith.ceildivui %[[N]], %[[ROWS]]
// CHECK: %[[BOUND:.*]] = affine.min #[[COUNT]](%[[PARTS]])
// CHECK: tensor.empty(%[[BOUND]]) : tensor<?x256xf32>
// CHECK: scf.forall (%[[P:.*]]) = (0) to (%[[N]]) step (%[[ROWS]])
// CHECK: scf.for %[[I:.*]] = %[[P]] to %{{.*}} step %c32
// CHECK: tensor.extract_slice %{{.*}}[%[[I]], 0] [%{{.*}}, 64]
// CHECK: scf.forall.in_parallel
// CHECK-COUNT-2: tensor.parallel_insert_slice
// CHECK: linalg.generic {{.*}}iterator_types = ["reduction", "parallel"]
// CHECK: keel.yield

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#col = affine_map<(d0, d1) -> (d1)>
func.func @f(%x: tensor<?x64xf32>, %w: tensor<64x256xf32>, %b: tensor<256xf32>, %g: tensor<256xf32>, %w2: tensor<256x10xf32>) -> (tensor<?x10xf32>, tensor<256xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 256.0 : f32
  %B = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%B) : tensor<?x256xf32>
  %bb = linalg.broadcast ins(%b : tensor<256xf32>) outs(%e : tensor<?x256xf32>) dimensions = [0]
  %z = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x256xf32>) outs(%bb : tensor<?x256xf32>) -> tensor<?x256xf32>
  %r = tensor.empty(%B) : tensor<?xf32>
  %rz = linalg.fill ins(%zero : f32) outs(%r : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.reduce { arith.addf } ins(%z : tensor<?x256xf32>) outs(%rz : tensor<?xf32>) dimensions = [1]
  %xh = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%z, %s : tensor<?x256xf32>, tensor<?xf32>) outs(%e : tensor<?x256xf32>) {
   ^bb0(%a: f32, %m: f32, %o: f32):
     %mm = arith.divf %m, %n : f32
     %q = arith.subf %a, %mm : f32
     linalg.yield %q : f32
  } -> tensor<?x256xf32>
  %y = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]} ins(%xh, %g : tensor<?x256xf32>, tensor<256xf32>) outs(%e : tensor<?x256xf32>) {
   ^bb0(%a: f32, %m: f32, %o: f32):
     %q = arith.mulf %a, %m : f32
     linalg.yield %q : f32
  } -> tensor<?x256xf32>
  %h = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<?x256xf32>) outs(%e : tensor<?x256xf32>) {
   ^bb0(%a: f32, %o: f32):
     %q = arith.maximumf %a, %zero : f32
     linalg.yield %q : f32
  } -> tensor<?x256xf32>
  %e10 = tensor.empty(%B) : tensor<?x10xf32>
  %f10 = linalg.fill ins(%zero : f32) outs(%e10 : tensor<?x10xf32>) -> tensor<?x10xf32>
  %o = linalg.matmul ins(%h, %w2 : tensor<?x256xf32>, tensor<256x10xf32>) outs(%f10 : tensor<?x10xf32>) -> tensor<?x10xf32>
  %ec = tensor.empty() : tensor<256xf32>
  %cz = linalg.fill ins(%zero : f32) outs(%ec : tensor<256xf32>) -> tensor<256xf32>
  %cs = linalg.generic {indexing_maps = [#id, #id, #col], iterator_types = ["reduction", "parallel"]} ins(%y, %xh : tensor<?x256xf32>, tensor<?x256xf32>) outs(%cz : tensor<256xf32>) {
   ^bb0(%a: f32, %m: f32, %acc: f32):
     %q = arith.mulf %a, %m : f32
     %t = arith.addf %q, %acc : f32
     linalg.yield %t : f32
  } -> tensor<256xf32>
  return %o, %cs : tensor<?x10xf32>, tensor<256xf32>
}
