// RUN: %python %S/execute.py %s  | FileCheck %s
// RUN: %python %S/execute.py %s --device emulator --sizes 33 | FileCheck %s
// RUN: %python %S/execute.py %s --function narrow | FileCheck %s
// RUN: %python %S/execute.py %s --function gathered --target=x86-64-v3 | FileCheck %s
// CHECK: equal

// f64, bf16, f16, integers and truth values, in memory and inside.
func.func @main(%x: tensor<?x33xf32>, %d: tensor<?x33xf64>, %h: tensor<?x33xf16>, %i: tensor<?x33xi8>, %m: tensor<?x33xi1>)
    -> (tensor<?xf64>, tensor<?x33xf32>, tensor<?x33xf16>, tensor<?x33xi1>, tensor<?xi64>, tensor<?x33xf64>, tensor<?x33xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x33xf32>
  %zero = arith.constant 0.0 : f64
  %e0 = tensor.empty(%n) : tensor<?xf64>
  %f0 = linalg.fill ins(%zero : f64) outs(%e0 : tensor<?xf64>) -> tensor<?xf64>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x, %d : tensor<?x33xf32>, tensor<?x33xf64>) outs(%f0 : tensor<?xf64>) {
  ^bb0(%a: f32, %c: f64, %out: f64):
    %w = arith.extf %a : f32 to f64
    %p = arith.mulf %w, %c : f64
    %s = arith.addf %out, %p : f64
    linalg.yield %s : f64
  } -> tensor<?xf64>
  %e1 = tensor.empty(%n) : tensor<?x33xbf16>
  %b = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x33xf32>) outs(%e1 : tensor<?x33xbf16>) {
  ^bb0(%a: f32, %out: bf16):
    %s = arith.truncf %a : f32 to bf16
    linalg.yield %s : bf16
  } -> tensor<?x33xbf16>
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%b, %x : tensor<?x33xbf16>, tensor<?x33xf32>) outs(%e1 : tensor<?x33xbf16>) {
  ^bb0(%a: bf16, %c: f32, %out: bf16):
    %w = arith.extf %a : bf16 to f32
    %p = arith.addf %w, %c : f32
    %s = arith.truncf %p : f32 to bf16
    %t = arith.mulf %s, %a : bf16
    linalg.yield %t : bf16
  } -> tensor<?x33xbf16>
  %eb = tensor.empty(%n) : tensor<?x33xf32>
  %w1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%1 : tensor<?x33xbf16>) outs(%eb : tensor<?x33xf32>) {
  ^bb0(%a: bf16, %out: f32):
    %s = arith.extf %a : bf16 to f32
    linalg.yield %s : f32
  } -> tensor<?x33xf32>
  %e2 = tensor.empty(%n) : tensor<?x33xf16>
  %2 = linalg.tanh ins(%h : tensor<?x33xf16>) outs(%e2 : tensor<?x33xf16>) -> tensor<?x33xf16>
  %e3 = tensor.empty(%n) : tensor<?x33xi1>
  %3 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m : tensor<?x33xf32>, tensor<?x33xi1>) outs(%e3 : tensor<?x33xi1>) {
  ^bb0(%a: f32, %c: i1, %out: i1):
    %limit = arith.constant 0.25 : f32
    %p = arith.cmpf ogt, %a, %limit : f32
    %q = arith.xori %p, %c : i1
    linalg.yield %q : i1
  } -> tensor<?x33xi1>
  %zeroi = arith.constant 0 : i64
  %e4 = tensor.empty(%n) : tensor<?xi64>
  %f4 = linalg.fill ins(%zeroi : i64) outs(%e4 : tensor<?xi64>) -> tensor<?xi64>
  %4 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%i, %3 : tensor<?x33xi8>, tensor<?x33xi1>) outs(%f4 : tensor<?xi64>) {
  ^bb0(%a: i8, %c: i1, %out: i64):
    %w = arith.extsi %a : i8 to i64
    %u = arith.extui %c : i1 to i64
    %p = arith.muli %w, %u : i64
    %s = arith.addi %out, %p : i64
    linalg.yield %s : i64
  } -> tensor<?xi64>
  %e5 = tensor.empty(%n) : tensor<?x33xf64>
  %5 = linalg.exp ins(%d : tensor<?x33xf64>) outs(%e5 : tensor<?x33xf64>) -> tensor<?x33xf64>
  %e6 = tensor.empty(%n) : tensor<?x33xf32>
  %6 = linalg.select ins(%m, %x, %x : tensor<?x33xi1>, tensor<?x33xf32>, tensor<?x33xf32>) outs(%e6 : tensor<?x33xf32>) -> tensor<?x33xf32>
  return %0, %w1, %2, %3, %4, %5, %6 : tensor<?xf64>, tensor<?x33xf32>, tensor<?x33xf16>, tensor<?x33xi1>, tensor<?xi64>, tensor<?x33xf64>, tensor<?x33xf32>
}

// bf16 in and out, and f64 rounded to it.
func.func @narrow(%x: tensor<?x33xbf16>, %d: tensor<?x33xf64>) -> (tensor<?x33xbf16>, tensor<?x33xbf16>, tensor<?x33xf16>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x33xbf16>
  %e = tensor.empty(%n) : tensor<?x33xbf16>
  %h = tensor.empty(%n) : tensor<?x33xf16>
  %0 = linalg.add ins(%x, %x : tensor<?x33xbf16>, tensor<?x33xbf16>) outs(%e : tensor<?x33xbf16>) -> tensor<?x33xbf16>
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%d : tensor<?x33xf64>) outs(%e : tensor<?x33xbf16>) {
  ^bb0(%a: f64, %out: bf16):
    %s = arith.truncf %a : f64 to bf16
    linalg.yield %s : bf16
  } -> tensor<?x33xbf16>
  %2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%d : tensor<?x33xf64>) outs(%h : tensor<?x33xf16>) {
  ^bb0(%a: f64, %out: f16):
    %s = arith.truncf %a : f64 to f16
    linalg.yield %s : f16
  } -> tensor<?x33xf16>
  return %0, %1, %2 : tensor<?x33xbf16>, tensor<?x33xbf16>, tensor<?x33xf16>
}

// bf16 that LLVM's vectorizer gathers.
func.func @gathered(%x: tensor<?x1x13x9xbf16>) -> (tensor<?x1xf32>, tensor<?x1xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x1x13x9xbf16>
  %e = tensor.empty(%n) : tensor<?x1xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x1xf32>) -> tensor<?x1xf32>
  %0:2 = linalg.generic {indexing_maps = [affine_map<(i, j, k, l) -> (i, j, k, l)>, affine_map<(i, j, k, l) -> (i, j)>, affine_map<(i, j, k, l) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%x : tensor<?x1x13x9xbf16>) outs(%f, %f : tensor<?x1xf32>, tensor<?x1xf32>) {
  ^bb0(%a: bf16, %p: f32, %q: f32):
    %w = arith.extf %a : bf16 to f32
    %s = arith.addf %p, %w : f32
    %v = math.tanh %w : f32
    %t = arith.addf %q, %v : f32
    linalg.yield %s, %t : f32, f32
  } -> (tensor<?x1xf32>, tensor<?x1xf32>)
  return %0#0, %0#1 : tensor<?x1xf32>, tensor<?x1xf32>
}
