// Upper and lower bounds of index values: how large a buffer can get, given the batch capacity.
#pragma once

#include "mlir/IR/Value.h"
#include <optional>

namespace keel {
/// The closed interval a value lies in.
struct IndexBounds {
  int64_t lower, upper;
};

/// Bounds of an index value computed from constants, loop variables and the leading extents of an entry's arguments,
/// which are at most `batchCapacity`. None where that is not enough to know.
std::optional<IndexBounds> getIndexBounds(mlir::Value value, int64_t batchCapacity);

/// The largest size in bytes of a memref of this type with these dynamic sizes; none where it is unbounded.
std::optional<int64_t> getBytesBound(mlir::Type memref, mlir::ValueRange dynamicSizes, int64_t batchCapacity);
} // namespace keel
