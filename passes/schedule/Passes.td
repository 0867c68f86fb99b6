#ifndef KEEL_PASSES_SCHEDULE_PASSES
#define KEEL_PASSES_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

def PackOperands : Pass<"pack-operands", "mlir::ModuleOp"> {
  let summary = "gives contractions their B operand packed in panels";
  let description = [{
    A contraction reads B, the operand that holds C's last loop n, in vectors along n, one after the other along k. Where
    B is a kernel's input and is stored the other way around, or its rows are so far apart that they share cache sets, a
    kernel of its own packs it: panels of as many columns as a register tile has, each of them [k][column], the last one
    padded with zeros. The contraction's loops stay; B's map becomes `(m, n, k) -> (n floordiv P, k, n mod P)`.

    Contractions that read the same tensor in the same layout share it. The packing kernel reads nothing but the tensor,
    so for weights --hoist-derived-state can move it out of the way.

    ```mlir
    %c = keel.kernel "k" ins(%x = %a, %w = %b : tensor<?x64xf32>, tensor<256x64xf32>) ... {
      ... linalg.generic {indexing_maps = [(m, n, k) -> (m, k), (m, n, k) -> (n, k), (m, n, k) -> (m, n)] ...
    }
    ```
    becomes
    ```mlir
    %p = keel.kernel "pack_k_transposed" ins(%w = %b : tensor<256x64xf32>) outs(%o = ... : tensor<4x64x64xf32>) {
      %r = linalg.pack %w padding_value(%zero : f32) outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [64] into %o
      keel.yield %r : tensor<4x64x64xf32>
    }
    %c = keel.kernel "k" ins(%x = %a, %w = %p : tensor<?x64xf32>, tensor<4x64x64xf32>) ... {
      ... (m, n, k) -> (n floordiv 64, k, n mod 64) ...
    }
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512", "width of the target's vector registers">,
    Option<"registers", "registers", "int64_t", "32", "number of the target's vector registers">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect",
                           "keel::KeelDialect"];
}

def JoinPacks : Pass<"join-packs", "mlir::ModuleOp"> {
  let summary = "packs what a kernel makes in the same launch";
  let description = [{
    A packing kernel whose source is a result of another kernel becomes part of it: the optimizer's kernel writes the new
    weights, and then, in panels, the copy that the next step's matmuls read.

    ```mlir
    %w = keel.kernel "update" ins(%g = ... : tensor<256x64xf32>) outs(%s = ... : tensor<256x64xf32>) { ... keel.yield %n : tensor<256x64xf32> }
    %p = keel.kernel "pack_w" ins(%a = %w : tensor<256x64xf32>) outs(%o = ... : tensor<4x64x64xf32>) { ... linalg.pack %a ... }
    ```
    becomes
    ```mlir
    %w, %p = keel.kernel "update" ins(%g = ...) outs(%s = ..., %o = ...) {
      ...
      %r = linalg.pack %n ... into %o
      keel.yield %n, %r : tensor<256x64xf32>, tensor<4x64x64xf32>
    }
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect", "keel::KeelDialect"];
}

def TileKernels : Pass<"tile-kernels", "mlir::ModuleOp"> {
  let summary = "gives every kernel its loops over row blocks";
  let description = [{
    A kernel's body becomes a sequence of `scf.forall` ops, each over blocks of rows: the main loop, the statistics, the
    normalization and what else belongs to these rows is done while the block is in cache. The boundary between two
    `scf.forall` ops is where rows meet: a sum over the rows leaves a partial result for each of at most 64 parts of them,
    and these are added in order, so that the result does not depend on who computed which part.

    ```mlir
    %y = keel.kernel "k" ins(%x = ... : tensor<?x256xf32>) ... {
      %h = linalg.generic ... // act(x)
      keel.yield %h
    }
    ```
    becomes
    ```mlir
    %y = keel.kernel "k" ins(%x = ... : tensor<?x256xf32>) ... {
      %h = scf.forall (%i) = (0) to (%rows) step (64) shared_outs(%o = ...) {
        %s = tensor.extract_slice %x[%i, 0] [%size, 256] [1, 1]
        %t = linalg.generic ... ins(%s) ...
        scf.forall.in_parallel { tensor.parallel_insert_slice %t into %o[%i, 0] ... }
      }
      keel.yield %h
    }
    ```
  }];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::linalg::LinalgDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect", "mlir::arith::ArithDialect"];
}

def MergeLoops : Pass<"merge-loops", "mlir::ModuleOp"> {
  let summary = "makes one parallel loop of neighbouring ones that do not touch each other's results";
  let description = [{
    Works on buffers. The updates of a network's parameters, each a small loop of its own, become one loop whose workers
    meet once.

    ```mlir
    scf.forall (%i) = (0) to (256) step (64) { A }
    scf.forall (%j) = (0) to (10) step (10) { B }
    ```
    becomes
    ```mlir
    scf.forall (%n) in (5) {
      scf.if %n < 4 { A with %i = 64 * %n } else { B with %j = 10 * (%n - 4) }
    }
    ```
  }];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::scf::SCFDialect", "mlir::arith::ArithDialect"];
}

def MergeGenerics : Pass<"merge-generics", "mlir::ModuleOp"> {
  let summary = "makes one sweep of neighbouring linalg.generics over the same elements";
  let description = [{
    Works on buffers, in kernels, before buffers have their places in memory. Two ops of which both go over one buffer,
    element by element, become one op, and what the first yields is not loaded again. Their sums must go over the same loops; what
    one of them writes is touched by the other, if at all, at the same element; and nothing that is slow (a division, a
    function) and known for a whole row may have to be computed for each vector of it instead.

    ```mlir
    linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]}
        ins(%dy) outs(%dx) { mask }
    linalg.generic {indexing_maps = [#each, #column], iterator_types = ["reduction", "parallel"]}
        ins(%dx) outs(%sum) { add }
    ```
    becomes
    ```mlir
    linalg.generic {indexing_maps = [#each, #each, #column], iterator_types = ["reduction", "parallel"]}
        ins(%dy) outs(%dx, %sum) { mask, add }
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect"];
}

def SeparateDestinations : Pass<"separate-destinations", "mlir::ModuleOp"> {
  let summary = "gives every computation in a kernel a start of its own";
  let description = [{
    Two sums that start from one fill would need a copy of it each: after this pass each fills its own. Must not be
    followed by CSE before bufferization, which would share the fills again.

    ```mlir
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>)
    %a = linalg.generic ... outs(%f)
    %b = linalg.generic ... outs(%f)
    ```
    becomes
    ```mlir
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>)
    %a = linalg.generic ... outs(%f)
    %g = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>)
    %b = linalg.generic ... outs(%g)
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect"];
}

#endif
