// RUN: keel-opt %s -split-input-file --lower-contractions --canonicalize --cse | FileCheck %s
// RUN: keel-opt %s -split-input-file --lower-contractions="vector-bits=256 registers=16" --canonicalize --cse | FileCheck %s --check-prefix=AVX2

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// The zeros become the sums' first value. 18 columns are two vectors, the second masked; 5 rows are one tile.
// CHECK-LABEL: func @zero_and_masked_columns
// CHECK-SAME: %[[A:.*]]: memref<5x7xf32>, %[[B:.*]]: memref<7x18xf32>, %[[C:.*]]: memref<5x18xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK-DAG: %[[MASK:.*]] = vector.constant_mask [2] : vector<16xi1>
// CHECK-NOT: linalg.fill
// CHECK: scf.for %[[K:.*]] = {{.*}} iter_args(%[[SUM:[^ ]*]] = %[[ZERO]], {{.*}}) -> (vector<16xf32>
// CHECK: %[[B0:.*]] = vector.load %[[B]][%[[K]], %{{.*}}] : memref<7x18xf32>, vector<16xf32>
// CHECK: vector.maskedload %[[B]][%[[K]], %{{.*}}], %[[MASK]]
// CHECK: %[[SCALAR:.*]] = memref.load %[[A]]
// CHECK: %[[SPLAT:.*]] = vector.broadcast %[[SCALAR]]
// CHECK: vector.fma %[[SPLAT]], %[[B0]], %[[SUM]]
// CHECK-COUNT-9: vector.fma
// CHECK-NOT: vector.fma
// CHECK: vector.store
// CHECK: vector.maskedstore %[[C]]
// AVX2-LABEL: func @zero_and_masked_columns
// AVX2: vector.fma {{.*}} : vector<8xf32>
func.func @zero_and_masked_columns(%a: memref<5x7xf32>, %b: memref<7x18xf32>, %c: memref<5x18xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<5x18xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<5x7xf32>, memref<7x18xf32>) outs(%c : memref<5x18xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %z, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n floordiv 64, k, n mod 64)>
#c = affine_map<(m, n, k) -> (m, n)>

// Packed: whole vectors of the padded panel, C masked. The bias is read where C would be. Dynamic rows: tiles of
// fewer and fewer rows.
// CHECK-LABEL: func @packed_with_bias
// CHECK-SAME: %[[A:.*]]: memref<?x7xf32>, %[[B:.*]]: memref<2x7x64xf32>, %[[BIAS:.*]]: memref<100xf32>, %[[C:.*]]: memref<?x100xf32>
// CHECK-NOT: linalg
// CHECK: %[[START:[^ ]*]] = vector.load %[[BIAS]][%{{.*}}]
// CHECK: scf.for %[[K:.*]] = {{.*}} iter_args(%{{.*}} = %[[START]]
// CHECK: vector.load %[[B]][%{{.*}}, %[[K]], %{{.*}}] : memref<2x7x64xf32>, vector<16xf32>
// CHECK-NOT: vector.maskedload %[[B]]
// CHECK: vector.maskedstore %[[C]]
func.func @packed_with_bias(%a: memref<?x7xf32>, %b: memref<2x7x64xf32>, %bias: memref<100xf32>, %c: memref<?x100xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%bias : memref<100xf32>) outs(%c : memref<?x100xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x7xf32>, memref<2x7x64xf32>) outs(%c : memref<?x100xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %z, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

#a = affine_map<(m, n, k) -> (k, m)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// A weight's gradient: chunks of both operands are copied to buffers of the worker, C is read and written once a chunk,
// so the zeros stay.
// CHECK-LABEL: func @weight_gradient
// CHECK-DAG: memref.alloc() {{.*}} : memref<32768xf32>
// CHECK-DAG: memref.alloc() {{.*}} : memref<16384xf32>
// CHECK: linalg.fill
// CHECK: vector.fma
// CHECK-NOT: linalg.generic
func.func @weight_gradient(%a: memref<?x1024xf32>, %b: memref<?x1024xf32>, %c: memref<1024x1024xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<1024x1024xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x1024xf32>, memref<?x1024xf32>) outs(%c : memref<1024x1024xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %p, %z : f32
    linalg.yield %s : f32
  }
  return
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// B's columns lie along k: squares of 16 are transposed in registers.
// CHECK-LABEL: func @transposed_columns
// CHECK-COUNT-64: vector.shuffle
// CHECK-NOT: vector.shuffle
// CHECK: vector.fma
func.func @transposed_columns(%a: memref<8x32xbf16>, %b: memref<64x32xbf16>, %c: memref<8x64xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x32xbf16>, memref<64x32xbf16>) outs(%c : memref<8x64xf32>) {
  ^bb0(%x: bf16, %y: bf16, %z: f32):
    %xe = arith.extf %x : bf16 to f32
    %ye = arith.extf %y : bf16 to f32
    %p = arith.mulf %xe, %ye : f32
    %s = arith.addf %z, %p : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A matrix times a vector: vectors along k, four rows at once.
// CHECK-LABEL: func @matrix_times_vector
// CHECK-COUNT-4: vector.fma
// CHECK-COUNT-4: vector.reduction <add>
func.func @matrix_times_vector(%a: memref<8x32xf32>, %x: memref<32xf32>, %y: memref<8xf32>) {
  linalg.matvec ins(%a, %x : memref<8x32xf32>, memref<32xf32>) outs(%y : memref<8xf32>)
  return
}

// -----

// Integers and other bodies are left alone.
// CHECK-LABEL: func @not_ours
// CHECK: linalg.matmul
// CHECK: linalg.generic
func.func @not_ours(%a: memref<8x8xi32>, %c: memref<8x8xi32>, %x: memref<8x8xf32>, %y: memref<8xf32>) {
  linalg.matmul ins(%a, %a : memref<8x8xi32>, memref<8x8xi32>) outs(%c : memref<8x8xi32>)
  linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"]} ins(%x, %y : memref<8x8xf32>, memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%u: f32, %v: f32, %w: f32):
    %p = arith.mulf %u, %v : f32
    %s = arith.maximumf %w, %p : f32
    linalg.yield %s : f32
  }
  return
}
