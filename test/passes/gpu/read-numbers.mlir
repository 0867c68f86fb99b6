// RUN: keel-opt %s --read-numbers | FileCheck %s

// A number and what it is made of move into the kernel; a number of the host's stays an operand.
// CHECK-LABEL: func.func @inside
// CHECK-SAME: (%[[T:.*]]: tensor<3xf32>, %[[X:.*]]: tensor<4xf32>, %[[N:.*]]: f32)
func.func @inside(%t: tensor<3xf32>, %x: tensor<4xf32>, %n: f32) -> tensor<4xf32> {
  %c1 = arith.constant 1 : index
  %e = tensor.extract %t[%c1] : tensor<3xf32>
  %s = arith.addf %e, %n : f32
  // CHECK: keel.kernel "k" ins(%[[M:.*]] = %[[N]], %[[A:.*]] = %[[T]] : f32, tensor<3xf32>)
  %k = keel.kernel "k" ins(%a = %s, %b = %n : f32, f32) outs(%o = %x : tensor<4xf32>) {
    // CHECK: %[[C:.*]] = arith.constant 1 : index
    // CHECK: %[[E:.*]] = tensor.extract %[[A]][%[[C]]]
    // CHECK: arith.addf %[[E]], %[[M]]
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%o : tensor<4xf32>) {
    ^bb0(%out: f32):
      %p = arith.mulf %a, %b : f32
      linalg.yield %p : f32
    } -> tensor<4xf32>
    keel.yield %r : tensor<4xf32>
  }
  return %k : tensor<4xf32>
}

// CHECK-LABEL: func.func @elements
func.func @elements(%x: f32, %y: f32) -> tensor<2xf32> {
  // CHECK: keel.kernel "elements_elements_0" ins(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}} : f32, f32)
  // CHECK: %[[P:.*]] = arith.cmpi eq
  // CHECK: arith.select %[[P]], %[[B]], %[[A]] : f32
  %t = tensor.from_elements %x, %y : tensor<2xf32>
  return %t : tensor<2xf32>
}
