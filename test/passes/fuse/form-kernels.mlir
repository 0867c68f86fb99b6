// RUN: keel-opt %s --normalize-graph --form-kernels | FileCheck %s
// RUN: keel-opt %s --normalize-graph --form-kernels=fuse=false | FileCheck %s --check-prefix=APART

// Matmul, bias, mean subtraction, scale and activation are one kernel; so are the sums over its rows.
// CHECK-LABEL: func.func @f
// CHECK: keel.kernel "f_matmul_0"
// CHECK: iterator_types = ["reduction", "parallel"]
// CHECK: keel.yield
// CHECK: keel.kernel "f_matmul_1"
// CHECK: keel.yield
// CHECK-NOT: keel.kernel
// APART-LABEL: func.func @f
// APART-COUNT-7: keel.kernel

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

// A loop that adds rows to the rows of a table is one launch, not one a row.
// CHECK-LABEL: func.func @scatter
// CHECK-NOT: scf.for
// CHECK: %[[R:.*]] = keel.kernel "scatter_rows_0" ins({{.*}}) outs(%[[O:.*]] = %{{.*}} : tensor<5x8xf32>) {
// CHECK: %[[F:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[O]])
// CHECK: tensor.extract %
// CHECK: tensor.insert_slice
// CHECK: keel.yield %[[F]]
// CHECK: return %[[R]]
func.func @scatter(%table: tensor<5x8xf32>, %rows: tensor<?xi64>, %dy: tensor<?x8xf32>) -> tensor<5x8xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %n = tensor.dim %rows, %zero : tensor<?xi64>
  %r = scf.for %k = %zero to %n step %one iter_args(%t = %table) -> tensor<5x8xf32> {
    %at = tensor.extract %rows[%k] : tensor<?xi64>
    %i = arith.index_cast %at : i64 to index
    %old = tensor.extract_slice %t[%i, 0] [1, 8] [1, 1] : tensor<5x8xf32> to tensor<8xf32>
    %part = tensor.extract_slice %dy[%k, 0] [1, 8] [1, 1] : tensor<?x8xf32> to tensor<8xf32>
    %e = tensor.empty() : tensor<8xf32>
    %sum = linalg.add ins(%old, %part : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    %new = tensor.insert_slice %sum into %t[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<5x8xf32>
    scf.yield %new : tensor<5x8xf32>
  }
  return %r : tensor<5x8xf32>
}
