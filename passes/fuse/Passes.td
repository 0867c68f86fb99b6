#ifndef KEEL_PASSES_FUSE_PASSES
#define KEEL_PASSES_FUSE_PASSES

include "mlir/Pass/PassBase.td"

def DecomposeNorm : Pass<"decompose-norm"> {
  let summary = "replace norm ops by linalg";
  let description = [{
    Replaces every op that can decompose itself, under the pass's root, by its
    decomposition: `linalg.generic`, `tensor`, `arith`, `math`, and `norm.moments`
    unless `keep-moments=false`. It is the reference semantics of the norm ops.
    An op and its gradient build the same ops for the same quantity; run `--cse`
    afterwards to share them.

    ```mlir
    %y = norm.rms_norm %x axes = [1] : tensor<?x4xf32>
    ```

    becomes a sum of squares, its reciprocal square root, and a product, each one
    `linalg.generic`.
  }];
  let options = [
    Option<"keepMoments", "keep-moments", "bool", "true", "leave norm.moments to the target">
  ];
  let dependentDialects = ["norm::NormDialect"];
}

#endif
