// RUN: keel-opt %s --merge-generics -split-input-file | FileCheck %s

#each = affine_map<(i, j) -> (i, j)>
#turned = affine_map<(i, j) -> (j, i)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// An activation's gradient, its sum over the rows and a weighted one, whose loops come in the other order: one sweep, in
// which nothing is loaded twice. The fill of a sum is passed by.
// CHECK-DAG: #[[$EACH:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$COLUMN:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func.func @gradient
// CHECK: linalg.fill
// CHECK: linalg.generic {indexing_maps = [#[[$EACH]], #[[$EACH]], #[[$EACH]], #[[$COLUMN]], #[[$COLUMN]]], iterator_types = ["reduction", "parallel"]}
// CHECK-SAME: ins(%[[X:.*]], %[[DY:.*]] : memref<4x16xf32>, memref<4x16xf32>)
// CHECK-NEXT: ^bb0(%[[V:.*]]: f32, %[[G:.*]]: f32, %{{.*}}: f32, %[[P:.*]]: f32, %[[Q:.*]]: f32):
// CHECK: %[[D:.*]] = arith.select %{{.*}}, %[[G]]
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[P]], %[[D]]
// CHECK-NEXT: %[[PRODUCT:.*]] = arith.mulf %[[D]], %[[V]]
// CHECK-NEXT: %[[WEIGHTED:.*]] = arith.addf %[[Q]], %[[PRODUCT]]
// CHECK-NEXT: linalg.yield %[[D]], %[[SUM]], %[[WEIGHTED]]
// CHECK-NOT: linalg.generic
func.func @gradient(%x: memref<4x16xf32>, %dy: memref<4x16xf32>, %dx: memref<4x16xf32>, %s: memref<16xf32>, %t: memref<16xf32>) {
  keel.kernel "gradient" ins(%a = %x, %b = %dy : memref<4x16xf32>, memref<4x16xf32>)
      outs(%c = %dx, %d = %s, %e = %t : memref<4x16xf32>, memref<16xf32>, memref<16xf32>) {
    %zero = arith.constant 0.0 : f32
    linalg.generic {indexing_maps = [#each, #each, #each], iterator_types = ["parallel", "parallel"]}
        ins(%a, %b : memref<4x16xf32>, memref<4x16xf32>) outs(%c : memref<4x16xf32>) {
    ^bb0(%v: f32, %g: f32, %o: f32):
      %positive = arith.cmpf ogt, %v, %zero : f32
      %m = arith.select %positive, %g, %zero : f32
      linalg.yield %m : f32
    }
    linalg.fill ins(%zero : f32) outs(%e : memref<16xf32>)
    linalg.generic {indexing_maps = [#turned, #row], iterator_types = ["parallel", "reduction"]}
        ins(%c : memref<4x16xf32>) outs(%d : memref<16xf32>) {
    ^bb0(%v: f32, %o: f32):
      %sum = arith.addf %o, %v : f32
      linalg.yield %sum : f32
    }
    linalg.generic {indexing_maps = [#each, #each, #column], iterator_types = ["reduction", "parallel"]}
        ins(%c, %a : memref<4x16xf32>, memref<4x16xf32>) outs(%e : memref<16xf32>) {
    ^bb0(%v: f32, %w: f32, %o: f32):
      %p = arith.mulf %v, %w : f32
      %sum = arith.addf %o, %p : f32
      linalg.yield %sum : f32
    }
    keel.yield
  }
  return
}

// -----

#each = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// Sums along the rows and over them in one sweep, and the gradient that only they read stays in registers.
// CHECK-LABEL: func.func @both
// CHECK-NOT: linalg.generic
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "reduction"]} ins(%{{.*}}, %{{.*}} : memref<4x16xf32>, memref<16xf32>) outs(%{{.*}}, %{{.*}} : memref<4xf32>, memref<16xf32>)
// CHECK-NOT: linalg.generic
func.func @both(%x: memref<4x16xf32>, %y: memref<16xf32>, %s: memref<4xf32>, %t: memref<16xf32>) {
  keel.kernel "both" ins(%a = %x, %b = %y : memref<4x16xf32>, memref<16xf32>) outs(%r = %s, %d = %t : memref<4xf32>, memref<16xf32>) {
    %p = memref.alloc() : memref<4x16xf32>
    linalg.generic {indexing_maps = [#each, #column, #each], iterator_types = ["parallel", "parallel"]}
        ins(%a, %b : memref<4x16xf32>, memref<16xf32>) outs(%p : memref<4x16xf32>) {
    ^bb0(%v: f32, %w: f32, %o: f32):
      %g = arith.mulf %v, %w : f32
      linalg.yield %g : f32
    }
    linalg.generic {indexing_maps = [#each, #row], iterator_types = ["parallel", "reduction"]}
        ins(%p : memref<4x16xf32>) outs(%r : memref<4xf32>) {
    ^bb0(%v: f32, %o: f32):
      %sum = arith.addf %o, %v : f32
      linalg.yield %sum : f32
    }
    linalg.generic {indexing_maps = [#each, #column], iterator_types = ["reduction", "parallel"]}
        ins(%p : memref<4x16xf32>) outs(%d : memref<16xf32>) {
    ^bb0(%v: f32, %o: f32):
      %sum = arith.addf %o, %v : f32
      linalg.yield %sum : f32
    }
    keel.yield
  }
  return
}

// -----

#each = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// What reads a sum; a function of each row that would be computed for each vector; other rows of the same buffer; a write
// in between: they stay apart.
// CHECK-LABEL: func.func @apart
// CHECK-COUNT-6: linalg.generic
func.func @apart(%x: memref<4x16xf32>, %y: memref<4x16xf32>, %z: memref<4x16xf32>, %s: memref<4xf32>, %t: memref<16xf32>) {
  keel.kernel "apart" ins(%a = %x : memref<4x16xf32>)
      outs(%b = %y, %c = %z, %r = %s, %d = %t : memref<4x16xf32>, memref<4x16xf32>, memref<4xf32>, memref<16xf32>) {
    linalg.generic {indexing_maps = [#each, #row], iterator_types = ["parallel", "reduction"]}
        ins(%a : memref<4x16xf32>) outs(%r : memref<4xf32>) {
    ^bb0(%v: f32, %o: f32):
      %sum = arith.addf %o, %v : f32
      linalg.yield %sum : f32
    }
    linalg.generic {indexing_maps = [#each, #row, #each], iterator_types = ["parallel", "parallel"]}
        ins(%a, %r : memref<4x16xf32>, memref<4xf32>) outs(%b : memref<4x16xf32>) {
    ^bb0(%v: f32, %w: f32, %o: f32):
      %q = math.rsqrt %w : f32
      %p = arith.mulf %v, %q : f32
      linalg.yield %p : f32
    }
    linalg.generic {indexing_maps = [#each, #column], iterator_types = ["reduction", "parallel"]}
        ins(%b : memref<4x16xf32>) outs(%d : memref<16xf32>) {
    ^bb0(%v: f32, %o: f32):
      %sum = arith.addf %o, %v : f32
      linalg.yield %sum : f32
    }
    %upper = memref.subview %c[0, 0] [2, 16] [1, 1] : memref<4x16xf32> to memref<2x16xf32, strided<[16, 1]>>
    %lower = memref.subview %c[2, 0] [2, 16] [1, 1] : memref<4x16xf32> to memref<2x16xf32, strided<[16, 1], offset: 32>>
    linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]}
        ins(%upper : memref<2x16xf32, strided<[16, 1]>>) outs(%lower : memref<2x16xf32, strided<[16, 1], offset: 32>>) {
    ^bb0(%v: f32, %o: f32):
      %n = arith.negf %v : f32
      linalg.yield %n : f32
    }
    linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]}
        ins(%lower : memref<2x16xf32, strided<[16, 1], offset: 32>>) outs(%upper : memref<2x16xf32, strided<[16, 1]>>) {
    ^bb0(%v: f32, %o: f32):
      %n = arith.negf %v : f32
      linalg.yield %n : f32
    }
    linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]}
        ins(%c : memref<4x16xf32>) outs(%b : memref<4x16xf32>) {
    ^bb0(%v: f32, %o: f32):
      %n = arith.negf %v : f32
      linalg.yield %n : f32
    }
    memref.copy %a, %b : memref<4x16xf32> to memref<4x16xf32>
    linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]}
        ins(%b : memref<4x16xf32>) outs(%c : memref<4x16xf32>) {
    ^bb0(%v: f32, %o: f32):
      %n = arith.negf %v : f32
      linalg.yield %n : f32
    }
    keel.yield
  }
  return
}

// What goes from one to the other alone is still written where nothing else says how long the last loop is.
// CHECK-LABEL: func.func @bounds
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : memref<4x16xf32>) outs(%{{.*}}, %{{.*}} : memref<4x16x3xf32>, memref<4xf32>)
// CHECK-NOT: linalg.generic
func.func @bounds(%x: memref<4x16xf32>, %y: memref<4xf32>) {
  keel.kernel "bounds" ins(%a = %x : memref<4x16xf32>) outs(%b = %y : memref<4xf32>) {
    %t = memref.alloc() : memref<4x16x3xf32>
    linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>],
        iterator_types = ["parallel", "parallel", "parallel"]} ins(%a : memref<4x16xf32>) outs(%t : memref<4x16x3xf32>) {
    ^bb0(%v: f32, %o: f32):
      %n = arith.negf %v : f32
      linalg.yield %n : f32
    }
    linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i)>],
        iterator_types = ["parallel", "reduction", "reduction"]} ins(%t : memref<4x16x3xf32>) outs(%b : memref<4xf32>) {
    ^bb0(%v: f32, %o: f32):
      %sum = arith.addf %o, %v : f32
      linalg.yield %sum : f32
    }
    keel.yield
  }
  return
}
