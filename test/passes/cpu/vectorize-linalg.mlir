// RUN: keel-opt %s --vectorize-linalg --canonicalize --cse -split-input-file -verify-diagnostics | FileCheck %s
// RUN: keel-opt %s --vectorize-linalg=registers=16 --canonicalize --cse -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=FEW

// Contiguous dimensions merge: 7 x 10 elements are 64 + 6.
// CHECK-LABEL: func @elementwise
// CHECK-SAME: (%[[X:.*]]: memref<7x10xf32>, %[[Y:.*]]: memref<7x10xf32>)
// CHECK-DAG: %[[MASK:.*]] = arith.constant dense<[true, true, true, true, true, true, false, {{.*}}]> : vector<16xi1>
// CHECK: scf.for %[[I:.*]] = %c0 to %c64 step %c16 {
// CHECK:   %[[V:.*]] = vector.load %[[FLAT:.*]][%[[I]]] : {{.*}}, vector<16xf32>
// CHECK:   %[[E:.*]] = math.exp %[[V]] : vector<16xf32>
// CHECK:   vector.store %[[E]]
// CHECK: vector.maskedload {{.*}}[%c64], %[[MASK]]
// CHECK: vector.maskedstore {{.*}}[%c64], %[[MASK]]
// CHECK-NOT: scf.for
func.func @elementwise(%x: memref<7x10xf32>, %y: memref<7x10xf32>) {
  linalg.exp ins(%x : memref<7x10xf32>) outs(%y : memref<7x10xf32>)
  return
}

// -----

// What depends on the row alone is loaded and computed outside of the vector loop.
// CHECK-LABEL: func @normalize
// CHECK: scf.for %[[ROW:.*]] = %c0 to %{{.*}} step %c1
// CHECK:   memref.load
// CHECK:   math.rsqrt %{{.*}} : f32
// CHECK:   scf.for {{.*}} step %c16
// CHECK-NOT: memref.load
// CHECK:     arith.mulf {{.*}} : vector<16xf32>
func.func @normalize(%x: memref<?x256xf32>, %variance: memref<?xf32>, %y: memref<?x256xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %variance : memref<?x256xf32>, memref<?xf32>) outs(%y : memref<?x256xf32>) {
  ^bb0(%a: f32, %v: f32, %out: f32):
    %r = math.rsqrt %v : f32
    %0 = arith.mulf %a, %r : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// A reduction over a row: four accumulators, a fixed tree, a fused multiply-add.
// CHECK-LABEL: func @row_sum
// CHECK: scf.for
// CHECK:   %[[SUMS:.*]]:4 = scf.for {{.*}} to %c256 step %c64 iter_args
// CHECK-COUNT-4: math.fma {{.*}} : vector<16xf32>
// CHECK:   arith.addf %[[SUMS]]#0, %[[SUMS]]#2
// CHECK:   arith.addf %[[SUMS]]#1, %[[SUMS]]#3
// CHECK:   arith.addf {{.*}} : vector<8xf32>
// CHECK:   arith.addf {{.*}} : vector<1xf32>
// CHECK:   memref.store
func.func @row_sum(%x: memref<?x256xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x256xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// A reduction over rows: the accumulators of 128 columns stay in registers over the loop of rows.
// CHECK-LABEL: func @column_sum
// CHECK-COUNT-8: vector.load
// CHECK: scf.for {{.*}} step %c1 iter_args
// CHECK-COUNT-8: arith.addf
// CHECK-COUNT-8: vector.store
func.func @column_sum(%x: memref<?x128xf32>, %y: memref<128xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
                  iterator_types = ["reduction", "parallel"]} ins(%x : memref<?x128xf32>) outs(%y : memref<128xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %0 = arith.addf %sum, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Rows of a table: the last index is the loop's, so the load is contiguous.
// CHECK-LABEL: func @embedding
// CHECK: scf.for
// CHECK:   memref.load {{.*}} : memref<?xi32
// CHECK:   scf.for
// CHECK:     vector.load
// CHECK:     vector.store
func.func @embedding(%table: memref<100x32xf32>, %ids: memref<?xi32>, %y: memref<?x32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]} ins(%ids : memref<?xi32>) outs(%y : memref<?x32xf32>) {
  ^bb0(%id: i32, %out: f32):
    %row = arith.index_cast %id : i32 to index
    %column = linalg.index 1 : index
    %0 = memref.load %table[%row, %column] : memref<100x32xf32>
    linalg.yield %0 : f32
  }
  return
}

// -----

// One element of each row: a gather along the rows.
// CHECK-LABEL: func @pick
// CHECK: vector.gather
func.func @pick(%x: memref<64x10xf32>, %ids: memref<64xi32>, %y: memref<64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%ids : memref<64xi32>) outs(%y : memref<64xf32>) {
  ^bb0(%id: i32, %out: f32):
    %row = linalg.index 0 : index
    %column = arith.index_cast %id : i32 to index
    %0 = memref.load %x[%row, %column] : memref<64x10xf32>
    linalg.yield %0 : f32
  }
  return
}

// -----

// A convolution: four columns of pixels share each loaded vector of the filter.
// CHECK-LABEL: func @convolution
// CHECK-COUNT-8: vector.load
// CHECK: scf.for {{.*}} iter_args
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-2: vector.load
// CHECK-NOT: vector.load
// CHECK-COUNT-8: math.fma
// CHECK: scf.yield
func.func @convolution(%x: memref<1x10x10x3xf32>, %w: memref<3x3x3x32xf32>, %y: memref<1x8x8x32xf32>) {
  linalg.conv_2d_nhwc_hwcf ins(%x, %w : memref<1x10x10x3xf32>, memref<3x3x3x32xf32>) outs(%y : memref<1x8x8x32xf32>)
  return
}

// -----

// Two results that look at each other (argmax) cannot be split over the lanes of a row: each lane takes a row.
// CHECK-LABEL: func @argmax
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xi64>
func.func @argmax(%x: memref<16x10xf32>, %value: memref<16xf32>, %index: memref<16xi64>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<16x10xf32>) outs(%value, %index : memref<16xf32>, memref<16xi64>) {
  ^bb0(%a: f32, %best: f32, %at: i64):
    %j = linalg.index 1 : index
    %i = arith.index_cast %j : index to i64
    %greater = arith.cmpf ogt, %a, %best : f32
    %0 = arith.select %greater, %a, %best : f32
    %1 = arith.select %greater, %i, %at : i64
    linalg.yield %0, %1 : f32, i64
  }
  return
}

// -----

// A copy between strided buffers; one without gaps is left to memcpy.
// CHECK-LABEL: func @copy
// CHECK: memref.copy
// CHECK: vector.load
// CHECK: vector.store
// CHECK-NOT: memref.copy
func.func @copy(%x: memref<8x16xf32>, %y: memref<8x16xf32>, %z: memref<8x16xf32, strided<[32, 1], offset: 3>>) {
  memref.copy %x, %y : memref<8x16xf32> to memref<8x16xf32>
  memref.copy %x, %z : memref<8x16xf32> to memref<8x16xf32, strided<[32, 1], offset: 3>>
  return
}

// -----

func.func @layout(%x: memref<8xf32, affine_map<(i) -> (i mod 3)>>, %y: memref<8xf32>) {
  // expected-error @+1 {{expected a buffer with strides, found the layout of 'memref<8xf32}}
  linalg.exp ins(%x : memref<8xf32, affine_map<(i) -> (i mod 3)>>) outs(%y : memref<8xf32>)
  return
}

// -----

// A transpose: squares of 16 by 16 through registers, strided loads at the edges.
// CHECK-LABEL: func @transpose
// CHECK: scf.for {{.*}} step %c16
// CHECK-COUNT-16: vector.load
// CHECK-COUNT-64: vector.shuffle
// CHECK-COUNT-16: vector.store
func.func @transpose(%x: memref<64x37xf32>, %y: memref<37x64xf32>) {
  linalg.transpose ins(%x : memref<64x37xf32>) outs(%y : memref<37x64xf32>) permutation = [1, 0]
  return
}

// -----

// Sums along the rows and over them at once: four rows are added up before they join the sum in memory.
// CHECK-LABEL: func @both_ways
// CHECK: scf.for {{.*}} step %c4 {
// CHECK:   %{{.*}}:16 = scf.for {{.*}} step %c64 iter_args
// CHECK-COUNT-20: vector.load
// CHECK-COUNT-4: vector.store
// CHECK-NOT: vector.store
// CHECK:     scf.yield
// CHECK-COUNT-4: memref.store
// Half as many registers hold half as many sums.
// FEW-LABEL: func @both_ways
// FEW: %{{.*}}:8 = scf.for {{.*}} step %c32 iter_args
func.func @both_ways(%x: memref<8x256xf32>, %rows: memref<8xf32>, %columns: memref<256xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "reduction"]}
      ins(%x : memref<8x256xf32>) outs(%rows, %columns : memref<8xf32>, memref<256xf32>) {
  ^bb0(%v: f32, %r: f32, %c: f32):
    %0 = arith.addf %r, %v : f32
    %1 = arith.addf %c, %v : f32
    linalg.yield %0, %1 : f32, f32
  }
  return
}
