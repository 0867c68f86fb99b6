// Reshapes that keep rows apart.
#include "passes/fuse/View.h"

#include "dialect/norm/Emit.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace keel {

/// Of the dimensions that one dimension of the joined form is split in, the only one that is not 1.
static std::optional<int64_t> getOnlyPart(RankedTensorType split, ArrayRef<int64_t> dims) {
  if (dims.size() == 1)
    return dims[0];
  std::optional<int64_t> only;
  for (int64_t dim : dims) {
    if (split.getDimSize(dim) == 1)
      continue;
    if (only)
      return std::nullopt;
    only = dim;
  }
  return only;
}

bool isView(Operation *op) {
  auto isKept = [](RankedTensorType split, ArrayRef<ReassociationIndices> joined) {
    return llvm::all_of(joined, [&](const ReassociationIndices &dims) {
      return getOnlyPart(split, dims) || llvm::none_of(dims, [&](int64_t dim) { return split.isDynamicDim(dim); });
    });
  };
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return isKept(expand.getResultType(), expand.getReassociationIndices());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return isKept(collapse.getSrcType(), collapse.getReassociationIndices());
  return false;
}

LoopNest getViewLoops(Operation *view) {
  auto expand = dyn_cast<tensor::ExpandShapeOp>(view);
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(view);
  RankedTensorType split = expand ? expand.getResultType() : collapse.getSrcType();
  MLIRContext *context = view->getContext();
  SmallVector<AffineExpr> joined;
  for (const ReassociationIndices &dims : expand ? expand.getReassociationIndices() : collapse.getReassociationIndices()) {
    if (std::optional<int64_t> only = getOnlyPart(split, dims)) {
      joined.push_back(getAffineDimExpr(*only, context));
      continue;
    }
    AffineExpr index = getAffineConstantExpr(0, context);
    for (int64_t dim : dims)
      index = index * split.getDimSize(dim) + getAffineDimExpr(dim, context);
    joined.push_back(index);
  }
  unsigned rank = split.getRank();
  AffineMap whole = AffineMap::getMultiDimIdentityMap(rank, context), parts = AffineMap::get(rank, 0, joined, context);
  LoopNest nest;
  nest.iterators.assign(rank, utils::IteratorType::parallel);
  nest.operandMaps = {expand ? parts : whole};
  nest.resultMaps = {expand ? whole : parts};
  return nest;
}

Value reshapeLike(OpBuilder &builder, Operation *view, Value source) {
  Location loc = view->getLoc();
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(view))
    return tensor::CollapseShapeOp::create(builder, loc, source, collapse.getReassociationIndices());
  auto expand = cast<tensor::ExpandShapeOp>(view);
  auto from = cast<RankedTensorType>(source.getType());
  SmallVector<int64_t> shape(expand.getResultType().getShape());
  SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(builder.getContext(), shape);
  for (auto [dim, parts] : llvm::enumerate(expand.getReassociationIndices()))
    if (std::optional<int64_t> only = getOnlyPart(expand.getResultType(), parts)) {
      shape[*only] = from.getDimSize(dim);
      sizes[*only] = norm::sizeOf(builder, loc, source, dim);
    }
  return tensor::ExpandShapeOp::create(builder, loc, RankedTensorType::get(shape, from.getElementType()), source,
                                       expand.getReassociationIndices(), sizes);
}

SmallVector<Operation *> getReaders(Value value, llvm::function_ref<bool(Operation *)> isTransparent) {
  SmallVector<Operation *> readers;
  for (Operation *user : value.getUsers()) {
    if (isView(user) && isTransparent(user))
      llvm::append_range(readers, getReaders(user->getResult(0), isTransparent));
    else
      readers.push_back(user);
  }
  return readers;
}

} // namespace keel
