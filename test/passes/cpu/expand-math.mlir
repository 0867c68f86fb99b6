// RUN: keel-opt %s --expand-math -split-input-file | FileCheck %s

// CHECK-LABEL: func @rsqrt
// CHECK: %[[ROOT:.*]] = math.sqrt %{{.*}} : vector<16xf32>
// CHECK: arith.divf %{{.*}}, %[[ROOT]] : vector<16xf32>
func.func @rsqrt(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.rsqrt %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// -----

// Fused multiply-adds, on scalars as on vectors.
// CHECK-LABEL: func @functions
// CHECK-NOT: math.{{exp|erf|tanh|log}}
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK-NOT: math.{{exp|erf|tanh|log}}
// CHECK: math.fma {{.*}} : f32
// CHECK-NOT: math.{{exp|erf|tanh|log}}
// CHECK-NOT: call
func.func @functions(%x: vector<16xf32>, %y: f32) -> (vector<16xf32>, f32) {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.erf %0 : vector<16xf32>
  %2 = math.log %1 : vector<16xf32>
  %3 = math.tanh %y : f32
  %4 = math.log1p %3 : f32
  return %2, %4 : vector<16xf32>, f32
}

// -----

// CHECK-LABEL: func @powers
// CHECK: arith.mulf
// CHECK: math.sqrt
// CHECK: call @powf
func.func @powers(%x: vector<4xf32>, %y: f32) -> (vector<4xf32>, vector<4xf32>, f32) {
  %two = arith.constant dense<2.0> : vector<4xf32>
  %half = arith.constant dense<0.5> : vector<4xf32>
  %0 = math.powf %x, %two : vector<4xf32>
  %1 = math.powf %x, %half : vector<4xf32>
  %2 = math.powf %y, %y : f32
  return %0, %1, %2 : vector<4xf32>, vector<4xf32>, f32
}

// -----

// f64 goes lane by lane through the C library.
// CHECK: func.func private @exp(f64) -> f64
// CHECK-LABEL: func @double
// CHECK-COUNT-2: call @exp
// CHECK: math.sqrt
func.func @double(%x: vector<2xf64>) -> vector<2xf64> {
  %0 = math.exp %x : vector<2xf64>
  %1 = math.sqrt %0 : vector<2xf64>
  return %1 : vector<2xf64>
}

// -----

// f64 is rounded to a narrow type once: by way of an f32 whose last bit says that it is inexact.
// CHECK-LABEL: func @narrow_double
// CHECK: %[[NEAR:.*]] = arith.truncf %[[X:.*]] : vector<4xf64> to vector<4xf32>
// CHECK: %[[BACK:.*]] = arith.extf %[[NEAR]] : vector<4xf32> to vector<4xf64>
// CHECK: arith.cmpf ogt
// CHECK: arith.ori
// CHECK: arith.cmpf one, %[[BACK]], %[[X]]
// CHECK: arith.truncf {{.*}} : vector<4xf32> to vector<4xf16>
func.func @narrow_double(%x: vector<4xf64>) -> vector<4xf16> {
  %0 = arith.truncf %x : vector<4xf64> to vector<4xf16>
  return %0 : vector<4xf16>
}

// -----

// bf16 arithmetic is f32 arithmetic, and conversions are shifts.
// CHECK-LABEL: func @narrow
// CHECK-NOT: arith.extf
// CHECK: arith.shli
// CHECK: arith.mulf {{.*}} : vector<8xf32>
// CHECK-NOT: arith.truncf
func.func @narrow(%x: vector<8xbf16>) -> vector<8xbf16> {
  %0 = arith.mulf %x, %x : vector<8xbf16>
  %1 = math.tanh %0 : vector<8xbf16>
  return %1 : vector<8xbf16>
}
