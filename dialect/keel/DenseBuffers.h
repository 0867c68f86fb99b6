// What keel.kernel and keel.launch share: their effects on buffers, and how they get them.
#pragma once

#include "dialect/keel/Keel.h"

namespace keel {
/// A launch reads its buffers, and writes those of its inits.
void appendLaunchEffects(mlir::DestinationStyleOpInterface op,
                         llvm::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>> &effects);

/// Appends the buffers of an op's operands, which must be dense; what is no tensor stays.
mlir::LogicalResult appendDenseBuffers(mlir::Operation *op, mlir::ValueRange operands, mlir::RewriterBase &rewriter,
                                       const mlir::bufferization::BufferizationOptions &options,
                                       mlir::bufferization::BufferizationState &state,
                                       llvm::SmallVectorImpl<mlir::Value> &buffers);
} // namespace keel
