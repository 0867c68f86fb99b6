// RUN: keel-opt %s --flatten-groups --cse | FileCheck %s
// RUN: keel-opt %s --normalize-graph --flatten-groups --cse --canonicalize | FileCheck %s --check-prefix=NORM

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[GROUP:.*]] = affine_map<(d0, d1) -> (d0, d1 floordiv 32)>
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0, d1) -> (d1)>

// What there is one of for each group is read by the column's number; vectors of columns are read whole.
// CHECK-LABEL: func.func @elementwise
// CHECK-SAME: %[[X:.*]]: tensor<8x128xf32>, %[[M:.*]]: tensor<8x4xf32>, %[[V:.*]]: tensor<128xf32>
// CHECK-NOT: expand_shape
// CHECK: %[[Y:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[GROUP]], #[[COLUMN]], #[[ALL]]], iterator_types = ["parallel", "parallel"]}
// CHECK-SAME: ins(%[[X]], %[[M]], %[[V]] : tensor<8x128xf32>, tensor<8x4xf32>, tensor<128xf32>)
// CHECK: return %[[Y]]
func.func @elementwise(%x: tensor<8x128xf32>, %m: tensor<8x4xf32>, %v: tensor<128xf32>) -> tensor<8x128xf32> {
  %s = tensor.expand_shape %x [[0], [1, 2]] output_shape [8, 4, 32] : tensor<8x128xf32> into tensor<8x4x32xf32>
  %w = tensor.expand_shape %v [[0, 1]] output_shape [4, 32] : tensor<128xf32> into tensor<4x32xf32>
  %i = tensor.empty() : tensor<8x4x32xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, g, c) -> (b, g, c)>, affine_map<(b, g, c) -> (b, g)>, affine_map<(b, g, c) -> (g, c)>, affine_map<(b, g, c) -> (b, g, c)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %m, %w : tensor<8x4x32xf32>, tensor<8x4xf32>, tensor<4x32xf32>) outs(%i : tensor<8x4x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %out: f32):
    %d = arith.subf %a, %b : f32
    %e = arith.mulf %d, %c : f32
    linalg.yield %e : f32
  } -> tensor<8x4x32xf32>
  %r = tensor.collapse_shape %y [[0], [1, 2]] : tensor<8x4x32xf32> into tensor<8x128xf32>
  return %r : tensor<8x128xf32>
}

// A sum along each group goes into the group's place; one over the rows keeps the columns.
// CHECK-LABEL: func.func @sums
// CHECK: linalg.generic {indexing_maps = [#[[ALL]], #[[GROUP]]], iterator_types = ["parallel", "reduction"]} ins(%{{.*}} : tensor<?x128xf32>) outs(%{{.*}} : tensor<?x4xf32>)
// CHECK: %[[SUM:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[COLUMN]]], iterator_types = ["reduction", "parallel"]} ins(%{{.*}} : tensor<?x128xf32>) outs(%{{.*}} : tensor<128xf32>)
// CHECK: tensor.expand_shape %[[SUM]]
func.func @sums(%x: tensor<?x128xf32>, %n: index, %o: tensor<?x4xf32>, %p: tensor<4x32xf32>) -> (tensor<?x4xf32>, tensor<4x32xf32>) {
  %s = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 4, 32] : tensor<?x128xf32> into tensor<?x4x32xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, g, c) -> (b, g, c)>, affine_map<(b, g, c) -> (b, g)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%s : tensor<?x4x32xf32>) outs(%o : tensor<?x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %d = arith.addf %a, %out : f32
    linalg.yield %d : f32
  } -> tensor<?x4xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(b, g, c) -> (b, g, c)>, affine_map<(b, g, c) -> (g, c)>], iterator_types = ["reduction", "parallel", "parallel"]}
      ins(%s : tensor<?x4x32xf32>) outs(%p : tensor<4x32xf32>) {
  ^bb0(%a: f32, %out: f32):
    %d = arith.addf %a, %out : f32
    linalg.yield %d : f32
  } -> tensor<4x32xf32>
  return %y, %z : tensor<?x4xf32>, tensor<4x32xf32>
}

// Groups that are no bits of a column's number stay; and a sum over the groups has columns, but no groups.
// CHECK-LABEL: func.func @others
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "parallel"]
func.func @others(%x: tensor<8x96xf32>, %y: tensor<8x128xf32>, %o: tensor<8x4xf32>, %p: tensor<8x32xf32>) -> (tensor<8x4xf32>, tensor<8x32xf32>) {
  %s = tensor.expand_shape %x [[0], [1, 2]] output_shape [8, 4, 24] : tensor<8x96xf32> into tensor<8x4x24xf32>
  %t = tensor.expand_shape %y [[0], [1, 2]] output_shape [8, 4, 32] : tensor<8x128xf32> into tensor<8x4x32xf32>
  %u = linalg.generic {indexing_maps = [affine_map<(b, g, c) -> (b, g, c)>, affine_map<(b, g, c) -> (b, g)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%s : tensor<8x4x24xf32>) outs(%o : tensor<8x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %d = arith.addf %a, %out : f32
    linalg.yield %d : f32
  } -> tensor<8x4xf32>
  %v = linalg.generic {indexing_maps = [affine_map<(b, g, c) -> (b, g, c)>, affine_map<(b, g, c) -> (b, c)>], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%t : tensor<8x4x32xf32>) outs(%p : tensor<8x32xf32>) {
  ^bb0(%a: f32, %out: f32):
    %d = arith.addf %a, %out : f32
    linalg.yield %d : f32
  } -> tensor<8x32xf32>
  return %u, %v : tensor<8x4xf32>, tensor<8x32xf32>
}

// Group norm of rows: no op has more than two loops, its gradient neither.
// NORM-LABEL: func.func @norm
// NORM-NOT: expand_shape
// NORM-NOT: norm.moments
// NORM-NOT: ["parallel", "parallel", "parallel"]
// NORM: return
func.func @norm(%dy: tensor<?x128xf32>, %x: tensor<?x128xf32>, %scale: tensor<128xf32>, %shift: tensor<128xf32>)
    -> (tensor<?x128xf32>, tensor<?x128xf32>, tensor<128xf32>, tensor<128xf32>) {
  %y = norm.group_norm %x scale(%scale : tensor<128xf32>) shift(%shift : tensor<128xf32>) groups = 4 : tensor<?x128xf32>
  %dx, %dscale, %dshift = norm.group_norm_grad %dy, %x scale(%scale : tensor<128xf32>) groups = 4
      : tensor<?x128xf32> dscale(tensor<128xf32>) dshift(tensor<128xf32>)
  return %y, %dx, %dscale, %dshift : tensor<?x128xf32>, tensor<?x128xf32>, tensor<128xf32>, tensor<128xf32>
}
