// RUN: keel-opt %s --canonicalize=test-convergence | FileCheck %s

// CHECK-LABEL: func @neutral_parameters
// CHECK: norm.layer_norm %{{.*}} axes = [1] zero_mean_input : tensor<?x8xf32>
// CHECK: norm.rms_norm %{{.*}} shift(%{{.*}} : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
// CHECK: norm.group_norm %{{.*}} scale(%{{.*}} : tensor<8xf32>) groups = 2 : tensor<?x8xf32>
// CHECK: norm.batch_norm %{{.*}} running(%{{.*}}, %{{.*}} : tensor<8xf32>) : tensor<?x8xf32>
// CHECK: norm.batch_norm_inference %{{.*}} statistics(%{{.*}}, %{{.*}} : tensor<8xf32>) : tensor<?x8xf32>
func.func @neutral_parameters(%x: tensor<?x8xf32>, %v: tensor<8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<8xf32>, tensor<?x8xf32>) {
  %ones = arith.constant dense<1.0> : tensor<8xf32>
  %zeros = arith.constant dense<0.0> : tensor<8xf32>
  %0 = norm.layer_norm %x scale(%ones : tensor<8xf32>) shift(%zeros : tensor<8xf32>) axes = [1] zero_mean_input
      : tensor<?x8xf32>
  %1 = norm.rms_norm %x scale(%ones : tensor<8xf32>) shift(%v : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
  %2 = norm.group_norm %x scale(%v : tensor<8xf32>) shift(%zeros : tensor<8xf32>) groups = 2 : tensor<?x8xf32>
  %3, %m, %s = norm.batch_norm %x running(%v, %v : tensor<8xf32>) scale(%ones : tensor<8xf32>)
      shift(%zeros : tensor<8xf32>) : tensor<?x8xf32>
  %4 = norm.batch_norm_inference %x statistics(%v, %v : tensor<8xf32>) scale(%ones : tensor<8xf32>) : tensor<?x8xf32>
  return %0, %1, %2, %3, %m, %4
      : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<8xf32>, tensor<?x8xf32>
}

// Parameters that are not neutral stay.
// CHECK-LABEL: func @other_parameters
// CHECK: norm.layer_norm %{{.*}} scale(%{{.*}} : tensor<8xf32>) shift(%{{.*}} : tensor<8xf32>)
func.func @other_parameters(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %twos = arith.constant dense<2.0> : tensor<8xf32>
  %ones = arith.constant dense<1.0> : tensor<8xf32>
  %0 = norm.layer_norm %x scale(%twos : tensor<8xf32>) shift(%ones : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: func @identities
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>,
// CHECK: return %[[X]], %[[X]]
func.func @identities(%x: tensor<?x8xf32>, %s: tensor<i64>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %ones = arith.constant dense<1.0> : tensor<8xf32>
  %zeros = arith.constant dense<0.0> : tensor<8xf32>
  %0 = norm.dropout %x seed(%s : tensor<i64>) counter(%s : tensor<i64>) rate = 0.0 : tensor<?x8xf32>
  %1 = norm.batch_norm_inference %x statistics(%zeros, %ones : tensor<8xf32>) scale(%ones : tensor<8xf32>)
      epsilon = 0.0 : tensor<?x8xf32>
  return %0, %1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// With an epsilon the same statistics do change the value.
// CHECK-LABEL: func @no_identity
// CHECK: norm.batch_norm_inference
func.func @no_identity(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %ones = arith.constant dense<1.0> : tensor<8xf32>
  %zeros = arith.constant dense<0.0> : tensor<8xf32>
  %0 = norm.batch_norm_inference %x statistics(%zeros, %ones : tensor<8xf32>) : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: func @unused_gradients
// CHECK: %{{.*}} = norm.layer_norm_grad {{.*}} : tensor<?x8xf32>{{$}}
// CHECK: %{{.*}}, %[[DB:.*]] = norm.rms_norm_grad {{.*}} : tensor<?x8xf32> dshift(tensor<8xf32>)
// CHECK: %{{.*}}, %[[DG:.*]] = norm.batch_norm_grad {{.*}} : tensor<?x8xf32> dscale(tensor<8xf32>){{$}}
// CHECK: %{{.*}}, %{{.*}}, %{{.*}} = norm.batch_norm_inference_grad {{.*}} : tensor<?x8xf32>{{$}}
// CHECK: %[[DZ:.*]] = norm.softmax_cross_entropy_grad {{.*}}tensor<?x8xf32>{{$}}
// CHECK: return %{{.*}}, %{{.*}}, %[[DB]], %{{.*}}, %[[DG]], %{{.*}}, %[[DZ]]
func.func @unused_gradients(%x: tensor<?x8xf32>, %g: tensor<8xf32>, %d: tensor<f32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<8xf32>, tensor<?x8xf32>,
        tensor<?x8xf32>) {
  %dx0, %dg0, %db0 = norm.layer_norm_grad %x, %x scale(%g : tensor<8xf32>) axes = [1]
      : tensor<?x8xf32> dscale(tensor<8xf32>) dshift(tensor<8xf32>)
  %dx1, %dg1, %db1 = norm.rms_norm_grad %x, %x scale(%g : tensor<8xf32>) axes = [1]
      : tensor<?x8xf32> dscale(tensor<8xf32>) dshift(tensor<8xf32>)
  %dx2, %dg2, %db2 = norm.batch_norm_grad %x, %x scale(%g : tensor<8xf32>)
      : tensor<?x8xf32> dscale(tensor<8xf32>) dshift(tensor<8xf32>)
  %dx3, %dm3, %dv3, %dg3, %db3 = norm.batch_norm_inference_grad %x, %x statistics(%g, %g : tensor<8xf32>)
      scale(%g : tensor<8xf32>) : tensor<?x8xf32> dscale(tensor<8xf32>) dshift(tensor<8xf32>)
  %dz, %dt = norm.softmax_cross_entropy_grad %d, %x, %x
      : tensor<f32>, tensor<?x8xf32>, tensor<?x8xf32> dtargets(tensor<?x8xf32>)
  return %dx0, %dx1, %db1, %dx2, %dg2, %dx3, %dz
      : tensor<?x8xf32>, tensor<?x8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}
