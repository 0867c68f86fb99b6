// Which buffers an op touches, for passes that change the order of ops on buffers.
#pragma once

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace keel {

/// The buffers that an op and its regions read and write. Distinct arguments of a kernel do not overlap, unless the
/// kernel is given one buffer twice.
struct Footprint {
  explicit Footprint(mlir::Operation *root);

  /// The buffer that a view is of.
  static mlir::Value rootOf(mlir::Value buffer);
  /// One of the two writes what the other touches: they keep their order.
  bool conflictsWith(const Footprint &other) const;

  llvm::SmallPtrSet<mlir::Value, 8> reads, writes;
};

} // namespace keel
