#ifndef KEEL_PASSES_HOST_PASSES
#define KEEL_PASSES_HOST_PASSES

include "mlir/Pass/PassBase.td"

def VerifyModel : Pass<"verify-model", "::mlir::ModuleOp"> {
  let summary = "check state initializers, the types of entries, and strategies of normalizations";
  let description = [{
    Upstream accepts an `ml_program.global` whose initializer has another type
    than the global, and entries whose inner dimensions are dynamic. This pass
    refuses them with an error that says what was found and what was expected:

    ```mlir
    // error: global @w of type 'tensor<4x8xf32>' has an initializer of type 'tensor<2xf32>'
    ml_program.global public mutable @w(dense<1.0> : tensor<2xf32>) : tensor<4x8xf32>
    ```

    So is a `keel.strategy` (see the pass form-kernels) that the normalization has no form of: "statistics" and "deferred" on group norm,
    any on batch norm.
  }];
}

def SelectEntries : Pass<"select-entries", "::mlir::ModuleOp"> {
  let summary = "make the functions that are no entries private, so that they can be inlined and dropped";
  let description = [{
    The entries are @forward, @loss, @train_step and @prepare; in a module that
    has none of them, every public function.

    ```mlir
    func.func @block(%x: tensor<4xf32>) -> tensor<4xf32>
    func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32>
    ```

    becomes

    ```mlir
    func.func private @block(%x: tensor<4xf32>) -> tensor<4xf32>
    func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
}

def MarkSplittable : Pass<"mark-splittable", "mlir::ModuleOp"> {
  let summary = "marks entries that may be called with a part of the batch at a time";
  let description = [{
    An entry whose every result has the batch as its leading dimension, and row i of which depends on row i of the
    arguments alone, gets the attribute `keel.splittable`: the runtime does a batch that is larger than the entry's
    capacity in parts. A sum over the batch, its extent as a number, the position in it or a store to state stand in the
    way. Comes after `--normalize-graph`.

    ```mlir
    func.func @forward(%x: tensor<?x4xf32>) -> tensor<?x4xf32> { ... each row by itself ... }
    ```
    becomes
    ```mlir
    func.func @forward(%x: tensor<?x4xf32>) -> tensor<?x4xf32> attributes {keel.splittable} { ... }
    ```
  }];
}

def HoistDerivedState : Pass<"hoist-derived-state", "::mlir::ModuleOp"> {
  let summary = "compute what depends on state alone once for each change of the state";
  let description = [{
    A value that an entry computes from weights and running statistics alone
    (centred, folded, packed weights) becomes a private global of the role
    "derived". @prepare computes it; a function that stores what it derives from
    computes it anew after the store. Entries that compute the same value share it.

    ```mlir
    func.func @forward(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
      %w = ml_program.global_load @w : tensor<4x4xf32>
      %c = norm.center %w axes = [1] : tensor<4x4xf32>
      ... %c ...
    ```

    becomes

    ```mlir
    ml_program.global private mutable @w.derived(#keel.init<zeros>) : tensor<4x4xf32> {keel.role = "derived"}
    func.func @forward(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
      %c = ml_program.global_load @w.derived : tensor<4x4xf32>
      ... %c ...
    func.func @prepare() {
      %w = ml_program.global_load @w : tensor<4x4xf32>
      %c = norm.center %w axes = [1] : tensor<4x4xf32>
      ml_program.global_store @w.derived = %c : tensor<4x4xf32>
      return
    }
    ```
  }];
  let dependentDialects = ["::keel::KeelDialect", "::mlir::func::FuncDialect", "::mlir::ml_program::MLProgramDialect"];
}

def StateToArguments : Pass<"state-to-arguments", "::mlir::ModuleOp"> {
  let summary = "turn the globals an entry uses into leading arguments and results";
  let description = [{
    Loads of `ml_program.global` become arguments, in the module's order of
    globals, marked `keel.state`; the last stored value of each becomes a leading
    result with the same mark. A load after a store sees the stored value. Scalars
    at the boundary become tensors of rank 0.

    ```mlir
    func.func @step(%g: tensor<4xf32>) {
      %w = ml_program.global_load @w : tensor<4xf32>
      %n = linalg.sub ins(%w, %g : tensor<4xf32>, tensor<4xf32>) outs(%w : tensor<4xf32>) -> tensor<4xf32>
      ml_program.global_store @w = %n : tensor<4xf32>
      return
    }
    ```

    becomes

    ```mlir
    func.func @step(%w: tensor<4xf32> {bufferization.writable = true, keel.access = 3 : i32, keel.state = @w},
                    %g: tensor<4xf32> {bufferization.writable = false}) -> (tensor<4xf32> {keel.state = @w}) {
      %n = linalg.sub ins(%w, %g : tensor<4xf32>, tensor<4xf32>) outs(%w : tensor<4xf32>) -> tensor<4xf32>
      return %n : tensor<4xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::tensor::TensorDialect"];
}

def Bufferize : Pass<"bufferize", "::mlir::ModuleOp"> {
  let summary = "bufferize the whole module; results go to arguments";
  let description = [{
    Each result gets an argument that receives it (`keel.output`), state is
    updated in place, and what an op computes is written where it is needed
    (empty tensor elimination). Copies that remain at the host level become
    kernels.

    ```mlir
    func.func @step(%w: tensor<4xf32> {bufferization.writable = true, keel.state = @w}, %g: tensor<4xf32>)
        -> (tensor<4xf32> {keel.state = @w})
    func.func @forward(%x: tensor<?x4xf32>) -> tensor<?x4xf32>
    ```

    becomes

    ```mlir
    func.func @step(%w: memref<4xf32> {keel.state = @w}, %g: memref<4xf32>)
    func.func @forward(%x: memref<?x4xf32>, %y: memref<?x4xf32> {keel.output = 0 : i32})
    ```
  }];
  let dependentDialects = ["::keel::KeelDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
}

def PlanMemory : Pass<"plan-memory", "::mlir::ModuleOp"> {
  let summary = "place every buffer of an entry in one arena";
  let description = [{
    Every `memref.alloc` at the host level or in a kernel becomes a view of one
    arena argument; buffers whose lifetimes do not meet share memory. Sizes are
    those of the largest batch. An allocation inside a parallel loop belongs to one
    worker: it is marked with its offset in the worker's scratch memory. The bytes
    of both are recorded on the function. Running it again places what later
    passes allocated.

    ```mlir
    func.func @f(%x: memref<?x4xf32>) {
      %a = memref.alloc(%batch) : memref<?x4xf32>
    ```

    becomes, with `batch=128`,

    ```mlir
    func.func @f(%x: memref<?x4xf32>, %arena: memref<?xi8> {keel.arena})
        attributes {keel.arena_bytes = 2048 : i64, keel.batch_capacity = 128 : i64, keel.scratch_bytes = 0 : i64} {
      %a = memref.view %arena[%c0][%batch] : memref<?xi8> to memref<?x4xf32>
    ```
  }];
  let options = [Option<"batch", "batch", "int64_t", "128", "the largest batch of one call">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

#endif
