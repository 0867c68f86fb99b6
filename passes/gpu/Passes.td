#ifndef KEEL_PASSES_GPU_PASSES
#define KEEL_PASSES_GPU_PASSES

include "mlir/Pass/PassBase.td"

def ChooseStrategy : Pass<"choose-strategy", "::mlir::ModuleOp"> {
  let summary = "choose how normalizations of a matrix product's rows are done";
  let description = [{
    For each layer and RMS norm of a matrix product's rows, the cost model estimates the strategies that are possible: rows
    complete in a tile of the product, in those of a cluster of blocks, or in those of blocks that wait for each other; the
    rows' sums in the product, and the rest by whoever reads the rows; or deferred (see the pass defer-norm). Forward, and,
    in @loss of a network that is trained, backward; its other entries defer nothing. Where one of the last two is faster by more than a tenth, the
    normalization gets the attribute `keel.strategy`, as its author may give it. A remark of the category `gpu` gives the
    times.

    ```mlir
    %h = linalg.matmul ins(%x, %v : tensor<?x4xf32>, tensor<4x1024xf32>) outs(%zeros : tensor<?x1024xf32>) -> tensor<?x1024xf32>
    %y = norm.rms_norm %h axes = [1] : tensor<?x1024xf32>
    %z = linalg.matmul ins(%y, %w : tensor<?x1024xf32>, tensor<1024x8xf32>) outs(%bias : tensor<?x8xf32>) -> tensor<?x8xf32>
    ```

    becomes

    ```mlir
    %y = norm.rms_norm %h axes = [1] {keel.strategy = "deferred"} : tensor<?x1024xf32>
    ```
  }];
  let options = [Option<"batch", "batch", "int64_t", "128", "the most rows of a call where their number is dynamic">,
                 Option<"sm", "sm", "unsigned", "80", "compute capability of the GPU whose times are estimated">,
                 Option<"precision", "precision", "std::string", "\"f32\"", "what matmuls read: f32, tf32, bf16 or f16">,
                 Option<"isTrained", "trained", "bool", "false", "the gradient of @loss is computed">,
                 Option<"tileColumns", "tile-columns", "int64_t", "256", "the longest row that a tile holds">,
                 Option<"clusterColumns", "cluster-columns", "int64_t", "0", "that a cluster's tiles hold">,
                 Option<"rowColumns", "row-columns", "int64_t", "4096", "that blocks which wait for each other hold">,
                 Option<"operandReuse", "operand-reuse", "int64_t", "1024",
                        "the widest product that computes an operand as it loads">];
}

def ConstantsToState : Pass<"constants-to-state", "::mlir::ModuleOp"> {
  let summary = "keep the tables that kernels read in the device's memory";
  let description = [{
    A constant tensor that is left outside of kernels becomes private state of the role "derived", which starts with the
    constant's data.

    ```mlir
    %table = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```

    becomes

    ```mlir
    ml_program.global private mutable @keel.table(dense<[1.0, 2.0]> : tensor<2xf32>) : tensor<2xf32> {keel.role = "derived"}
    ...
    %table = ml_program.global_load @keel.table : tensor<2xf32>
    ```
  }];
  let dependentDialects = ["::mlir::ml_program::MLProgramDialect"];
}

def ReadNumbers : Pass<"read-numbers", "::mlir::ModuleOp"> {
  let summary = "let kernels read the numbers they need from the device's memory";
  let description = [{
    A number that a kernel gets, made of elements of tensors, is computed in the kernel: the host would have to wait for the
    device. A tensor of given numbers is written by a kernel, too.

    ```mlir
    %n = tensor.extract %t[] : tensor<f32>
    keel.kernel "k" ins(%a = %n : f32) ...
    ```

    becomes

    ```mlir
    keel.kernel "k" ins(%b = %t : tensor<f32>) ... {
      %a = tensor.extract %b[] : tensor<f32>
      ...
    ```
  }];
  let dependentDialects = ["::keel::KeelDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def SplitKernels : Pass<"split-kernels", "mlir::ModuleOp"> {
  let summary = "takes kernels apart that no GPU kernel can hold";
  let description = [{
    A GPU kernel's computations run over rows and columns (and the depth of one main loop). A kernel whose computations do
    not share them is replaced by its computations, for `--form-kernels=fuse=false` to make a kernel of each; a remark of
    the category `gpu` says why. Statistics within a row become two sums, and so does a sum over rows and columns at once.
  }];
  let dependentDialects = ["mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect", "keel::KeelDialect"];
}

def GenerateGpu : Pass<"generate-gpu", "mlir::ModuleOp"> {
  let summary = "makes device code of kernels";
  let description = [{
    Every `keel.kernel` becomes a `keel.launch` and a function of the `gpu.module` `@device`. Counters and words that
    launches keep for themselves from one to the next are two pieces of derived state. On a kernel, `keel.tile = array<i64:
    128, 256>` forces the rows and columns of its main loop's tile, and `keel.splits = 4` how many blocks share a tile of
    mma.sync, each with a part of the depth. On a kernel or the module, `keel.pingpong = 132` has the two groups of threads of
    a wgmma kernel take 128 x 128 tiles in turn, in so many blocks at most, and `keel.pingpong = 0` neither.
    `keel.loop = "wgmma"` or `"mma.sync"` on a kernel, or the option `loop` for all, is the main loop of a product that both
    take; else it is wgmma, or mma.sync where that is expected to take a tenth less time. `keel.narrow = 1 : i64` on a
    kernel, or its name among the pass's options, halves how much of a tile a thread may hold, 2 halves it again;
    keel-compile asks for that where ptxas would spill registers.
  }];
  let options = [Option<"batch", "batch", "int64_t", "128", "the most rows of a call where their number is dynamic">,
                 Option<"sm", "sm", "unsigned", "80", "compute capability of the GPU whose times are estimated">,
                 Option<"wgmma", "wgmma", "bool", "false", "the target has wgmma and the copy engine (sm_90a)">,
                 Option<"loop", "loop", "std::string", "",
                        "wgmma or mma.sync for products that both take; else what the cost model expects to be faster">,
                 ListOption<"narrow", "narrow", "std::string",
                            "kernels that spill registers, once for each time that their tile is to be smaller">];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::gpu::GPUDialect", "mlir::LLVM::LLVMDialect",
                           "mlir::NVVM::NVVMDialect", "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect",
                           "mlir::ml_program::MLProgramDialect", "mlir::vector::VectorDialect", "keel::KeelDialect"];
}

def LowerDevice : Pass<"lower-device", "::mlir::gpu::GPUModuleOp"> {
  let summary = "lower the kernels of a gpu.module to the LLVM and NVVM dialects";
  let description = [{
    Loops are expected to be branches already (`--convert-scf-to-cf`). Math
    functions that an instruction computes exactly rounded become LLVM's, the
    others calls of libdevice (`__nv_expf`), of its fast variant where the op is
    marked `afn`. Threads a block (`keel.threads`) become the kernel's bound that
    ptxas sees. A location of several places becomes the first: a line table has
    one place for each instruction.

    ```mlir
    gpu.module @device {
      llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, ...} {
        %t = gpu.thread_id x
        %i = arith.index_cast %t : index to i64
        ...
    ```

    becomes

    ```mlir
    gpu.module @device {
      llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 128>, ...} {
        %t = nvvm.read.ptx.sreg.tid.x range <i32, 0, 1024> : i32
        %i = llvm.sext %t : i32 to i64
        ...
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::vector::VectorDialect"];
}

def AssembleDevice : Pass<"assemble-device", "::mlir::ModuleOp"> {
  let summary = "assemble the kernels of a module's gpu.modules with ptxas, and say what they need";
  let description = [{
    Expects the LLVM and NVVM dialects (`--lower-device`). Each kernel gets what
    ptxas says of it; one that spills registers, or that calls what libdevice
    lacks, is an error.

    ```mlir
    llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, ...}
    ```

    becomes

    ```mlir
    llvm.func @k(%y: !llvm.ptr<1>) attributes {keel.resources = {registers = 10 : i32, shared = 0 : i32, stack = 0 : i32}, nvvm.kernel, ...}
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"sm_80\"", "the GPU: sm_80, sm_90a, ...">,
    Option<"print", "print", "std::string", "\"\"", "also print the code: llvm or ptx">];
}

def LaunchCopies : Pass<"launch-copies", "::mlir::ModuleOp"> {
  let summary = "turn copies between buffers of the device into launches";
  let description = [{
    Bufferization leaves a `keel.kernel` for each copy that it could not avoid.
    It becomes a launch of a generated kernel: 16 bytes a thread where the
    size allows it.

    ```mlir
    keel.kernel "copy" ins(%a = %x : memref<?x4xf32>) outs(%b = %y : memref<?x4xf32>) {
      linalg.generic ... // %b = %a
      keel.yield
    }
    ```

    becomes

    ```mlir
    keel.launch @device::@copy blocks(%n) ins(%x : memref<?x4xf32>) outs(%y : memref<?x4xf32>)
    ```
  }];
  let dependentDialects = ["::keel::KeelDialect", "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def OverlapLaunches : Pass<"overlap-launches", "::mlir::gpu::GPUModuleOp"> {
  let summary = "let kernels start before the one ahead of them has ended";
  let description = [{
    Programmatic dependent launch, from sm_90 on. Each kernel lets those behind it
    start as soon as all of its blocks have, and waits, before it first uses
    global memory, until the one ahead of it has ended: what comes before that
    (numbers, addresses, barriers in shared memory) costs no time, nor does the
    launch. A kernel that is marked already is left as it is.

    ```mlir
    gpu.module @device {
      llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, ...} {
        ...
        llvm.store %v, %y
    ```

    becomes

    ```mlir
    gpu.module @device {
      llvm.func @k(%y: !llvm.ptr<1>) attributes {nvvm.kernel, keel.threads = 128 : i32, keel.waits, ...} {
        llvm.inline_asm has_side_effects "griddepcontrol.launch_dependents;", "~{memory}"
        ...
        llvm.inline_asm has_side_effects "griddepcontrol.wait;", "~{memory}"
        llvm.store %v, %y
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def LowerLaunches : Pass<"lower-launches", "::mlir::ModuleOp"> {
  let summary = "turn launches into calls of the runtime";
  let description = [{
    Runs after `--lower-entries`. The words that the kernel's parameters stand
    for are stored on the host's stack, and `keel_env::launch` is called with
    them. What is left of an entry computes addresses and extents; an op that
    would touch a buffer is an error, because buffers are the device's.

    ```mlir
    keel.launch @device::@relu blocks(%n) ins(%x : memref<?x4xf32>) outs(%y : memref<?x4xf32>)
    ```

    becomes

    ```mlir
    llvm.store %x_address, %arguments[0]
    llvm.store %y_address, %arguments[1]
    llvm.store %x_rows, %arguments[2]
    llvm.store %y_rows, %arguments[3]
    llvm.call %launch(%env, %kernel, %n, %arguments)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

#endif
