// What keel.kernel and keel.launch share when they are bufferized.
#pragma once

#include "dialect/keel/Keel.h"

namespace keel {
/// Appends the buffers of an op's operands, which must be dense; what is no tensor stays.
mlir::LogicalResult appendDenseBuffers(mlir::Operation *op, mlir::ValueRange operands, mlir::RewriterBase &rewriter,
                                       const mlir::bufferization::BufferizationOptions &options,
                                       mlir::bufferization::BufferizationState &state,
                                       llvm::SmallVectorImpl<mlir::Value> &buffers);
} // namespace keel
