// How an op takes part in a loop over rows.
#include "passes/fuse/RowLoop.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace keel {

std::optional<LoopNest> LoopNest::get(Operation *op) {
  LoopNest nest;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    nest.iterators = linalgOp.getIteratorTypesArray();
    nest.operandMaps = linalgOp.getIndexingMapsArray();
    for (OpOperand &init : linalgOp.getDpsInitsMutable())
      nest.resultMaps.push_back(linalgOp.getMatchingIndexingMap(&init));
    return nest;
  }
  if (auto moments = dyn_cast<norm::MomentsOp>(op)) {
    unsigned rank = cast<ShapedType>(moments.getInput().getType()).getRank();
    nest.iterators.assign(rank, utils::IteratorType::parallel);
    AffineMap all = AffineMap::getMultiDimIdentityMap(rank, op->getContext());
    SmallVector<AffineExpr> kept;
    for (unsigned dim = 0; dim < rank; ++dim) {
      if (llvm::is_contained(moments.getAxes(), dim))
        nest.iterators[dim] = utils::IteratorType::reduction;
      else
        kept.push_back(all.getResult(dim));
    }
    nest.operandMaps = {all};
    nest.resultMaps.assign(2, AffineMap::get(rank, 0, kept, op->getContext()));
    return nest;
  }
  return std::nullopt;
}

bool LoopNest::allParallel() const {
  return llvm::all_of(iterators, [](utils::IteratorType type) { return type == utils::IteratorType::parallel; });
}

bool isMainLoop(Operation *op) {
  std::optional<LoopNest> nest = LoopNest::get(op);
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!nest || !linalgOp || nest->allParallel() || op->getNumResults() != 1)
    return false;
  // Every element of every input is used by more than one iteration.
  unsigned reused = 0;
  for (AffineMap map : ArrayRef(nest->operandMaps).take_front(linalgOp.getNumDpsInputs())) {
    // Counts loops and not results: a packed operand holds one loop in two results.
    auto usesLoopOf = [&](unsigned loop) { return map.isFunctionOfDim(loop); };
    if (llvm::all_of(llvm::seq(nest->numLoops()), usesLoopOf))
      return false;
    reused += map.getNumResults() > 0;
  }
  return reused >= 2;
}

std::optional<unsigned> loopOfDim(AffineMap map, unsigned dim) {
  if (dim >= map.getNumResults())
    return std::nullopt;
  auto expr = dyn_cast<AffineDimExpr>(map.getResult(dim));
  if (!expr)
    return std::nullopt;
  return expr.getPosition();
}

std::optional<unsigned> dimOfLoop(AffineMap map, unsigned loop) {
  std::optional<unsigned> dim;
  for (auto [index, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (dim || !isa<AffineDimExpr>(expr))
      return std::nullopt;
    dim = index;
  }
  return dim;
}

std::optional<LoopGroups> LoopGroups::get(AffineExpr index) {
  auto quotient = dyn_cast<AffineBinaryOpExpr>(index);
  if (!quotient || quotient.getKind() != AffineExprKind::FloorDiv)
    return std::nullopt;
  auto loop = dyn_cast<AffineDimExpr>(quotient.getLHS());
  auto width = dyn_cast<AffineConstantExpr>(quotient.getRHS());
  if (!loop || !width)
    return std::nullopt;
  return LoopGroups{loop.getPosition(), width.getValue()};
}

int64_t longestSum(Operation *op) {
  std::optional<LoopNest> nest = LoopNest::get(op);
  int64_t longest = 0;
  for (AffineMap map : nest->resultMaps)
    for (AffineExpr index : map.getResults())
      if (std::optional<LoopGroups> groups = LoopGroups::get(index); groups && !nest->isParallel(groups->loop))
        return groups->width;
  for (auto [map, operand] : llvm::zip(nest->operandMaps, op->getOperands()))
    if (auto type = dyn_cast<ShapedType>(operand.getType()))
      for (unsigned dim : llvm::seq(map.getNumResults())) {
        std::optional<unsigned> loop = loopOfDim(map, dim);
        if (loop && !nest->isParallel(*loop) && !type.isDynamicDim(dim))
          longest = std::max(longest, type.getDimSize(dim));
      }
  return longest;
}

bool usesLoop(AffineMap map, unsigned loop) { return map.isFunctionOfDim(loop); }

} // namespace keel
