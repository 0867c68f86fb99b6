// The norm dialect: normalizations and their gradients. See NormOps.td.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

// Upstream's tiling interface generates declarations with unqualified names.
namespace keel::norm {
using mlir::Location;
using mlir::MergeResult;
using mlir::ReductionTilingStrategy;
using mlir::SmallVector;
using mlir::TilingResult;
using mlir::Value;
using mlir::ValueRange;
} // namespace keel::norm

#include "dialect/norm/NormDialect.h.inc"
#include "dialect/norm/NormInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialect/norm/NormOps.h.inc"
