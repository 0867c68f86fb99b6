// RUN: keel-opt %s --split-kernels --form-kernels=fuse=false | FileCheck %s
// RUN: keel-opt %s --split-kernels --remarks-filter=gpu 2>&1 | FileCheck %s --check-prefix=WHY

// A product of three loops and a transposed reader of it share no rows.
// WHY: "kernel ", Remark=f_matmul_0, Remark=" is taken apart: ", Remark="linalg.generic: it does not share the kernel's rows and columns
// CHECK-LABEL: func.func @apart
// CHECK-COUNT-2: keel.kernel
// CHECK-NOT: keel.kernel
func.func @apart(%x: tensor<8x8xf32>, %y: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %e = tensor.empty() : tensor<8x8xf32>
  %k = keel.kernel "f_matmul_0" ins(%a = %x, %b = %y : tensor<8x8xf32>, tensor<8x8xf32>) outs(%o = %e : tensor<8x8xf32>) {
    %zero = arith.constant 0.0 : f32
    %t = tensor.empty() : tensor<8x8xf32>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]} ins(%a : tensor<8x8xf32>) outs(%t : tensor<8x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.maximumf %in, %zero : f32
      linalg.yield %m : f32
    } -> tensor<8x8xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]}
        ins(%p, %p : tensor<8x8xf32>, tensor<8x8xf32>) outs(%o : tensor<8x8xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %m = arith.addf %in, %in2 : f32
      linalg.yield %m : f32
    } -> tensor<8x8xf32>
    keel.yield %r : tensor<8x8xf32>
  }
  return %k : tensor<8x8xf32>
}

// What blocks exchange beside a main loop is f32: sums of other types along rows that are longer than a block's are apart.
// WHY: Remark=" is taken apart: ", Remark="linalg.generic: several blocks share its rows, and what they exchange is f32"
// CHECK-LABEL: func.func @long_rows
// CHECK-COUNT-3: keel.kernel
// CHECK-NOT: keel.kernel
func.func @long_rows(%x: tensor<8x8xf64>, %w: tensor<8x512xf64>) -> tensor<8x512xf64> {
  %e = tensor.empty() : tensor<8x512xf64>
  %k = keel.kernel "f_matmul_0" ins(%a = %x, %b = %w : tensor<8x8xf64>, tensor<8x512xf64>) outs(%o = %e : tensor<8x512xf64>) {
    %zero = arith.constant 0.0 : f64
    %t = tensor.empty() : tensor<8x512xf64>
    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%t : tensor<8x512xf64>) {
    ^bb0(%out: f64):
      linalg.yield %zero : f64
    } -> tensor<8x512xf64>
    %p = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<8x8xf64>, tensor<8x512xf64>) outs(%z : tensor<8x512xf64>) {
    ^bb0(%in: f64, %in2: f64, %out: f64):
      %m = arith.mulf %in, %in2 : f64
      %s = arith.addf %out, %m : f64
      linalg.yield %s : f64
    } -> tensor<8x512xf64>
    %n = tensor.empty() : tensor<8xf64>
    %f = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%n : tensor<8xf64>) {
    ^bb0(%out: f64):
      linalg.yield %zero : f64
    } -> tensor<8xf64>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                         iterator_types = ["parallel", "reduction"]} ins(%p : tensor<8x512xf64>) outs(%f : tensor<8xf64>) {
    ^bb0(%in: f64, %out: f64):
      %s = arith.addf %out, %in : f64
      linalg.yield %s : f64
    } -> tensor<8xf64>
    %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]}
        ins(%p, %r : tensor<8x512xf64>, tensor<8xf64>) outs(%o : tensor<8x512xf64>) {
    ^bb0(%in: f64, %in2: f64, %out: f64):
      %d = arith.divf %in, %in2 : f64
      linalg.yield %d : f64
    } -> tensor<8x512xf64>
    keel.yield %y : tensor<8x512xf64>
  }
  return %k : tensor<8x512xf64>
}

// Rows of unknown length fit no tile.
// WHY: Remark=" is taken apart: ", Remark="linalg.generic: the length of its rows is not known"
// CHECK-LABEL: func.func @unknown_rows
// CHECK-COUNT-2: keel.kernel
// CHECK-NOT: keel.kernel
func.func @unknown_rows(%x: tensor<8x?xf32>) -> (tensor<8x?xf32>, tensor<8x?xf32>) {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c1 : tensor<8x?xf32>
  %e = tensor.empty(%n) : tensor<8x?xf32>
  %k:2 = keel.kernel "f_rows_0" ins(%a = %x : tensor<8x?xf32>) outs(%o = %e, %q = %e : tensor<8x?xf32>, tensor<8x?xf32>) {
    %p = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]} ins(%a : tensor<8x?xf32>) outs(%o : tensor<8x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.negf %in : f32
      linalg.yield %m : f32
    } -> tensor<8x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                         iterator_types = ["parallel", "parallel"]} ins(%p : tensor<8x?xf32>) outs(%q : tensor<8x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.mulf %in, %in : f32
      linalg.yield %m : f32
    } -> tensor<8x?xf32>
    keel.yield %p, %r : tensor<8x?xf32>, tensor<8x?xf32>
  }
  return %k#0, %k#1 : tensor<8x?xf32>, tensor<8x?xf32>
}

// The largest of a matrix: of its columns first.
// CHECK-LABEL: func.func @largest
// CHECK: keel.kernel
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[X:.*]] : tensor<64x32xf32>) outs(%{{.*}} : tensor<32xf32>)
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%{{.*}} : tensor<32xf32>) outs(%{{.*}} : tensor<f32>)
// CHECK: keel.yield
func.func @largest(%x: tensor<64x32xf32>, %y: tensor<f32>) -> tensor<f32> {
  %k = keel.kernel "f_rows_0" ins(%a = %x : tensor<64x32xf32>) outs(%o = %y : tensor<f32>) {
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>], iterator_types = ["reduction", "reduction"]}
        ins(%a : tensor<64x32xf32>) outs(%o : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.maximumf %out, %in : f32
      linalg.yield %m : f32
    } -> tensor<f32>
    keel.yield %r : tensor<f32>
  }
  return %k : tensor<f32>
}

// Two computations of other numbers of rows do not run over the same tiles.
// WHY: Remark=" is taken apart: ", Remark="linalg.generic: it has another number of rows or columns"
// CHECK-LABEL: func.func @extents
// CHECK-COUNT-3: keel.kernel
// CHECK-NOT: keel.kernel
func.func @extents(%v: tensor<16xf32>, %x: tensor<8x16xf32>, %y: tensor<8x32xf32>) -> (tensor<8x16xf32>, tensor<8x32xf32>) {
  %k:2 = keel.kernel "f_rows_0" ins(%a = %v : tensor<16xf32>) outs(%o = %x, %p = %y : tensor<8x16xf32>, tensor<8x32xf32>) {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<f32>
    %z = linalg.generic {indexing_maps = [affine_map<() -> ()>], iterator_types = []} outs(%e : tensor<f32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<f32>
    %s = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
        ins(%a : tensor<16xf32>) outs(%z : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.maximumf %out, %in : f32
      linalg.yield %m : f32
    } -> tensor<f32>
    %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<f32>) outs(%o : tensor<8x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.mulf %in, %out : f32
      linalg.yield %m : f32
    } -> tensor<8x16xf32>
    %t = linalg.generic {indexing_maps = [affine_map<(i, j) -> ()>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<f32>) outs(%p : tensor<8x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.mulf %in, %out : f32
      linalg.yield %m : f32
    } -> tensor<8x32xf32>
    keel.yield %r, %t : tensor<8x16xf32>, tensor<8x32xf32>
  }
  return %k#0, %k#1 : tensor<8x16xf32>, tensor<8x32xf32>
}
