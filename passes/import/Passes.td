#ifndef KEEL_PASSES_IMPORT_PASSES
#define KEEL_PASSES_IMPORT_PASSES

include "mlir/Pass/PassBase.td"

def ImportGraph : Pass<"import-graph", "mlir::ModuleOp"> {
  let summary = "clean up a graph exported by torch-mlir, JAX or others";
  let description = [{
    Strips attributes of unknown dialects (`mhlo.*`, `jax.*`, `torch.*`), inlines helper functions, drops run-time
    assertions, and rewrites into plainer forms: `tensor.gather` into a `linalg.generic` around `tensor.extract`,
    `tensor.scatter` into loops that insert slices,
    `tensor.concat` into `tensor.insert_slice`s, `tensor.splat` and `tensor.generate` into `linalg`, arithmetic on
    tensors into `linalg.generic`, `linalg.pack`, `linalg.unpack` and Winograd transforms into their parts. Unit
    dimensions of computations are folded away, so that a statistic of a row is a `[rows]` array and no `[rows x 1]` one.

    Before:
    ```mlir
    %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (i, j)>], ...}
        ins(%x, %mean : tensor<8x4xf32>, tensor<8x1xf32>) outs(%e : tensor<8x4xf32>) ...
    ```
    After:
    ```mlir
    %m = tensor.collapse_shape %mean [[0, 1]] : tensor<8x1xf32> into tensor<8xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], ...}
        ins(%x, %m : tensor<8x4xf32>, tensor<8xf32>) outs(%e : tensor<8x4xf32>) ...
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect", "mlir::scf::SCFDialect",
                           "mlir::tensor::TensorDialect"];
}

def LowerTensorOps : Pass<"lower-tensor-ops", "mlir::ModuleOp"> {
  let summary = "make linalg.generic of the tensor ops that compute";
  let description = [{
    `tensor.pad` becomes a `linalg.generic` that reads its source where there is one. Tensors that a loop carries are
    materialised in the buffer they came in with. After differentiation, before the fuser.

    Before:
    ```mlir
    %y = tensor.pad %x low[1] high[1] { ^bb0(%i: index): tensor.yield %zero : f32 } : tensor<8xf32> to tensor<10xf32>
    ```
    After:
    ```mlir
    %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%e : tensor<10xf32>) {
    ^bb0(%out: f32):
      %i = linalg.index 0 : index
      ...
      %0 = tensor.extract %x[%clamped] : tensor<8xf32>
      %1 = arith.select %inside, %0, %zero : f32
      linalg.yield %1 : f32
    } -> tensor<10xf32>
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::bufferization::BufferizationDialect",
                           "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

#endif
