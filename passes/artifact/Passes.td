#ifndef KEEL_PASSES_ARTIFACT_PASSES
#define KEEL_PASSES_ARTIFACT_PASSES

include "mlir/Pass/PassBase.td"

def ReserveNames : Pass<"reserve-names", "::mlir::ModuleOp"> {
  let summary = "give entries and state symbols that no library has";
  let description = [{
    Math functions become calls of a library's functions, which are declared in
    the model's module, so an entry or a piece of state must not have the name of
    one. The artefact calls them by their names in the model.

    ```mlir
    ml_program.global private mutable @sinf(#keel.init<ones>) : tensor<4xf32>
    func.func @main(%w: memref<4xf32> {keel.state = @sinf})
    ```

    becomes

    ```mlir
    ml_program.global private mutable @state.sinf(#keel.init<ones>) : tensor<4xf32>
    func.func @entry.main(%w: memref<4xf32> {keel.state = @state.sinf})
    ```
  }];
}

def LowerEntries : Pass<"lower-entries", "::mlir::ModuleOp"> {
  let summary = "give entries the artefact's C signature";
  let description = [{
    An entry takes the environment, an array of pointers to its buffers, and the
    batch; its memrefs are rebuilt from them. What the metadata says of the entry
    is kept in an attribute.

    ```mlir
    func.func @entry.forward(%x: memref<?x4xf32>, %y: memref<?x4xf32> {keel.output = 0 : i32})
    ```

    becomes

    ```mlir
    llvm.func internal @entry.forward(%env: !llvm.ptr, %buffers: !llvm.ptr, %batch: i64)
        attributes {keel.entry = {inputs = [tensor<?x4xf32>], outputs = [tensor<?x4xf32>], ...}}
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
