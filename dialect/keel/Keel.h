// The keel dialect: kernels, state initializers. See KeelOps.td.
#pragma once

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/keel/KeelDialect.h.inc"
#include "dialect/keel/KeelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/keel/KeelAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialect/keel/KeelOps.h.inc"
