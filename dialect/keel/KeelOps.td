//===- The keel dialect: how a network runs -------------------------------===//
#ifndef KEEL_DIALECT_KEEL_KEELOPS
#define KEEL_DIALECT_KEEL_KEELOPS

include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Keel_Dialect : Dialect {
  let name = "keel";
  let cppNamespace = "::keel";
  let summary = "how a network runs: kernels, their mapping, state initializers";
  let description = [{
    `norm` says what is computed, `keel` how it runs. A `keel.kernel` is one
    launch; `#keel.init` says how a piece of state starts.
  }];
  let useDefaultAttributePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// State initializers
//===----------------------------------------------------------------------===//

def Keel_InitKind : I32EnumAttr<"InitKind", "distribution of a state initializer", [
  I32EnumAttrCase<"Zeros", 1, "zeros">,
  I32EnumAttrCase<"Ones", 2, "ones">,
  I32EnumAttrCase<"Constant", 3, "constant">,
  I32EnumAttrCase<"Uniform", 4, "uniform">,
  I32EnumAttrCase<"Normal", 5, "normal">,
  I32EnumAttrCase<"KaimingUniform", 6, "kaiming_uniform">,
  I32EnumAttrCase<"KaimingNormal", 7, "kaiming_normal">,
  I32EnumAttrCase<"XavierUniform", 8, "xavier_uniform">,
  I32EnumAttrCase<"XavierNormal", 9, "xavier_normal">,
  I32EnumAttrCase<"Orthogonal", 10, "orthogonal">]> {
  let cppNamespace = "::keel";
  let genSpecializedAttr = 0;
}

def Keel_InitAttr : AttrDef<Keel_Dialect, "Init"> {
  let mnemonic = "init";
  let summary = "initializer of a piece of state";
  let description = [{
    The value attribute of an `ml_program.global`. The random stream is keyed by
    (seed, name of the global), so a tensor's initial value does not depend on
    which others exist.

    | kind | options | value |
    |---|---|---|
    | `zeros`, `ones` | | |
    | `constant` | `value` | |
    | `uniform` | `low` = 0, `high` = 1 | U(low, high) |
    | `normal` | `mean` = 0, `std` = 1 | N(mean, std²) |
    | `kaiming_uniform` | `fan_in`, `gain` = √2 | U(±gain·√(3 / fan_in)) |
    | `kaiming_normal` | `fan_in`, `gain` = √2 | N(0, gain² / fan_in) |
    | `xavier_uniform` | `fan_in`, `fan_out`, `gain` = 1 | U(±gain·√(6 / (fan_in + fan_out))) |
    | `xavier_normal` | `fan_in`, `fan_out`, `gain` = 1 | N(0, 2·gain² / (fan_in + fan_out)) |
    | `orthogonal` | `gain` = 1 | gain times a matrix with orthonormal rows or columns, whichever are fewer |

    Kaiming: He et al. 2015, arXiv 1502.01852. Xavier: Glorot and Bengio 2010.
    Orthogonal: Saxe et al. 2013, arXiv 1312.6120.

    ```mlir
    ml_program.global public mutable @w(#keel.init<kaiming_uniform, fan_in = 64 : i64>) : tensor<64x256xf32>
    ```
  }];
  let parameters = (ins "::keel::InitKind":$kind, "::mlir::DictionaryAttr":$options);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

def Keel_TensorMapAttr : AttrDef<Keel_Dialect, "TensorMap"> {
  let mnemonic = "tensor_map";
  let summary = "a matrix as the copy engine (TMA) moves boxes of it";
  let description = [{
    Of the launch's operand of that number, a matrix of f32 or 16-bit elements: boxes of
    `rows` by `columns` elements, which lie in shared memory as rows of 32, 64 or
    128 bytes, swizzled over as many (PTX ISA 5.5.7). What lies outside of the
    matrix is read as zero and not written. The driver encodes such a map for
    each launch, as the matrix' address and extents are known only there.

    ```mlir
    #keel.tensor_map<operand = 0, box = [128, 64]>
    ```
  }];
  let parameters = (ins "unsigned":$operand, "int64_t":$rows, "int64_t":$columns);
  let assemblyFormat = "`<` `operand` `=` $operand `,` `box` `=` `[` $rows `,` $columns `]` `>`";
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def Keel_KernelOp : Op<Keel_Dialect, "kernel", [
    IsolatedFromAbove, AttrSizedOperandSegments, SingleBlock,
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<BufferizableOpInterface, [
      "bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
      "bufferize", "isWritable", "getBufferType"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "one launch on the device";
  let description = [{
    Computes `results` from `inputs` in one launch, in destination style: result
    i is written into the buffer of `inits[i]`. The body is isolated; its block
    arguments are the inputs followed by the inits. Before scheduling the body
    holds `linalg` and `norm.moments` ops on whole tensors; after it, `scf.forall`
    ops over tiles; after bufferization the operands are memrefs with the
    identity layout and there are no results.

    `name` names the kernel in traces, `--explain` and error messages.

    ```mlir
    %y = keel.kernel "relu" ins(%a = %x : tensor<?x4xf32>) outs(%o = %e : tensor<?x4xf32>) {
      %r = linalg.generic ... ins(%a : tensor<?x4xf32>) outs(%o : tensor<?x4xf32>) ...
      keel.yield %r : tensor<?x4xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyType>:$inputs, Variadic<AnyType>:$inits);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    // The results' types are those of the tensor inits. Creates the block and its arguments, no terminator.
    OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::ValueRange":$inputs, "::mlir::ValueRange":$inits)>];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    ::mlir::Block *getBlock() { return &getBody().front(); }
    /// The block arguments that stand for the inputs, and for the inits.
    ::mlir::Block::BlockArgListType getInputArguments() { return getBlock()->getArguments().take_front(getInputs().size()); }
    ::mlir::Block::BlockArgListType getInitArguments() { return getBlock()->getArguments().drop_front(getInputs().size()); }
  }];
}

def Keel_YieldOp : Op<Keel_Dialect, "yield", [
    Terminator, Pure, HasParent<"KernelOp">,
    DeclareOpInterfaceMethods<BufferizableOpInterface, [
      "bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
      "bufferize", "mustBufferizeInPlace"]>]> {
  let summary = "ends a kernel's body with its results";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

//===----------------------------------------------------------------------===//
// Device code
//===----------------------------------------------------------------------===//

def Keel_LaunchOp : Op<Keel_Dialect, "launch", [
    AttrSizedOperandSegments, DestinationStyleOpInterface, InferTypeOpAdaptor,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface, [
      "bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues", "bufferize"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "one launch of a kernel that is device code already";
  let description = [{
    What a `keel.kernel` becomes when a GPU's code has been generated for it:
    `blocks` blocks of a kernel in a `gpu.module`, in destination style. Results
    are written into the buffers of the inits, which the kernel may read, too.
    After bufferization the operands are memrefs with the identity layout, and
    there are no results.

    The kernel is an `llvm.func` marked `nvvm.kernel` and
    - `keel.threads` (i32): threads a block, a multiple of 32 up to 1024;
    - `keel.shared_bytes` (i32): bytes of dynamic shared memory;
    - `keel.cluster` (i32, optional): blocks a cluster; `blocks` is a multiple;
    - `keel.tensor_maps` (array of `#keel.tensor_map`, optional);
    - `keel.waits` (unit, optional): it waits itself for the kernel before it to
      end (`griddepcontrol.wait`), so it may be launched before that;
    - `keel.schedule` (string, optional): one line that says how it runs.

    Its parameters are, for each operand (inputs, then inits), `!llvm.ptr<1>` for
    a tensor or memref, `i64` for an integer or index, the type itself for a
    float; then an `i64` for each dynamic extent of the tensors and memrefs, in
    the same order; then an `!llvm.ptr` for each tensor map, passed by value.

    ```mlir
    gpu.module @device {
      llvm.func @relu(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %rows_x: i64, %rows_y: i64)
          attributes {nvvm.kernel, keel.threads = 128 : i32, keel.shared_bytes = 0 : i32} { ... }
    }
    %y = keel.launch @device::@relu blocks(%n) ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>)
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Index:$blocks, Variadic<AnyType>:$inputs, Variadic<AnyType>:$inits);
  let results = (outs Variadic<AnyType>:$results);
  let assemblyFormat = [{
    $kernel `blocks` `(` $blocks `)` (`ins` `(` $inputs^ `:` type($inputs) `)`)? `outs` `(` $inits `:` type($inits) `)`
    attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitsMutable(); }
    /// The tensors, memrefs and scalars that the kernel's parameters stand for, inputs first.
    ::mlir::OperandRange getKernelOperands() { return getOperands().drop_front(); }
  }];
}

#endif
