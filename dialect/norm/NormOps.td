//===- The norm dialect: what is normalized -------------------------------===//
#ifndef KEEL_DIALECT_NORM_NORMOPS
#define KEEL_DIALECT_NORM_NORMOPS

include "dialect/norm/NormInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Norm_Dialect : Dialect {
  let name = "norm";
  let cppNamespace = "::keel::norm";
  let summary = "normalizations, their gradients and what goes with them";
}

#endif
