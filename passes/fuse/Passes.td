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

def NormalizeGraph : Pass<"normalize-graph", "mlir::ModuleOp"> {
  let summary = "brings every computation into the one form the fuser works on";
  let description = [{
    After this pass the only ops that compute are `linalg.generic`, `norm.moments` and a few `tensor` ops: `norm` ops and
    `linalg.softmax` are decomposed, elementwise `arith` and `math` ops on tensors and all named `linalg` ops become
    `linalg.generic`, broadcasts, transposes and fills are folded into their readers, and CSE lets an op and its gradient
    share what they both compute (the normalized value and its reciprocal standard deviation).

    ```mlir
    %e = linalg.broadcast ins(%b : tensor<4xf32>) outs(%i : tensor<2x4xf32>) dimensions = [0]
    %y = arith.addf %x, %e : tensor<2x4xf32>
    ```
    becomes
    ```mlir
    %y = linalg.generic {indexing_maps = [(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)], ...}
           ins(%x, %b : tensor<2x4xf32>, tensor<4xf32>) outs(%i : tensor<2x4xf32>) { addf }
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect", "mlir::arith::ArithDialect",
                           "mlir::math::MathDialect"];
}

def FlattenGroups : Pass<"flatten-groups", "mlir::ModuleOp"> {
  let summary = "lets loops over groups of columns, and over a group's columns, be one loop over columns";
  let description = [{
    For targets whose kernels run over rows and columns. Where a tensor's columns are split in groups of a power of two, as
    group norm splits them, an op over rows, groups and a group's columns becomes an op over rows and columns, which reads
    what there is one of for each group by the column's number: a `floordiv`. A sum along each group is a sum along the
    columns, into the group's place. Moments of groups become two sums.

    ```mlir
    %s = tensor.expand_shape %x [[0], [1, 2]] output_shape [8, 4, 32] : tensor<8x128xf32> into tensor<8x4x32xf32>
    %y = linalg.generic {indexing_maps = [(d0, d1, d2) -> (d0, d1, d2), (d0, d1, d2) -> (d0, d1), (d0, d1, d2) -> (d0, d1, d2)], ...}
           ins(%s, %m : tensor<8x4x32xf32>, tensor<8x4xf32>) outs(%i : tensor<8x4x32xf32>) { subf }
    %r = tensor.collapse_shape %y [[0], [1, 2]] : tensor<8x4x32xf32> into tensor<8x128xf32>
    ```
    becomes
    ```mlir
    %r = linalg.generic {indexing_maps = [(d0, d1) -> (d0, d1), (d0, d1) -> (d0, d1 floordiv 32), (d0, d1) -> (d0, d1)], ...}
           ins(%x, %m : tensor<8x128xf32>, tensor<8x4xf32>) outs(%j : tensor<8x128xf32>) { subf }
    ```
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect", "mlir::arith::ArithDialect"];
}

def FormKernels : Pass<"form-kernels", "mlir::ModuleOp"> {
  let summary = "groups computations into kernels, each one launch";
  let description = [{
    A kernel is a loop over rows (dimension 0 of the tensors it works on) that holds at most one main loop (a matmul or
    convolution), what prepares its rows, and what is done with the rows it yields: bias, statistics, normalization,
    activation, residual sum, loss, and sums over the rows (the gradients of scale, shift and bias), which are finished
    in the same kernel. Statistics over the rows (batch norm) are finished in the kernel that makes the rows; the kernel
    that reads the normalized rows applies them as it loads. An elementwise value that a later kernel can recompute from
    what it reads anyway is recomputed instead of stored. All updates of state are one kernel.

    A normalization that has the attribute `keel.strategy` is done that way by targets that have a choice:
    `"row-complete"` (its rows in one tile of the matmul that makes them), `"cluster"` (in several, whose blocks are a cluster and
    exchange the rows' sums by shared memory), `"row-block-barrier"` (the same through memory), `"statistics"` (the sums in the
    epilogue of the matmul, the rest by what reads the rows), `"deferred"` (see the pass defer-norm). Rows that are too long for
    it are an error, and `"cluster"` is one on a GPU without them.

    Every decision is a remark of the category `fuse`. With `fuse=false` every computation is a kernel of its own. The
    other options say what a target's kernels can hold. Kernels that are there already stay as they are.
  }];
  let options = [
    Option<"fuse", "fuse", "bool", /*default=*/"true", "Group computations; otherwise one kernel for each">,
    Option<"planar", "planar", "bool", /*default=*/"false", "A kernel's computations run over rows and columns alone">,
    Option<"rowColumns", "row-columns", "int64_t", /*default=*/"0",
           "The longest row that is complete beside a main loop, in elements; 0 for any">,
    Option<"tileColumns", "tile-columns", "int64_t", /*default=*/"0", "The same, in one tile">,
    Option<"clusterColumns", "cluster-columns", "int64_t", /*default=*/"0", "The same, in the tiles of a cluster of blocks">,
    Option<"operandReuse", "operand-reuse", "int64_t", /*default=*/"0",
           "Where a planar kernel's main loop alone reads a value, and no more columns (or rows) of the product than these "
           "use it, it computes the value as it loads">,
    Option<"preparedWork", "prepared-work", "int64_t", /*default=*/"0",
           "Multiplications beyond which a product takes its operands from memory all the same, where its columns are not few; 0: any">,
    Option<"batch", "batch", "int64_t", /*default=*/"128", "The extent that prepared-work takes a dynamic one for">];
  let dependentDialects = ["keel::KeelDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

#endif
