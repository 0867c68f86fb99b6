// Reshapes that keep rows apart: they compute nothing, and a kernel's rows are the same rows behind them.
#pragma once

#include "passes/fuse/RowLoop.h"

#include "mlir/IR/Builders.h"

namespace keel {

/// A tensor.expand_shape or collapse_shape in which what is split or joined, but for ones, has static extents.
bool isView(mlir::Operation *op);

/// The view's elements as a loop nest over the split form, as if the view copied them.
LoopNest getViewLoops(mlir::Operation *view);

/// The same reshape of `source`, which may have other extents in the dimensions that the view keeps.
mlir::Value reshapeLike(mlir::OpBuilder &builder, mlir::Operation *view, mlir::Value source);

/// The users of a value, those of its views in place of the views for which `isTransparent` holds.
llvm::SmallVector<mlir::Operation *> getReaders(mlir::Value value,
                                                llvm::function_ref<bool(mlir::Operation *)> isTransparent);

} // namespace keel
