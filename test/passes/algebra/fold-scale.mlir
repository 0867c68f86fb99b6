// RUN: keel-opt %s --fold-scale --canonicalize | FileCheck %s
// RUN: keel-opt %s --fold-scale=functions=forward,obstacles --remarks-filter=algebra -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: keel-opt %s --fold-scale=functions=obstacles | FileCheck %s --check-prefix=OTHER

ml_program.global public mutable @scale(#keel.init<ones>) : tensor<8xf32>
ml_program.global public mutable @shift(#keel.init<zeros>) : tensor<8xf32>
ml_program.global public mutable @w(#keel.init<zeros>) : tensor<8x3xf32>
ml_program.global public mutable @b(#keel.init<zeros>) : tensor<3xf32>
ml_program.global public mutable @cube(#keel.init<zeros>) : tensor<2x8x3xf32>

// CHECK-LABEL: func @forward
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>)
// OTHER-LABEL: func @forward
// OTHER: norm.layer_norm {{.*}} scale({{.*}} shift(
func.func @forward(%x: tensor<?x8xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %batch = tensor.dim %x, %c0 : tensor<?x8xf32>
  %empty = tensor.empty(%batch) : tensor<?x3xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x3xf32>) -> tensor<?x3xf32>
  // CHECK-DAG: %[[SCALE:.*]] = ml_program.global_load @scale
  // CHECK-DAG: %[[SHIFT:.*]] = ml_program.global_load @shift
  // CHECK-DAG: %[[W:.*]] = ml_program.global_load @w
  // CHECK-DAG: %[[B:.*]] = ml_program.global_load @b
  %scale = ml_program.global_load @scale : tensor<8xf32>
  %shift = ml_program.global_load @shift : tensor<8xf32>
  %w = ml_program.global_load @w : tensor<8x3xf32>
  %b = ml_program.global_load @b : tensor<3xf32>
  %bias = linalg.broadcast ins(%b : tensor<3xf32>) outs(%empty : tensor<?x3xf32>) dimensions = [0]

  // Scale and shift go into both layers that read the norm, one with a bias and one without.
  // CHECK: %[[Y:.*]] = norm.layer_norm %[[X]] axes = [1] : tensor<?x8xf32>
  // CHECK-DAG: linalg.generic {{.*}} ins(%[[W]], %[[SHIFT]] : {{.*}} outs({{.*}} : tensor<3xf32>)
  // CHECK-DAG: %[[ALL:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[B]] : tensor<3xf32>, tensor<3xf32>)
  // CHECK: %[[W0:.*]] = linalg.generic {{.*}} ins(%[[W]], %[[SCALE]] : {{.*}} outs({{.*}} : tensor<8x3xf32>)
  // CHECK: linalg.matmul ins(%[[Y]], %[[W0]] :
  // CHECK: linalg.matmul ins(%[[Y]],
  // REMARK-DAG: fold-scale.mlir:[[#@LINE+1]]:{{.*}}Passed{{.*}}scale and shift are in the weights of the linear layers that read it
  %y = norm.layer_norm %x scale(%scale : tensor<8xf32>) shift(%shift : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
  %0 = linalg.matmul ins(%y, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%bias : tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = linalg.matmul ins(%y, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%zeros : tensor<?x3xf32>) -> tensor<?x3xf32>

  // Without a shift it does not matter what the layer adds to.
  // CHECK: norm.rms_norm %[[X]] axes = [1] : tensor<?x8xf32>
  %r = norm.rms_norm %x scale(%scale : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
  %2 = linalg.matmul ins(%r, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%0 : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %0, %1, %2 : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}

// Every reason to leave a scale where it is.
func.func @obstacles(%x: tensor<?x8xf32>, %g: tensor<8xf32>, %v: tensor<8x3xf32>, %h: tensor<?x3xf32>,
                     %s: tensor<2x?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<2x?x3xf32>) {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %scale = ml_program.global_load @scale : tensor<8xf32>
  %shift = ml_program.global_load @shift : tensor<8xf32>
  %w = ml_program.global_load @w : tensor<8x3xf32>

  // REMARK-DAG: fold-scale.mlir:[[#@LINE+1]]:{{.*}}Missed{{.*}}the result is read by something else than linear layers with weights of state
  %0 = norm.rms_norm %x scale(%scale : tensor<8xf32>) axes = [1] : tensor<?x8xf32>

  // REMARK-DAG: fold-scale.mlir:[[#@LINE+1]]:{{.*}}Missed{{.*}}the result is read by something else than linear layers with weights of state
  %1 = norm.rms_norm %x scale(%scale : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
  %y1 = linalg.matmul ins(%1, %v : tensor<?x8xf32>, tensor<8x3xf32>) outs(%h : tensor<?x3xf32>) -> tensor<?x3xf32>

  // REMARK-DAG: fold-scale.mlir:[[#@LINE+1]]:{{.*}}Missed{{.*}}they are not state
  %2 = norm.rms_norm %x scale(%g : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
  %y2 = linalg.matmul ins(%2, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%h : tensor<?x3xf32>) -> tensor<?x3xf32>

  // REMARK-DAG: fold-scale.mlir:[[#@LINE+1]]:{{.*}}Missed{{.*}}the layer adds to something else than a bias
  %3 = norm.layer_norm %x shift(%shift : tensor<8xf32>) axes = [1] : tensor<?x8xf32>
  %y3 = linalg.matmul ins(%3, %w : tensor<?x8xf32>, tensor<8x3xf32>) outs(%h : tensor<?x3xf32>) -> tensor<?x3xf32>

  // REMARK-DAG: fold-scale.mlir:[[#@LINE+1]]:{{.*}}Missed{{.*}}its shift has no place in a layer whose weights are not a matrix
  %4 = norm.layer_norm %s shift(%shift : tensor<8xf32>) axes = [2] : tensor<2x?x8xf32>
  %cube = ml_program.global_load @cube : tensor<2x8x3xf32>
  %n = tensor.dim %s, %c1 : tensor<2x?x8xf32>
  %e = tensor.empty(%n) : tensor<2x?x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2x?x3xf32>) -> tensor<2x?x3xf32>
  %y4 = linalg.batch_matmul ins(%4, %cube : tensor<2x?x8xf32>, tensor<2x8x3xf32>) outs(%z : tensor<2x?x3xf32>)
      -> tensor<2x?x3xf32>
  return %0, %y1, %y2, %y3, %y4 : tensor<?x8xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<2x?x3xf32>
}
