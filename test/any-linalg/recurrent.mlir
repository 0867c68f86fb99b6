// RUN: %python %S/execute.py %s | FileCheck %s
// RUN: %python %S/execute.py %s --no-fuse | FileCheck %s
// CHECK: equal

// A gated recurrent cell with a decomposed layer norm, a loop over time: slices of the input, the state carried, each
// state inserted into the result.
#ij = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
func.func @main(%xs: tensor<?x6x12xf32>, %wx: tensor<12x40xf32>, %wh: tensor<20x40xf32>, %scale: tensor<40xf32>, %h0: tensor<?x20xf32>)
    -> (tensor<?x20xf32>, tensor<?x6x20xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %count = arith.constant 40.0 : f32
  %epsilon = arith.constant 1.0e-5 : f32
  %n = tensor.dim %h0, %c0 : tensor<?x20xf32>
  %all = tensor.empty(%n) : tensor<?x6x20xf32>
  %r:2 = scf.for %t = %c0 to %c6 step %c1 iter_args(%h = %h0, %hs = %all) -> (tensor<?x20xf32>, tensor<?x6x20xf32>) {
    %x = tensor.extract_slice %xs[0, %t, 0] [%n, 1, 12] [1, 1, 1] : tensor<?x6x12xf32> to tensor<?x12xf32>
    %e = tensor.empty(%n) : tensor<?x40xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x40xf32>) -> tensor<?x40xf32>
    %a = linalg.matmul ins(%x, %wx : tensor<?x12xf32>, tensor<12x40xf32>) outs(%f : tensor<?x40xf32>) -> tensor<?x40xf32>
    %z = linalg.matmul ins(%h, %wh : tensor<?x20xf32>, tensor<20x40xf32>) outs(%a : tensor<?x40xf32>) -> tensor<?x40xf32>
    %er = tensor.empty(%n) : tensor<?xf32>
    %fr = linalg.fill ins(%zero : f32) outs(%er : tensor<?xf32>) -> tensor<?xf32>
    %sum = linalg.reduce { arith.addf } ins(%z : tensor<?x40xf32>) outs(%fr : tensor<?xf32>) dimensions = [1]
    %squares = linalg.generic {indexing_maps = [#ij, #i, #i], iterator_types = ["parallel", "reduction"]}
        ins(%z, %sum : tensor<?x40xf32>, tensor<?xf32>) outs(%fr : tensor<?xf32>) {
    ^bb0(%v: f32, %s: f32, %o: f32):
      %0 = arith.divf %s, %count : f32
      %1 = arith.subf %v, %0 : f32
      %2 = arith.mulf %1, %1 : f32
      %3 = arith.addf %o, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<?xf32>
    %y = linalg.generic {indexing_maps = [#ij, #i, #i, #j, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%z, %sum, %squares, %scale : tensor<?x40xf32>, tensor<?xf32>, tensor<?xf32>, tensor<40xf32>) outs(%e : tensor<?x40xf32>) {
    ^bb0(%v: f32, %s: f32, %q: f32, %g: f32, %o: f32):
      %0 = arith.divf %s, %count : f32
      %1 = arith.subf %v, %0 : f32
      %2 = arith.divf %q, %count : f32
      %3 = arith.addf %2, %epsilon : f32
      %4 = math.rsqrt %3 : f32
      %5 = arith.mulf %1, %4 : f32
      %6 = arith.mulf %5, %g : f32
      linalg.yield %6 : f32
    } -> tensor<?x40xf32>
    %gate = tensor.extract_slice %y[0, 0] [%n, 20] [1, 1] : tensor<?x40xf32> to tensor<?x20xf32>
    %candidate = tensor.extract_slice %y[0, 20] [%n, 20] [1, 1] : tensor<?x40xf32> to tensor<?x20xf32>
    %eh = tensor.empty(%n) : tensor<?x20xf32>
    %next = linalg.generic {indexing_maps = [#ij, #ij, #ij, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%gate, %candidate, %h : tensor<?x20xf32>, tensor<?x20xf32>, tensor<?x20xf32>) outs(%eh : tensor<?x20xf32>) {
    ^bb0(%u: f32, %c: f32, %p: f32, %o: f32):
      %0 = arith.negf %u : f32
      %1 = math.exp %0 : f32
      %2 = arith.addf %1, %one : f32
      %3 = arith.divf %one, %2 : f32
      %4 = math.tanh %c : f32
      %5 = arith.subf %p, %4 : f32
      %6 = arith.mulf %3, %5 : f32
      %7 = arith.addf %6, %4 : f32
      linalg.yield %7 : f32
    } -> tensor<?x20xf32>
    %kept = tensor.insert_slice %next into %hs[0, %t, 0] [%n, 1, 20] [1, 1, 1] : tensor<?x20xf32> into tensor<?x6x20xf32>
    scf.yield %next, %kept : tensor<?x20xf32>, tensor<?x6x20xf32>
  }
  return %r#0, %r#1 : tensor<?x20xf32>, tensor<?x6x20xf32>
}
