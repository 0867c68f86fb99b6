// RUN: keel-opt %s --decompose-norm --cse | FileCheck %s
// RUN: keel-opt %s --decompose-norm=keep-moments=false --cse | FileCheck %s --check-prefix=TWOPASS

// An op and its gradient share moments, r and x̂ after CSE: five results are built once.
// CHECK-LABEL: func @shared
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>, %[[DY:.*]]: tensor<?x8xf32>, %[[G:.*]]: tensor<8xf32>)
func.func @shared(%x: tensor<?x8xf32>, %dy: tensor<?x8xf32>, %g: tensor<8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>) {
  // CHECK: %[[MEAN:.*]], %[[M2:.*]] = norm.moments %[[X]] axes = [1]
  // CHECK-NOT: norm.
  // CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[M2]] :
  // CHECK: math.rsqrt
  // CHECK-NOT: math.rsqrt
  // CHECK: %[[HAT:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[MEAN]], %[[R]] :
  // CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[HAT]], %[[G]] :
  // CHECK: %[[DB:.*]] = linalg.generic {{.*}} ins(%[[DY]] : tensor<?x8xf32>) outs({{.*}} : tensor<8xf32>)
  // CHECK: %[[DG:.*]] = linalg.generic {{.*}} ins(%[[DY]], %[[HAT]] : {{.*}} outs({{.*}} : tensor<8xf32>)
  // CHECK: linalg.generic {{.*}} ins(%[[DY]], %[[G]] : {{.*}} outs({{.*}} : tensor<?xf32>)
  // CHECK: linalg.generic {{.*}} ins(%[[DY]], %[[G]], %[[HAT]] : {{.*}} outs({{.*}} : tensor<?xf32>)
  // CHECK: %[[DX:.*]] = linalg.generic {{.*}} ins(%[[DY]], %[[G]], %[[HAT]], %[[R]],
  // CHECK: return %[[Y]], %[[DX]], %[[DG]], %[[DB]]
  %y = norm.layer_norm %x scale(%g : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
  %dx, %dg, %db = norm.layer_norm_grad %dy, %x scale(%g : tensor<8xf32>) axes = [1]
      : tensor<?x8xf32> dscale(tensor<8xf32>) dshift(tensor<8xf32>)
  return %y, %dx, %dg, %db : tensor<?x8xf32>, tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>
}

// Zero-mean input: the mean of squares, but the gradient keeps both sums.
// CHECK-LABEL: func @zero_mean
// CHECK-NOT: norm.moments
// CHECK-COUNT-3: "reduction"
// CHECK-NOT: "reduction"
// CHECK: return
func.func @zero_mean(%x: tensor<?x8xf32>, %dy: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y = norm.layer_norm %x axes = [1] zero_mean_input : tensor<?x8xf32>
  %dx = norm.layer_norm_grad %dy, %x axes = [1] zero_mean_input : tensor<?x8xf32>
  return %y, %dx : tensor<?x8xf32>, tensor<?x8xf32>
}

// The sums of batch norm's gradient are dscale and dshift themselves: two, not four.
// CHECK-LABEL: func @batch
// CHECK: norm.moments %{{.*}} axes = [0]
// CHECK-COUNT-2: "reduction"
// CHECK-NOT: "reduction"
// CHECK: return
func.func @batch(%x: tensor<?x8xf32>, %dy: tensor<?x8xf32>, %g: tensor<8xf32>)
    -> (tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %dx, %dg, %db = norm.batch_norm_grad %dy, %x scale(%g : tensor<8xf32>)
      : tensor<?x8xf32> dscale(tensor<8xf32>) dshift(tensor<8xf32>)
  return %dx, %dg, %db : tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>
}

// bf16 accumulates in f32 and the normalized value is bf16.
// CHECK-LABEL: func @narrow
// CHECK: norm.moments %{{.*}} : tensor<?x8xbf16> -> tensor<?xf32>
// CHECK: arith.extf
// CHECK: arith.truncf
// CHECK: -> tensor<?x8xbf16>
// CHECK: return
func.func @narrow(%x: tensor<?x8xbf16>) -> tensor<?x8xbf16> {
  %y = norm.layer_norm %x axes = [1] : tensor<?x8xbf16>
  return %y : tensor<?x8xbf16>
}

// Moments alone: two passes, the second over deviations from the mean.
// TWOPASS-LABEL: func @moments
// TWOPASS-SAME: (%[[X:.*]]: tensor<?x8xf32>)
// TWOPASS-NOT: norm.
// TWOPASS: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x8xf32>)
// TWOPASS: %[[MEAN:.*]] = linalg.generic {{.*}} ins(%[[SUM]] :
// TWOPASS: %[[M2:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[MEAN]] :
// TWOPASS: arith.subf
// TWOPASS: return %[[MEAN]], %[[M2]]
func.func @moments(%x: tensor<?x8xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %mean, %m2 = norm.moments %x axes = [1] : tensor<?x8xf32> -> tensor<?xf32>
  return %mean, %m2 : tensor<?xf32>, tensor<?xf32>
}

// The loss and its gradient share maximum, exponentials and sum; labels are compared, not gathered.
// CHECK-LABEL: func @cross_entropy
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK-NOT: arith.maximumf
// CHECK-NOT: math.exp
// CHECK-NOT: tensor.extract
// CHECK: linalg.index 1
// CHECK: return
func.func @cross_entropy(%z: tensor<?x10xf32>, %t: tensor<?xi32>) -> (tensor<f32>, tensor<?x10xf32>) {
  %loss = norm.softmax_cross_entropy %z, %t : tensor<?x10xf32>, tensor<?xi32> -> tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %dz = norm.softmax_cross_entropy_grad %one, %z, %t : tensor<f32>, tensor<?x10xf32>, tensor<?xi32>
  return %loss, %dz : tensor<f32>, tensor<?x10xf32>
}

// Philox in the body: ten rounds of two 32×32 → 64-bit products.
// CHECK-LABEL: func @dropout
// CHECK: linalg.generic
// CHECK: linalg.index 0
// CHECK: linalg.index 1
// CHECK: arith.cmpi uge
// CHECK: arith.select
// CHECK: return
func.func @dropout(%x: tensor<?x8xf32>, %s: tensor<i64>, %c: tensor<i64>) -> tensor<?x8xf32> {
  %y = norm.dropout %x seed(%s : tensor<i64>) counter(%c : tensor<i64>) rate = 0.5 : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
