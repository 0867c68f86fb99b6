#ifndef KEEL_PASSES_CPU_PASSES
#define KEEL_PASSES_CPU_PASSES

include "mlir/Pass/PassBase.td"

def LowerContractions : Pass<"lower-contractions"> {
  let summary = "lower contractions on memrefs to loops over register tiles";
  let description = [{
    Every linalg op on memrefs that is a contraction (matmul in any layout, with
    batch loops, matrix times vector, dot product, convolution without strides
    along its columns) becomes `scf.for` loops around a tile of vectors that stay
    in registers over the whole of k: `vector.load`s of B, broadcasts of A,
    `vector.fma`. Any size; the last columns are masked, the last rows get a
    smaller tile.

    B may be packed in panels: `(m, n, k) -> (n floordiv P, k, n mod P)`, zero
    padded. Elements narrower than f32 are multiplied and added in f32. A fill or
    broadcast that writes C just before becomes the tile's first value. Other ops
    (integers, a body that is no multiply-add, C without a contiguous loop) stay.

    ```mlir
    linalg.generic {
        indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<2x64xf32>, memref<64x16xf32>) outs(%c : memref<2x16xf32>) { ... }
    // becomes
    %c0 = vector.load %c[0, 0] : memref<2x16xf32>, vector<16xf32>
    %c1 = vector.load %c[1, 0] : memref<2x16xf32>, vector<16xf32>
    %s:2 = scf.for %k = 0 to 64 step 1 iter_args(%x = %c0, %y = %c1) -> (vector<16xf32>, vector<16xf32>) {
      %bk = vector.load %b[%k, 0] : memref<64x16xf32>, vector<16xf32>
      ...
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512", "width of the target's vector registers">,
    Option<"registers", "registers", "int64_t", "32", "number of the target's vector registers">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect", "mlir::math::MathDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"];
}

def VectorizeLinalg : Pass<"vectorize-linalg"> {
  let summary = "Lower linalg ops on buffers to loops over vectors";
  let description = [{
    Each linalg op becomes an `scf.for` nest: dimensions that are contiguous in every operand merge, one dimension is
    vectorised (the contiguous one of the results; or the contiguous one of a reduction over rows, then with several
    accumulators that are combined by a fixed tree), sums stay in registers over the loops they run over, loads are
    hoisted to the outermost loop that knows their address, the last elements are masked. Loads in the body (gathers)
    are contiguous where the last index is the loop's, else gathers. A body that has no vector form becomes scalar
    loops. The order of a sum depends on the sizes alone.

    Before:
    ```mlir
    linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%x : memref<64xf32>) outs(%y : memref<64xf32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.addf %a, %a : f32
      linalg.yield %0 : f32
    }
    ```
    After:
    ```mlir
    scf.for %i = %c0 to %c64 step %c16 {
      %0 = vector.load %flat_x[%i] : memref<?xf32, strided<[1], offset: ?>>, vector<16xf32>
      %1 = arith.addf %0, %0 : vector<16xf32>
      vector.store %1, %flat_y[%i] : memref<?xf32, strided<[1], offset: ?>>, vector<16xf32>
    }
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "unsigned", "512", "width of a vector register">,
    Option<"registers", "registers", "unsigned", "32", "number of vector registers">];
  let dependentDialects = ["mlir::affine::AffineDialect", "mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect",
                           "mlir::math::MathDialect", "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect",
                           "mlir::vector::VectorDialect"];
}

def ExpandMath : Pass<"expand-math", "mlir::ModuleOp"> {
  let summary = "Expand exp, log, tanh, erf, ... into arithmetic";
  let description = [{
    Functions of f32, on scalars and on vectors of any length alike, become polynomials of fused multiply-adds that are
    right to 3 units in the last place, exp, log and erf to one (NaN, infinities and subnormal results included): exp,
    exp2, expm1, log, log2, log10, log1p, tanh, erf; rsqrt is one over the square root; powers with a constant exponent of a few are
    products or roots. bf16 and f16 functions are computed in f32, bf16 arithmetic too; f64 is rounded to them by way of f32, once. f64
    functions and the rest call the C library. What is left in `math` has an instruction.

    Before:
    ```mlir
    %y = math.rsqrt %x : vector<16xf32>
    ```
    After:
    ```mlir
    %one = arith.constant dense<1.0> : vector<16xf32>
    %root = math.sqrt %x : vector<16xf32>
    %y = arith.divf %one, %root : vector<16xf32>
    ```
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::func::FuncDialect", "mlir::math::MathDialect",
                           "mlir::vector::VectorDialect"];
}

def OutlineParallel : Pass<"outline-parallel", "::mlir::ModuleOp"> {
  let summary = "turn the parallel loops of kernels into functions that workers call";
  let description = [{
    Each `scf.forall` of a kernel becomes a function over a range of its
    iterations; the entry calls it through `keel_env::parallel`. Loops and vector
    code of a kernel outside them run as a loop of one iteration. What the code
    uses from outside travels in a struct: a memref as its pointer and its
    dynamic extents.

    ```mlir
    keel.kernel "scale" outs(%o = %y : memref<?x4xf32>) {
      scf.forall (%i) = (0) to (%n) step (4) { ... %o ... }
      keel.yield
    }
    ```

    becomes

    ```mlir
    llvm.func internal @forward.scale(%captured: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) {
      %o = ... // from %captured
      scf.for %n = %begin to %end step %c1 { ... }
    }
    // in the entry:
    llvm.call %parallel(%env, %kernel, %scale, %captured, %count)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def MaskBFloat16 : Pass<"mask-bfloat16"> {
  let summary = "load and store masked bf16 vectors as integers";
  let description = [{
    x86 without bf16 arithmetic takes a masked load or store of bf16 apart, element by element, by way of f32 and a library
    call. As integers they stay moves.

    ```mlir
    llvm.intr.masked.store %value, %to, %mask {alignment = 2 : i32} : vector<8xbf16>, vector<8xi1> into !llvm.ptr
    ```
    becomes
    ```mlir
    %bits = llvm.bitcast %value : vector<8xbf16> to vector<8xi16>
    llvm.intr.masked.store %bits, %to, %mask {alignment = 2 : i32} : vector<8xi16>, vector<8xi1> into !llvm.ptr
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
