// RUN: keel-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{'norm.layer_norm' op needs at least one axis to normalize over, found axes = []}}
  %0 = norm.layer_norm %x axes = [] : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{axis 2 is out of range: 'tensor<?x8xf32>' has the axes 0 to 1}}
  %0 = norm.rms_norm %x axes = [2] : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{axes must be strictly increasing, found 1 before 0}}
  %0 = norm.layer_norm %x axes = [1, 0] : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{epsilon is added to a variance: expected a finite number of at least 0, found -1.0}}
  %0 = norm.layer_norm %x axes = [1] epsilon = -1.0 : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<9xf32>) {
  // expected-error @below {{scale must have the shape 8 of what it belongs to in the input 'tensor<?x8xf32>', found 'tensor<9xf32>'}}
  %0 = norm.layer_norm %x scale(%g : tensor<9xf32>) axes = [1] : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4x8xf32>, %b: tensor<8xf32>) {
  // expected-error @below {{shift must have the shape 4x8 of what it belongs to}}
  %0 = norm.layer_norm %x shift(%b : tensor<8xf32>) axes = [1, 2] : tensor<?x4x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xbf16>, %g: tensor<8xf16>) {
  // expected-error @below {{scale must have the input's element type, 'bf16', or the statistics', 'f32', found 'f16'; cast it first}}
  %0 = norm.layer_norm %x scale(%g : tensor<8xf16>) axes = [1] : tensor<?x8xbf16>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %g: tensor<8xf64>) {
  // expected-error @below {{scale must have the input's element type, 'f32', found 'f64'; cast it first}}
  %0 = norm.layer_norm %x scale(%g : tensor<8xf64>) axes = [1] : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xi32>) {
  // expected-error @below {{operand #0 must be ranked tensor of}}
  %0 = norm.layer_norm %x axes = [1] : tensor<?x8xi32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{returns dscale without having a scale; give it scale(...) or drop dscale}}
  %0, %1 = norm.layer_norm_grad %x, %x axes = [1] : tensor<?x8xf32> dscale(tensor<8xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{dshift must have the shape 8}}
  %0, %1 = norm.rms_norm_grad %x, %x axes = [1] : tensor<?x8xf32> dshift(tensor<4xf32>)
  return
}

// -----

func.func @f(%x: tensor<?x8x4xf32>) {
  // expected-error @below {{channel = 3 is out of range: 'tensor<?x8x4xf32>' has the dimensions 0 to 2}}
  %0 = norm.group_norm %x groups = 2 channel = 3 : tensor<?x8x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8x4xf32>) {
  // expected-error @below {{channel = 0 is the dimension of the cases; the channels are 1 (NCHW) or the last (NHWC)}}
  %0 = norm.group_norm %x groups = 2 channel = 0 : tensor<?x8x4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x?xf32>) {
  // expected-error @below {{needs a static number of channels to cut into groups, found 'tensor<4x?xf32>'}}
  %0 = norm.group_norm %x groups = 2 : tensor<4x?xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{groups must divide the 8 channels of 'tensor<?x8xf32>', found 3}}
  %0 = norm.group_norm %x groups = 3 : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %m: tensor<8xf32>) {
  // expected-error @below {{momentum is the weight of the new statistics: expected a number from 0 to 1, found 1.5}}
  %0, %1, %2 = norm.batch_norm %x running(%m, %m : tensor<8xf32>) momentum = 1.5 : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %m: tensor<4xf32>) {
  // expected-error @below {{the running statistics must have the shape 8}}
  %0, %1, %2 = norm.batch_norm %x running(%m, %m : tensor<4xf32>) : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %m: tensor<4xf32>) {
  // expected-error @below {{the statistics must have the shape 8}}
  %0 = norm.batch_norm_inference %x statistics(%m, %m : tensor<4xf32>) : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %m: tensor<4xf32>) {
  // expected-error @below {{the statistics must have the shape 8}}
  %0, %1, %2 = norm.batch_norm_inference_grad %x, %x statistics(%m, %m : tensor<4xf32>) : tensor<?x8xf32>
  return
}

// -----

func.func @f(%z: tensor<f32>, %t: tensor<i32>) {
  // expected-error @below {{needs logits with a dimension of classes, the last; found 'tensor<f32>'}}
  %0 = norm.softmax_cross_entropy %z, %t : tensor<f32>, tensor<i32> -> tensor<f32>
  return
}

// -----

func.func @f(%z: tensor<4x?xf32>, %t: tensor<4xi32>) {
  // expected-error @below {{needs a static number of classes to check class labels against, found 'tensor<4x?xf32>'}}
  %0 = norm.softmax_cross_entropy %z, %t : tensor<4x?xf32>, tensor<4xi32> -> tensor<f32>
  return
}

// -----

func.func @f(%z: tensor<?x10xf32>, %t: tensor<?x10xi32>) {
  // expected-error @below {{class labels must have the cases' shape, ? (the logits' without the classes), found 'tensor<?x10xi32>'}}
  %0 = norm.softmax_cross_entropy %z, %t : tensor<?x10xf32>, tensor<?x10xi32> -> tensor<f32>
  return
}

// -----

func.func @f(%z: tensor<?x10xf32>, %t: tensor<?xf32>) {
  // expected-error @below {{targets must have the logits' shape, ?x10, found 'tensor<?xf32>'; class labels are i32 or i64}}
  %0 = norm.softmax_cross_entropy %z, %t : tensor<?x10xf32>, tensor<?xf32> -> tensor<f32>
  return
}

// -----

func.func @f(%z: tensor<?x10xf32>, %t: tensor<?x10xf16>) {
  // expected-error @below {{targets must have the logits' element type or the accumulation type, found 'f16'}}
  %0 = norm.softmax_cross_entropy %z, %t : tensor<?x10xf32>, tensor<?x10xf16> -> tensor<f32>
  return
}

// -----

func.func @f(%z: tensor<?x10xf32>, %t: tensor<?xi32>) {
  // expected-error @below {{the loss must have rank 0 (the mean) or the cases' shape, ? (each case's loss), found 'tensor<?x10xf32>'}}
  %0 = norm.softmax_cross_entropy %z, %t : tensor<?x10xf32>, tensor<?xi32> -> tensor<?x10xf32>
  return
}

// -----

func.func @f(%z: tensor<?x10xf32>, %t: tensor<?xi32>) {
  // expected-error @below {{the loss must have the logits' element type or the accumulation type, found 'f16'}}
  %0 = norm.softmax_cross_entropy %z, %t : tensor<?x10xf32>, tensor<?xi32> -> tensor<f16>
  return
}

// -----

func.func @f(%z: tensor<?x10xf32>, %t: tensor<?xi32>, %d: tensor<f32>) {
  // expected-error @below {{dtargets must have the type of float targets, found 'tensor<?xf32>' for 'tensor<?xi32>'}}
  %0, %1 = norm.softmax_cross_entropy_grad %d, %z, %t : tensor<f32>, tensor<?x10xf32>, tensor<?xi32> dtargets(tensor<?xf32>)
  return
}

// -----

func.func @f(%z: tensor<?x10xf32>, %t: tensor<?xi32>, %d: tensor<?x2xf32>) {
  // expected-error @below {{dloss must have rank 0 (the mean) or the cases' shape}}
  %0 = norm.softmax_cross_entropy_grad %d, %z, %t : tensor<?x2xf32>, tensor<?x10xf32>, tensor<?xi32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %s: tensor<i64>) {
  // expected-error @below {{rate is the share of dropped elements: expected a number from 0 to below 1, found 1.0}}
  %0 = norm.dropout %x seed(%s : tensor<i64>) counter(%s : tensor<i64>) rate = 1.0 : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %s: tensor<f32>) {
  // expected-error @below {{operand #1 must be 0D tensor of 32-bit signless integer or 64-bit signless integer values}}
  %0 = norm.dropout %x seed(%s : tensor<f32>) counter(%s : tensor<f32>) rate = 0.5 : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xbf16>) {
  // expected-error @below {{results must have the input's dimensions without the axes, in the accumulation type: 'tensor<?xf32>', found 'tensor<4xbf16>'}}
  %0, %1 = norm.moments %x axes = [1] : tensor<?x8xbf16> -> tensor<4xbf16>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{axis 3 is out of range}}
  %0, %1 = norm.moments %x axes = [3] : tensor<?x8xf32> -> tensor<?xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @below {{'norm.center' op axis 2 is out of range}}
  %0 = norm.center %x axes = [2] : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: tensor<?x8xf32>, %v: tensor<8xf32>, %p: tensor<4xf32>) {
  // expected-error @below {{the pivot must have the shape}}
  %0:3 = norm.batch_norm %x running(%v, %v : tensor<8xf32>) pivot(%p : tensor<4xf32>) : tensor<?x8xf32>
  return
}
