//===- The norm dialect, and what its ops have in common ------------------===//
#ifndef KEEL_DIALECT_NORM_NORMBASE
#define KEEL_DIALECT_NORM_NORMBASE

include "dialect/norm/NormInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"

def Norm_Dialect : Dialect {
  let name = "norm";
  let cppNamespace = "::keel::norm";
  let summary = "normalizations, their gradients and what goes with them";
  let description = [{
    What the user writes and what importers raise to. The ops work on values:
    ranked tensors in, new tensors out. Elements are f16, bf16, f32 or f64;
    statistics and sums accumulate in f32, in f64 for f64 input ("the
    accumulation type"). Scale, shift and running statistics have the input's
    element type or the accumulation type.

    Every op can decompose itself into `linalg` (`--decompose-norm`): that is its
    reference semantics. An op and its gradient build the same ops for the
    quantities they share, so CSE makes one of them.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"];
}

def Norm_Tensor : RankedTensorOf<[F16, BF16, F32, F64]>;
def Norm_Targets : RankedTensorOf<[I32, I64, F16, BF16, F32, F64]>;
def Norm_Counter : 0DTensorOf<[I32, I64]>;
def Norm_Epsilon : DefaultValuedAttr<F64Attr, "1.0e-5">;
def Norm_Channel : DefaultValuedAttr<I64Attr, "1">;

class Norm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Norm_Dialect, mnemonic, !listconcat(traits, [Pure, DeclareOpInterfaceMethods<Norm_DecomposableOpInterface>])> {
  let hasVerifier = 1;
}

class Norm_ForwardOp<string mnemonic, list<Trait> traits = []>
    : Norm_Op<mnemonic, !listconcat(traits, [DeclareOpInterfaceMethods<Norm_DifferentiableOpInterface>])>;

#endif
