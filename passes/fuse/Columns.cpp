// Which columns an op goes over: their number, and the groups that they are in.
#include "passes/fuse/Columns.h"

#include "passes/fuse/RowLoop.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace keel;

/// The extent of the columns that the op goes over, in what it makes or sums; none where it has no columns.
static std::optional<int64_t> columnsOf(Operation *op) {
  std::optional<LoopNest> nest = LoopNest::get(op);
  if (!nest)
    return std::nullopt;
  for (auto [type, map] : llvm::zip(op->getResultTypes(), nest->resultMaps))
    if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.getRank() == 2) {
      std::optional<LoopGroups> groups = LoopGroups::get(map.getResult(1));
      return tensor.getDimSize(1) * (groups ? groups->width : 1);
    }
  if (nest->numLoops() == 2)
    for (auto [map, operand] : llvm::zip(nest->operandMaps, op->getOperands()))
      if (map.isIdentity())
        return cast<ShapedType>(operand.getType()).getDimSize(1);
  return std::nullopt;
}

/// The columns of a group, where the op reads or makes what there is one of for each group.
static int64_t groupWidthOf(Operation *op) {
  if (std::optional<LoopNest> nest = LoopNest::get(op))
    for (AffineMap map : llvm::concat<AffineMap>(nest->operandMaps, nest->resultMaps))
      for (AffineExpr index : map.getResults())
        if (std::optional<LoopGroups> groups = LoopGroups::get(index))
          return groups->width;
  return 1;
}

bool keel::shareColumns(Operation *op, ArrayRef<Operation *> others) {
  std::optional<int64_t> columns = columnsOf(op);
  if (!columns)
    return true;
  int64_t width = groupWidthOf(op);
  for (Operation *other : others)
    width = std::max(width, groupWidthOf(other));
  return llvm::all_of(others, [&](Operation *other) {
    std::optional<int64_t> its = columnsOf(other);
    return !its || columns == its || *columns * width == *its || *its * width == *columns;
  });
}
