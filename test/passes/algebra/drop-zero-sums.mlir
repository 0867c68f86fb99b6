// RUN: keel-opt %s --drop-zero-sums | FileCheck %s

// The gradient of a batch norm, summed over the batch: nothing.
// CHECK-LABEL: func.func @bias
// CHECK: %[[ZEROS:.*]] = linalg.fill
// CHECK-NOT: linalg.generic
// CHECK: return %{{.*}}, %[[ZEROS]]
func.func @bias(%dy: tensor<?x8xf32>, %x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  %dx = norm.batch_norm_grad %dy, %x : tensor<?x8xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(c, n) -> (n, c)>, affine_map<(c, n) -> (c)>], iterator_types = ["parallel", "reduction"]}
      ins(%dx : tensor<?x8xf32>) outs(%zeros : tensor<8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.addf %o, %v : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  return %dx, %sum : tensor<?x8xf32>, tensor<8xf32>
}

// Images: over cases and positions together it is zero, over the positions alone it is not; nor are a sum of squares, a
// sum over the channels, the sum of another norm's gradient.
// CHECK-LABEL: func.func @others
// CHECK-COUNT-4: linalg.generic
// CHECK-NOT: linalg.generic
func.func @others(%dy: tensor<4x3x5xf32>, %x: tensor<4x3x5xf32>, %e: tensor<3xf32>, %f: tensor<4x3xf32>, %g: tensor<4x5xf32>)
    -> (tensor<3xf32>, tensor<4x3xf32>, tensor<3xf32>, tensor<4x5xf32>, tensor<3xf32>) {
  %dx = norm.batch_norm_grad %dy, %x : tensor<4x3x5xf32>
  %dz = norm.layer_norm_grad %dy, %x axes = [2] : tensor<4x3x5xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(n, c, p) -> (n, c, p)>, affine_map<(n, c, p) -> (c)>], iterator_types = ["reduction", "parallel", "reduction"]}
      ins(%dx : tensor<4x3x5xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.addf %v, %o : f32
    linalg.yield %s : f32
  } -> tensor<3xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(n, c, p) -> (n, c, p)>, affine_map<(n, c, p) -> (n, c)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%dx : tensor<4x3x5xf32>) outs(%f : tensor<4x3xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.addf %v, %o : f32
    linalg.yield %s : f32
  } -> tensor<4x3xf32>
  %c = linalg.generic {indexing_maps = [affine_map<(n, c, p) -> (n, c, p)>, affine_map<(n, c, p) -> (c)>], iterator_types = ["reduction", "parallel", "reduction"]}
      ins(%dx : tensor<4x3x5xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%v: f32, %o: f32):
    %q = arith.mulf %v, %v : f32
    %s = arith.addf %q, %o : f32
    linalg.yield %s : f32
  } -> tensor<3xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(n, c, p) -> (n, c, p)>, affine_map<(n, c, p) -> (n, p)>], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%dx : tensor<4x3x5xf32>) outs(%g : tensor<4x5xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.addf %v, %o : f32
    linalg.yield %s : f32
  } -> tensor<4x5xf32>
  %h = linalg.generic {indexing_maps = [affine_map<(n, c, p) -> (n, c, p)>, affine_map<(n, c, p) -> (c)>], iterator_types = ["reduction", "parallel", "reduction"]}
      ins(%dz : tensor<4x3x5xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.addf %v, %o : f32
    linalg.yield %s : f32
  } -> tensor<3xf32>
  return %a, %b, %c, %d, %h : tensor<3xf32>, tensor<4x3xf32>, tensor<3xf32>, tensor<4x5xf32>, tensor<3xf32>
}

// The largest of zeros is the zero that it starts from, where it starts from that.
// CHECK-LABEL: func.func @largest
// CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} -> tensor<f32>
// CHECK: %[[ONE:.*]] = linalg.fill {{.*}} -> tensor<f32>
// CHECK: %[[OTHER:.*]] = linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return %[[ZERO]], %[[OTHER]]
func.func @largest() -> (tensor<f32>, tensor<f32>) {
  %zero = arith.constant 0.0 : f32
  %minus = arith.constant -1.0 : f32
  %empty = tensor.empty() : tensor<8xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  %number = tensor.empty() : tensor<f32>
  %start = linalg.fill ins(%zero : f32) outs(%number : tensor<f32>) -> tensor<f32>
  %below = linalg.fill ins(%minus : f32) outs(%number : tensor<f32>) -> tensor<f32>
  %a = linalg.generic {indexing_maps = [affine_map<(c) -> (c)>, affine_map<(c) -> ()>], iterator_types = ["reduction"]}
      ins(%zeros : tensor<8xf32>) outs(%start : tensor<f32>) {
  ^bb0(%v: f32, %o: f32):
    %magnitude = math.absf %v : f32
    %m = arith.maximumf %o, %magnitude : f32
    linalg.yield %m : f32
  } -> tensor<f32>
  %b = linalg.generic {indexing_maps = [affine_map<(c) -> (c)>, affine_map<(c) -> ()>], iterator_types = ["reduction"]}
      ins(%zeros : tensor<8xf32>) outs(%below : tensor<f32>) {
  ^bb0(%v: f32, %o: f32):
    %magnitude = math.absf %v : f32
    %m = arith.maximumf %o, %magnitude : f32
    linalg.yield %m : f32
  } -> tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}
