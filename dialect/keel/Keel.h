// The keel dialect: kernels, state initializers. See KeelOps.td.
#pragma once

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace keel {
/// On the llvm.func of a kernel (see keel.launch): threads a block, bytes of dynamic shared memory (i32), and one line
/// on how it runs; the tensor maps that it takes behind its other parameters; blocks a cluster (i32); that it waits
/// itself for the kernels before it; that its blocks go on to further tiles, so that how many are launched is the
/// runtime's choice, and how many must run at a time, if all that were asked for do not (i32).
constexpr llvm::StringLiteral threadsAttribute = "keel.threads";
constexpr llvm::StringLiteral sharedBytesAttribute = "keel.shared_bytes";
constexpr llvm::StringLiteral scheduleAttribute = "keel.schedule";
constexpr llvm::StringLiteral tensorMapsAttribute = "keel.tensor_maps";
constexpr llvm::StringLiteral clusterAttribute = "keel.cluster";
constexpr llvm::StringLiteral waitsAttribute = "keel.waits";
constexpr llvm::StringLiteral staysAttribute = "keel.stays";
} // namespace keel

#include "dialect/keel/KeelDialect.h.inc"
#include "dialect/keel/KeelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/keel/KeelAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialect/keel/KeelOps.h.inc"
