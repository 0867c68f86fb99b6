// RUN: keel-opt %s --generate-gpu --canonicalize --cse --split-input-file | FileCheck %s

#both = affine_map<(i, j) -> (i, j)>
#columns = affine_map<(i, j) -> (j)>
#column = affine_map<(j) -> (j)>

// Sums over all rows that a later kernel alone reads, column by column: the first kernel leaves parts, no block waits, the second adds
// them in their order. No counter is needed.
// CHECK-LABEL: func.func @update
// CHECK-NOT: keel.tickets
// CHECK: %[[PARTS:.*]] = tensor.empty(%{{.*}}) : tensor<?x2048xf32>
// CHECK: %[[LEFT:.*]] = keel.launch @device::@rows blocks(%{{.*}}) ins(%{{.*}} : tensor<?x2048xf32>) outs(%[[PARTS]] : tensor<?x2048xf32>)
// CHECK: keel.launch @device::@update_0 blocks(%{{.*}}) ins(%[[LEFT]] : tensor<?x2048xf32>) outs(%{{.*}} : tensor<2048xf32>)
// CHECK: llvm.func @rows
// CHECK-NOT: llvm.fence
// CHECK: llvm.func @update_0(%[[POINTER:.*]]: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %[[TILES:.*]]: i64)
// CHECK: %[[COUNT:.*]] = llvm.inline_asm has_side_effects "", "=l,0" %[[TILES]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[COUNT]]
// CHECK: llvm.load
// CHECK: arith.addf
func.func @update(%x: tensor<?x2048xf32>, %w: tensor<2048xf32>) -> tensor<2048xf32> {
  %e = tensor.empty() : tensor<2048xf32>
  %g = keel.kernel "rows" ins(%a = %x : tensor<?x2048xf32>) outs(%o = %e : tensor<2048xf32>) {
    %zero = arith.constant 0.0 : f32
    %r_start = linalg.generic {indexing_maps = [#column], iterator_types = ["parallel"]} outs(%o : tensor<2048xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<2048xf32>
    %r = linalg.generic {indexing_maps = [#both, #columns], iterator_types = ["reduction", "parallel"]} ins(%a : tensor<?x2048xf32>) outs(%r_start : tensor<2048xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<2048xf32>
    keel.yield %r : tensor<2048xf32>
  }
  %v = keel.kernel "update_0" ins(%a = %g : tensor<2048xf32>) outs(%o = %w : tensor<2048xf32>) {
    %rate = arith.constant 0.5 : f32
    %r = linalg.generic {indexing_maps = [#column, #column], iterator_types = ["parallel"]} ins(%a : tensor<2048xf32>) outs(%o : tensor<2048xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.mulf %in, %rate : f32
      %s = arith.subf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<2048xf32>
    keel.yield %r : tensor<2048xf32>
  }
  return %v : tensor<2048xf32>
}

// -----

#both = affine_map<(i, j) -> (i, j)>
#columns = affine_map<(i, j) -> (j)>
#column = affine_map<(j) -> (j)>

// One that is a result as well, or starts from what is no zero, is finished where it is made: by the last block of each tile of columns,
// of which there are two, with a counter each.
// CHECK-LABEL: func.func @both
// CHECK-SAME: tensor<4xi32> {{.*}}keel.state = @keel.tickets
// CHECK: keel.launch @device::@rows {{.*}} outs(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<2048xf32>, tensor<2048xf32>, tensor<?x2048xf32>, tensor<?x2048xf32>)
// CHECK: keel.launch @device::@update_0 {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2048xf32>, tensor<2048xf32>)
// CHECK: llvm.func @rows
// CHECK: llvm.atomicrmw uinc_wrap
// CHECK: llvm.func @update_0
func.func @both(%x: tensor<?x2048xf32>, %y: tensor<?x2048xf32>, %w: tensor<2048xf32>) -> (tensor<2048xf32>, tensor<2048xf32>) {
  %e = tensor.empty() : tensor<2048xf32>
  %g:2 = keel.kernel "rows" ins(%a = %x, %b = %y : tensor<?x2048xf32>, tensor<?x2048xf32>) outs(%o = %e, %p = %e : tensor<2048xf32>, tensor<2048xf32>) {
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %r_start = linalg.generic {indexing_maps = [#column], iterator_types = ["parallel"]} outs(%o : tensor<2048xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<2048xf32>
    %r = linalg.generic {indexing_maps = [#both, #columns], iterator_types = ["reduction", "parallel"]} ins(%a : tensor<?x2048xf32>) outs(%r_start : tensor<2048xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<2048xf32>
    %q_start = linalg.generic {indexing_maps = [#column], iterator_types = ["parallel"]} outs(%p : tensor<2048xf32>) {
    ^bb0(%out: f32):
      linalg.yield %one : f32
    } -> tensor<2048xf32>
    %q = linalg.generic {indexing_maps = [#both, #columns], iterator_types = ["reduction", "parallel"]} ins(%b : tensor<?x2048xf32>) outs(%q_start : tensor<2048xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<2048xf32>
    keel.yield %r, %q : tensor<2048xf32>, tensor<2048xf32>
  }
  %v = keel.kernel "update_0" ins(%a = %g#0, %b = %g#1 : tensor<2048xf32>, tensor<2048xf32>) outs(%o = %w : tensor<2048xf32>) {
    %r = linalg.generic {indexing_maps = [#column, #column, #column], iterator_types = ["parallel"]} ins(%a, %b : tensor<2048xf32>, tensor<2048xf32>) outs(%o : tensor<2048xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %m = arith.mulf %in, %in2 : f32
      %s = arith.subf %out, %m : f32
      linalg.yield %s : f32
    } -> tensor<2048xf32>
    keel.yield %r : tensor<2048xf32>
  }
  return %v, %g#0 : tensor<2048xf32>, tensor<2048xf32>
}

// -----

#both = affine_map<(i, j) -> (i, j)>
#columns = affine_map<(i, j) -> (j)>
#column = affine_map<(j) -> (j)>

// A reader that takes the sum beside rows needs it whole.
// CHECK-LABEL: func.func @beside_rows
// CHECK: keel.launch @device::@rows {{.*}} outs(%{{.*}}, %{{.*}} : tensor<2048xf32>, tensor<?x2048xf32>)
// CHECK: keel.launch @device::@subtract {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x2048xf32>, tensor<2048xf32>)
func.func @beside_rows(%x: tensor<?x2048xf32>) -> tensor<?x2048xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2048xf32>
  %e = tensor.empty() : tensor<2048xf32>
  %f = tensor.empty(%n) : tensor<?x2048xf32>
  %g = keel.kernel "rows" ins(%a = %x : tensor<?x2048xf32>) outs(%o = %e : tensor<2048xf32>) {
    %zero = arith.constant 0.0 : f32
    %r_start = linalg.generic {indexing_maps = [#column], iterator_types = ["parallel"]} outs(%o : tensor<2048xf32>) {
    ^bb0(%out: f32):
      linalg.yield %zero : f32
    } -> tensor<2048xf32>
    %r = linalg.generic {indexing_maps = [#both, #columns], iterator_types = ["reduction", "parallel"]} ins(%a : tensor<?x2048xf32>) outs(%r_start : tensor<2048xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %out, %in : f32
      linalg.yield %s : f32
    } -> tensor<2048xf32>
    keel.yield %r : tensor<2048xf32>
  }
  %v = keel.kernel "subtract" ins(%a = %x, %b = %g : tensor<?x2048xf32>, tensor<2048xf32>) outs(%o = %f : tensor<?x2048xf32>) {
    %r = linalg.generic {indexing_maps = [#both, #columns, #both], iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<?x2048xf32>, tensor<2048xf32>) outs(%o : tensor<?x2048xf32>) {
    ^bb0(%in: f32, %in2: f32, %out: f32):
      %s = arith.subf %in, %in2 : f32
      linalg.yield %s : f32
    } -> tensor<?x2048xf32>
    keel.yield %r : tensor<?x2048xf32>
  }
  return %v : tensor<?x2048xf32>
}
