#ifndef KEEL_PASSES_SCHEDULE_PASSES
#define KEEL_PASSES_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

def TileKernels : Pass<"tile-kernels", "mlir::ModuleOp"> {
  let summary = "gives every kernel its loops over row blocks";
  let description = [{
    A kernel's body becomes a sequence of `scf.forall` ops, each over blocks of rows: the main loop, the statistics, the
    normalization and what else belongs to these rows is done while the block is in cache. The boundary between two
    `scf.forall` ops is where rows meet: a sum over the rows leaves one partial result a block, and they are added in the
    order of the blocks, so the result does not depend on who computed which block.

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

#endif
