#ifndef KEEL_PASSES_ARTIFACT_PASSES
#define KEEL_PASSES_ARTIFACT_PASSES

include "mlir/Pass/PassBase.td"

def LowerEntries : Pass<"lower-entries", "::mlir::ModuleOp"> {
  let summary = "give entries the artefact's C signature";
  let description = [{
    An entry takes the environment, an array of pointers to its buffers, and the
    batch; its memrefs are rebuilt from them. What the metadata says of the entry
    is kept in an attribute.

    ```mlir
    func.func @forward(%x: memref<?x4xf32>, %y: memref<?x4xf32> {keel.output = 0 : i32})
    ```

    becomes

    ```mlir
    llvm.func internal @forward(%env: !llvm.ptr, %buffers: !llvm.ptr, %batch: i64)
        attributes {keel.entry = {inputs = [tensor<?x4xf32>], outputs = [tensor<?x4xf32>], ...}}
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
