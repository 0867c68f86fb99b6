// RUN: keel-opt %s -split-input-file --normalize-graph --lower-precision=precision=bf16 | FileCheck %s
// RUN: keel-opt %s -split-input-file --normalize-graph --lower-precision=precision=f16 | FileCheck %s --check-prefix=F16
// RUN: keel-opt %s -split-input-file --normalize-graph --lower-precision=precision=tf32 | FileCheck %s --check-prefix=TF32
// RUN: keel-opt %s -split-input-file --normalize-graph --lower-precision=precision=f32 | FileCheck %s --check-prefix=F32

// Arguments and state keep their digits for others than contractions; the sum is f32.
// CHECK-LABEL: func.func @linear
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>, %{{.*}}: tensor<?x4xf32>)
// CHECK: %[[X16:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x4xf32>) outs({{.*}} : tensor<?x4xbf16>)
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: %[[W:.*]] = ml_program.global_load @w : tensor<4x4xf32>
// CHECK: %[[W16:.*]] = linalg.generic {{.*}} ins(%[[W]] : tensor<4x4xf32>) outs({{.*}} : tensor<4x4xbf16>)
// CHECK: %[[Z:.*]] = linalg.generic {{.*}} ins(%[[X16]], %[[W16]] : tensor<?x4xbf16>, tensor<4x4xbf16>) outs(%{{.*}} : tensor<?x4xf32>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: bf16, %[[B:.*]]: bf16, %[[C:.*]]: f32):
// CHECK-DAG: %[[AX:.*]] = arith.extf %[[A]] : bf16 to f32
// CHECK-DAG: %[[BX:.*]] = arith.extf %[[B]] : bf16 to f32
// CHECK: arith.mulf %[[AX]], %[[BX]] : f32
// CHECK: linalg.generic {{.*}} ins(%[[Z]], %[[X]] : tensor<?x4xf32>, tensor<?x4xf32>)
// F16-LABEL: func.func @linear
// F16: arith.extf %{{.*}} : f16 to f32
// TF32-LABEL: func.func @linear
// TF32-NOT: arith.truncf
// TF32: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins({{.*}} : tensor<?x4xf32>, tensor<4x4xf32>) {{.*}} attrs = {keel.precision = "tf32"}
// TF32: linalg.generic
// TF32-NOT: keel.precision
// TF32: return
// F32-LABEL: func.func @linear
// F32-NOT: arith.truncf
// F32-NOT: keel.precision
ml_program.global public mutable @w(dense<1.0> : tensor<4x4xf32>) : tensor<4x4xf32>
func.func @linear(%x: tensor<?x4xf32>, %bias: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %w = ml_program.global_load @w : tensor<4x4xf32>
  %z = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%bias : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = arith.addf %z, %x : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// What a contraction reads is rounded where it is made, and the sum over the rows reads that; what is returned is not.
// CHECK-LABEL: func.func @shared
// CHECK: %[[H:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<8x4xf32>)
// CHECK: math.tanh
// CHECK: %[[H16:.*]] = linalg.generic {{.*}} ins(%[[H]] : tensor<8x4xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[H16]], %{{.*}} : tensor<8x4xbf16>, tensor<4x4xbf16>)
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[H16]] : tensor<8x4xbf16>)
// CHECK-NEXT: ^bb0(%[[IN:.*]]: bf16, %{{.*}}: f32):
// CHECK-NEXT: arith.extf %[[IN]] : bf16 to f32
// CHECK: return %{{.*}}, %{{.*}}, %[[H]]
func.func @shared(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>, %i: tensor<8x4xf32>, %j: tensor<4xf32>)
    -> (tensor<8x4xf32>, tensor<4xf32>, tensor<8x4xf32>) {
  %h = math.tanh %x : tensor<8x4xf32>
  %y = linalg.matmul ins(%h, %w : tensor<8x4xf32>, tensor<4x4xf32>) outs(%i : tensor<8x4xf32>) -> tensor<8x4xf32>
  %s = linalg.reduce { arith.addf } ins(%h : tensor<8x4xf32>) outs(%j : tensor<4xf32>) dimensions = [0]
  return %y, %s, %h : tensor<8x4xf32>, tensor<4xf32>, tensor<8x4xf32>
}

// -----

// Padding moves elements: what is padded is rounded, and the padded copy is bf16.
// CHECK-LABEL: func.func @convolution
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : bf16
// CHECK: math.tanh
// CHECK: %[[H16:.*]] = linalg.generic {{.*}} outs({{.*}} : tensor<1x6x6x3xbf16>)
// CHECK: %[[PADDED:.*]] = tensor.pad %[[H16]]
// CHECK: tensor.yield %[[ZERO]] : bf16
// CHECK: linalg.generic {{.*}} ins(%[[PADDED]], %{{.*}} : tensor<1x8x8x3xbf16>, tensor<3x3x3x5xbf16>) outs(%{{.*}} : tensor<1x6x6x5xf32>)
func.func @convolution(%x: tensor<1x6x6x3xf32>, %w: tensor<3x3x3x5xf32>, %i: tensor<1x6x6x5xf32>) -> tensor<1x6x6x5xf32> {
  %zero = arith.constant 0.0 : f32
  %h = math.tanh %x : tensor<1x6x6x3xf32>
  %p = tensor.pad %h low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x6x6x3xf32> to tensor<1x8x8x3xf32>
  %y = linalg.conv_2d_nhwc_hwcf ins(%p, %w : tensor<1x8x8x3xf32>, tensor<3x3x3x5xf32>) outs(%i : tensor<1x6x6x5xf32>) -> tensor<1x6x6x5xf32>
  return %y : tensor<1x6x6x5xf32>
}

// -----

// A step whose backward pass reads the normalized value: it is rounded, its reciprocal deviation is not, and the mask
// comes from the rounded one. After the last contraction nothing is rounded.
// CHECK-LABEL: func.func @step
// CHECK: %[[Z:.*]] = linalg.generic {{.*}} ins({{.*}} : tensor<8x4xbf16>, tensor<4x4xbf16>)
// CHECK: %[[SQUARES:.*]] = linalg.generic {{.*}} ins(%[[Z]] : tensor<8x4xf32>)
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[SQUARES]] : tensor<8xf32>)
// CHECK: math.rsqrt
// CHECK: %[[HAT:.*]] = linalg.generic {{.*}} ins(%[[Z]], %[[R]] : tensor<8x4xf32>, tensor<8xf32>)
// CHECK: %[[HAT16:.*]] = linalg.generic {{.*}} ins(%[[HAT]] : tensor<8x4xf32>) outs({{.*}} : tensor<8x4xbf16>)
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[HAT16]], %{{.*}} : tensor<8x4xbf16>, tensor<4xf32>)
// CHECK: %[[A:.*]] = linalg.generic {{.*}} ins(%[[Y]] : tensor<8x4xf32>)
// CHECK: arith.maximumf
// CHECK: %[[A16:.*]] = linalg.generic {{.*}} ins(%[[A]] : tensor<8x4xf32>) outs({{.*}} : tensor<8x4xbf16>)
// CHECK: %[[OUT:.*]] = linalg.generic {{.*}} ins(%[[A16]], %{{.*}} : tensor<8x4xbf16>, tensor<4x4xbf16>)
// CHECK: math.exp
// CHECK: linalg.generic {{.*}} ins(%[[Y]] : tensor<8x4xf32>)
// CHECK: arith.cmpf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[HAT16]] : tensor<8x4xf32>, tensor<8x4xbf16>)
ml_program.global public mutable @w(dense<1.0> : tensor<4x4xf32>) : tensor<4x4xf32>
ml_program.global public mutable @scale(dense<1.0> : tensor<4xf32>) : tensor<4xf32>
#all = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
func.func @step(%x: tensor<8x4xf32>, %i: tensor<8x4xf32>, %rows: tensor<8xf32>, %columns: tensor<4xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x4xf32>
  %w = ml_program.global_load @w : tensor<4x4xf32>
  %scale = ml_program.global_load @scale : tensor<4xf32>
  %z = linalg.matmul ins(%x, %w : tensor<8x4xf32>, tensor<4x4xf32>) outs(%i : tensor<8x4xf32>) -> tensor<8x4xf32>
  %squares = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%z : tensor<8x4xf32>) outs(%rows : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.mulf %a, %a : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  %r = math.rsqrt %squares : tensor<8xf32>
  %hat = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%z, %r : tensor<8x4xf32>, tensor<8xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    linalg.yield %p : f32
  } -> tensor<8x4xf32>
  %y = linalg.generic {indexing_maps = [#all, #column, #all], iterator_types = ["parallel", "parallel"]}
      ins(%hat, %scale : tensor<8x4xf32>, tensor<4xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    linalg.yield %p : f32
  } -> tensor<8x4xf32>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.maximumf %a, %zero : f32
    linalg.yield %p : f32
  } -> tensor<8x4xf32>
  %out = linalg.matmul ins(%h, %w : tensor<8x4xf32>, tensor<4x4xf32>) outs(%i : tensor<8x4xf32>) -> tensor<8x4xf32>
  %loss = math.exp %out : tensor<8x4xf32>
  // From here on backward.
  %masked = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.cmpf ogt, %a, %zero : f32
    %p = arith.select %c, %a, %zero : f32
    linalg.yield %p : f32
  } -> tensor<8x4xf32>
  %dscale = linalg.generic {indexing_maps = [#all, #all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%masked, %hat : tensor<8x4xf32>, tensor<8x4xf32>) outs(%columns : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  ml_program.global_store @scale = %dscale : tensor<4xf32>
  return %loss : tensor<8x4xf32>
}

// -----

// f64 is left alone, and so is a product of a vector and a matrix: it reads every weight once.
// CHECK-LABEL: func.func @alone
// CHECK-NOT: arith.truncf
func.func @alone(%x: tensor<8x4xf64>, %w: tensor<4x4xf64>, %i: tensor<8x4xf64>, %v: tensor<4xf32>, %m: tensor<4x4xf32>, %j: tensor<4xf32>)
    -> (tensor<8x4xf64>, tensor<4xf32>) {
  %y = linalg.matmul ins(%x, %w : tensor<8x4xf64>, tensor<4x4xf64>) outs(%i : tensor<8x4xf64>) -> tensor<8x4xf64>
  %z = linalg.vecmat ins(%v, %m : tensor<4xf32>, tensor<4x4xf32>) outs(%j : tensor<4xf32>) -> tensor<4xf32>
  return %y, %z : tensor<8x4xf64>, tensor<4xf32>
}

// -----

// What waits for a sum over its rows goes through memory: both read it rounded.
// CHECK-LABEL: func.func @columns
// CHECK: %[[Z:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK: %[[Z16:.*]] = linalg.generic {{.*}} ins(%[[Z]] : tensor<8x4xf32>) outs({{.*}} : tensor<8x4xbf16>)
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[Z16]] : tensor<8x4xbf16>) outs({{.*}} : tensor<4xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[Z16]], %[[SUM]] : tensor<8x4xbf16>, tensor<4xf32>)
#all = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
func.func @columns(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>, %i: tensor<8x4xf32>, %c: tensor<4xf32>) -> tensor<8x4xf32> {
  %z = linalg.matmul ins(%x, %w : tensor<8x4xf32>, tensor<4x4xf32>) outs(%i : tensor<8x4xf32>) -> tensor<8x4xf32>
  %sum = linalg.reduce { arith.addf } ins(%z : tensor<8x4xf32>) outs(%c : tensor<4xf32>) dimensions = [0]
  %y = linalg.generic {indexing_maps = [#all, #column, #all], iterator_types = ["parallel", "parallel"]}
      ins(%z, %sum : tensor<8x4xf32>, tensor<4xf32>) outs(%i : tensor<8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.subf %a, %b : f32
    linalg.yield %d : f32
  } -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// -----

// Without a pivot the columns may have an offset, and their moments need all digits.
// CHECK-LABEL: func.func @moments
// CHECK: %[[Z:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK: norm.moments %[[Z]]
// CHECK: linalg.generic {{.*}} ins(%[[Z]], %{{.*}} : tensor<8x4xf32>, tensor<4xf32>)
#all = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
func.func @moments(%x: tensor<8x4xf32>, %w: tensor<4x4xf32>, %i: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %z = linalg.matmul ins(%x, %w : tensor<8x4xf32>, tensor<4x4xf32>) outs(%i : tensor<8x4xf32>) -> tensor<8x4xf32>
  %mean, %m2 = norm.moments %z axes = [0] : tensor<8x4xf32> -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#all, #column, #all], iterator_types = ["parallel", "parallel"]}
      ins(%z, %mean : tensor<8x4xf32>, tensor<4xf32>) outs(%i : tensor<8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.subf %a, %b : f32
    linalg.yield %d : f32
  } -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}
