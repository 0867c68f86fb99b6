// RUN: keel-opt %s --lower-tensor-ops --canonicalize -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @pad
// CHECK-SAME: (%[[X:.*]]: tensor<8x3xf32>)
// CHECK: linalg.generic
// CHECK:   %[[I:.*]] = linalg.index 0
// CHECK:   %[[AT:.*]] = arith.subi %[[I]], %c1
// CHECK:   %[[LOW:.*]] = arith.cmpi sge, %[[AT]], %c0
// CHECK:   %[[HIGH:.*]] = arith.cmpi slt, %[[AT]], %c8
// CHECK:   %[[INSIDE:.*]] = arith.andi %[[LOW]], %[[HIGH]]
// CHECK:   %[[J:.*]] = linalg.index 1
// CHECK:   %[[V:.*]] = tensor.extract %[[X]][%{{.*}}, %[[J]]]
// CHECK:   arith.select %[[INSIDE]], %[[V]], %cst
// CHECK:   -> tensor<10x3xf32>
func.func @pad(%x: tensor<8x3xf32>) -> tensor<10x3xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = tensor.pad %x low[1, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<8x3xf32> to tensor<10x3xf32>
  return %0 : tensor<10x3xf32>
}

// -----

// What a loop carries stays in one buffer.
// CHECK-LABEL: func.func @loop
// CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}})
// CHECK:   %[[B:.*]] = linalg.exp
// CHECK:   %[[C:.*]] = bufferization.materialize_in_destination %[[B]] in %[[A]]
// CHECK:   scf.yield %[[C]]
func.func @loop(%x: tensor<8xf32>, %n: index) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<8xf32>) {
    %e = tensor.empty() : tensor<8xf32>
    %b = linalg.exp ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    scf.yield %b : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}
