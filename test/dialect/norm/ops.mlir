// RUN: keel-opt %s | keel-opt | FileCheck %s
// RUN: keel-opt %s --mlir-print-op-generic | keel-opt | FileCheck %s

// CHECK-LABEL: func @layer_norm
func.func @layer_norm(%x: tensor<?x256xf32>, %g: tensor<256xf32>, %b: tensor<256xf32>, %i: tensor<2x3x4x5xbf16>,
                      %ig: tensor<3x5xf32>) {
  // CHECK: norm.layer_norm %{{.*}} scale(%{{.*}} : tensor<256xf32>) shift(%{{.*}} : tensor<256xf32>) axes = [1] : tensor<?x256xf32>
  %0 = norm.layer_norm %x scale(%g : tensor<256xf32>) shift(%b : tensor<256xf32>) axes = [1] : tensor<?x256xf32>
  // CHECK: norm.layer_norm %{{.*}} axes = [1] epsilon = {{1.0.*e-03}} zero_mean_input : tensor<?x256xf32>
  %1 = norm.layer_norm %x axes = [1] epsilon = 1.0e-3 zero_mean_input : tensor<?x256xf32>
  // CHECK: norm.layer_norm %{{.*}} scale(%{{.*}} : tensor<3x5xf32>) axes = [1, 3] {custom = 1 : i64} : tensor<2x3x4x5xbf16>
  %2 = norm.layer_norm %i scale(%ig : tensor<3x5xf32>) axes = [1, 3] {custom = 1} : tensor<2x3x4x5xbf16>
  // CHECK: norm.layer_norm_grad %{{.*}}, %{{.*}} scale(%{{.*}} : tensor<256xf32>) axes = [1] : tensor<?x256xf32> dscale(tensor<256xf32>) dshift(tensor<256xf32>)
  %dx, %dg, %db = norm.layer_norm_grad %0, %x scale(%g : tensor<256xf32>) axes = [1]
      : tensor<?x256xf32> dscale(tensor<256xf32>) dshift(tensor<256xf32>)
  // CHECK: norm.layer_norm_grad %{{.*}}, %{{.*}} axes = [1] zero_mean_input : tensor<?x256xf32>{{$}}
  %dx1 = norm.layer_norm_grad %0, %x axes = [1] zero_mean_input : tensor<?x256xf32>
  return
}

// CHECK-LABEL: func @rms_norm
func.func @rms_norm(%x: tensor<?x256xf16>, %g: tensor<256xf16>) {
  // CHECK: norm.rms_norm %{{.*}} scale(%{{.*}} : tensor<256xf16>) axes = [1] : tensor<?x256xf16>
  %0 = norm.rms_norm %x scale(%g : tensor<256xf16>) axes = [1] : tensor<?x256xf16>
  // CHECK: norm.rms_norm_grad %{{.*}}, %{{.*}} scale(%{{.*}} : tensor<256xf16>) axes = [1] epsilon = {{.*}} : tensor<?x256xf16> dscale(tensor<256xf32>)
  %dx, %dg = norm.rms_norm_grad %0, %x scale(%g : tensor<256xf16>) axes = [1] epsilon = 1.0e-6
      : tensor<?x256xf16> dscale(tensor<256xf32>)
  return
}

// CHECK-LABEL: func @group_norm
func.func @group_norm(%x: tensor<?x64x16x16xf32>, %l: tensor<?x16x16x64xf32>, %g: tensor<64xf32>) {
  // CHECK: norm.group_norm %{{.*}} scale(%{{.*}} : tensor<64xf32>) shift(%{{.*}} : tensor<64xf32>) groups = 8 : tensor<?x64x16x16xf32>
  %0 = norm.group_norm %x scale(%g : tensor<64xf32>) shift(%g : tensor<64xf32>) groups = 8 : tensor<?x64x16x16xf32>
  // CHECK: norm.group_norm %{{.*}} groups = 64 channel = 3 : tensor<?x16x16x64xf32>
  %1 = norm.group_norm %l groups = 64 channel = 3 : tensor<?x16x16x64xf32>
  // CHECK: norm.group_norm_grad %{{.*}}, %{{.*}} groups = 64 channel = 3 : tensor<?x16x16x64xf32> dshift(tensor<64xf32>)
  %dx, %db = norm.group_norm_grad %1, %l groups = 64 channel = 3 : tensor<?x16x16x64xf32> dshift(tensor<64xf32>)
  return
}

// CHECK-LABEL: func @batch_norm
func.func @batch_norm(%x: tensor<?x256xf32>, %m: tensor<256xf32>, %v: tensor<256xf32>, %g: tensor<256xf32>) {
  // CHECK: %{{.*}}, %{{.*}}, %{{.*}} = norm.batch_norm %{{.*}} running(%{{.*}}, %{{.*}} : tensor<256xf32>) scale(%{{.*}} : tensor<256xf32>) shift(%{{.*}} : tensor<256xf32>) : tensor<?x256xf32>
  %y, %m1, %v1 = norm.batch_norm %x running(%m, %v : tensor<256xf32>)
      scale(%g : tensor<256xf32>) shift(%g : tensor<256xf32>) momentum = 0.1 : tensor<?x256xf32>
  // CHECK: norm.batch_norm %{{.*}} running(%{{.*}}, %{{.*}} : tensor<256xf32>) momentum = {{2.5.*e-01}} epsilon = {{.*}} : tensor<?x256xf32>
  %y1, %m2, %v2 = norm.batch_norm %x running(%m, %v : tensor<256xf32>) momentum = 0.25 epsilon = 1.0e-3
      : tensor<?x256xf32>
  // CHECK: norm.batch_norm_inference %{{.*}} statistics(%{{.*}}, %{{.*}} : tensor<256xf32>) scale(%{{.*}} : tensor<256xf32>) : tensor<?x256xf32>
  %y2 = norm.batch_norm_inference %x statistics(%m, %v : tensor<256xf32>) scale(%g : tensor<256xf32>)
      : tensor<?x256xf32>
  // CHECK: norm.batch_norm_grad %{{.*}}, %{{.*}} scale(%{{.*}} : tensor<256xf32>) : tensor<?x256xf32> dscale(tensor<256xf32>) dshift(tensor<256xf32>)
  %dx, %dg, %db = norm.batch_norm_grad %y, %x scale(%g : tensor<256xf32>)
      : tensor<?x256xf32> dscale(tensor<256xf32>) dshift(tensor<256xf32>)
  // CHECK: norm.batch_norm_inference_grad %{{.*}}, %{{.*}} statistics(%{{.*}}, %{{.*}} : tensor<256xf32>) : tensor<?x256xf32>
  %dx1, %dm, %dv = norm.batch_norm_inference_grad %y, %x statistics(%m, %v : tensor<256xf32>) : tensor<?x256xf32>
  return
}

// CHECK-LABEL: func @softmax_cross_entropy
func.func @softmax_cross_entropy(%z: tensor<?x10xf32>, %label: tensor<?xi32>, %t: tensor<?x10xf32>) {
  // CHECK: norm.softmax_cross_entropy %{{.*}}, %{{.*}} : tensor<?x10xf32>, tensor<?xi32> -> tensor<f32>
  %0 = norm.softmax_cross_entropy %z, %label : tensor<?x10xf32>, tensor<?xi32> -> tensor<f32>
  // CHECK: norm.softmax_cross_entropy %{{.*}}, %{{.*}} : tensor<?x10xf32>, tensor<?x10xf32> -> tensor<?xf32>
  %1 = norm.softmax_cross_entropy %z, %t : tensor<?x10xf32>, tensor<?x10xf32> -> tensor<?xf32>
  // CHECK: norm.softmax_cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}} : tensor<f32>, tensor<?x10xf32>, tensor<?xi32>{{$}}
  %2 = norm.softmax_cross_entropy_grad %0, %z, %label : tensor<f32>, tensor<?x10xf32>, tensor<?xi32>
  // CHECK: norm.softmax_cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}} : tensor<?xf32>, tensor<?x10xf32>, tensor<?x10xf32> dtargets(tensor<?x10xf32>)
  %3, %4 = norm.softmax_cross_entropy_grad %1, %z, %t
      : tensor<?xf32>, tensor<?x10xf32>, tensor<?x10xf32> dtargets(tensor<?x10xf32>)
  return
}

// CHECK-LABEL: func @dropout
func.func @dropout(%x: tensor<?x256xf32>, %s: tensor<i64>, %c: tensor<i32>) {
  // CHECK: norm.dropout %{{.*}} seed(%{{.*}} : tensor<i64>) counter(%{{.*}} : tensor<i32>) rate = {{.*}} : tensor<?x256xf32>
  %0 = norm.dropout %x seed(%s : tensor<i64>) counter(%c : tensor<i32>) rate = 0.1 : tensor<?x256xf32>
  return
}

// CHECK-LABEL: func @moments
func.func @moments(%x: tensor<?x4x8xbf16>) {
  // CHECK: norm.moments %{{.*}} axes = [0, 2] : tensor<?x4x8xbf16> -> tensor<4xf32>
  %0, %1 = norm.moments %x axes = [0, 2] : tensor<?x4x8xbf16> -> tensor<4xf32>
  return
}

// CHECK-LABEL: func @center
func.func @center(%x: tensor<4x8xf32>) {
  // CHECK: norm.center %{{.*}} axes = [1] : tensor<4x8xf32>
  %0 = norm.center %x axes = [1] : tensor<4x8xf32>
  // CHECK: norm.center %{{.*}} axes = [0] zero_mean_gradient : tensor<4x8xf32>
  %1 = norm.center %x axes = [0] zero_mean_gradient : tensor<4x8xf32>
  return
}

// CHECK-LABEL: func @pivot
func.func @pivot(%x: tensor<?x8xf32>, %v: tensor<8xf32>) {
  // CHECK: norm.stop_gradient %{{.*}} : tensor<8xf32>
  %nu = norm.stop_gradient %v : tensor<8xf32>
  // CHECK: norm.batch_norm %{{.*}} running(%{{.*}}, %{{.*}} : tensor<8xf32>) pivot(%{{.*}} : tensor<8xf32>) :
  // CHECK: norm.batch_norm_grad %{{.*}}, %{{.*}} pivoted : tensor<?x8xf32>
  %0:3 = norm.batch_norm %x running(%v, %v : tensor<8xf32>) pivot(%nu : tensor<8xf32>) : tensor<?x8xf32>
  %1 = norm.batch_norm_grad %x, %x pivoted : tensor<?x8xf32>
  return
}
