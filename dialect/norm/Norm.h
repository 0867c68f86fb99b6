// The norm dialect: normalizations and their gradients. See NormOps.td.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/norm/NormDialect.h.inc"
#include "dialect/norm/NormInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialect/norm/NormOps.h.inc"
