// Loops over groups of columns, and over the columns of a group, become one loop over the columns.
#include "passes/fuse/Partition.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/RowLoop.h"

#include "dialect/norm/Norm.h"
#include "dialect/norm/Strategy.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_FLATTENGROUPS
#include "passes/fuse/Passes.h.inc"

namespace {

/// Whether the op splits the last dimension alone in two of known extents, the second a power of two: the columns of a
/// group are bits of a column's number then.
bool splitsColumns(tensor::ExpandShapeOp expand) {
  if (!expand || expand.getReassociationIndices().back().size() != 2 ||
      expand.getResultType().getRank() != expand.getSrcType().getRank() + 1)
    return false;
  ArrayRef<int64_t> extents = expand.getResultType().getShape().take_back(2);
  return llvm::none_of(extents, ShapedType::isDynamic) && extents[1] > 1 && llvm::isPowerOf2_64(extents[1]);
}

/// The two loops of an op that go over groups and over their columns, and how many of each.
struct SplitColumns {
  unsigned group, column;
  int64_t groups, width;

  static std::optional<SplitColumns> find(linalg::GenericOp op) {
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto expand = operand->get().getDefiningOp<tensor::ExpandShapeOp>();
      if (!splitsColumns(expand))
        continue;
      ArrayRef<AffineExpr> indices = op.getMatchingIndexingMap(operand).getResults().take_back(2);
      auto group = dyn_cast<AffineDimExpr>(indices[0]), column = dyn_cast<AffineDimExpr>(indices[1]);
      ArrayRef<int64_t> extents = expand.getResultType().getShape().take_back(2);
      if (group && column)
        return SplitColumns{group.getPosition(), column.getPosition(), extents[0], extents[1]};
    }
    return std::nullopt;
  }
};

/// One op on its way to fewer loops.
class Flattener {
public:
  Flattener(IRRewriter &rewriter, linalg::GenericOp op, SplitColumns split) : rewriter(rewriter), op(op), split(split) {
    for (unsigned loop = 0, next = 0; loop < op.getNumLoops(); ++loop)
      places.push_back(loop == split.column ? 0 : next++);
    places[split.column] = places[split.group];
  }

  void run() {
    std::optional<utils::IteratorType> iterator = joinedIterator();
    if (!iterator || op.getNumLoops() > 3 || isMainLoop(op) || countsColumns())
      return;
    SmallVector<AffineMap> maps;
    for (AffineMap map : op.getIndexingMapsArray()) {
      std::optional<AffineMap> joined = join(map);
      if (!joined)
        return;
      maps.push_back(*joined);
    }
    SmallVector<utils::IteratorType> iterators(op.getNumLoops() - 1);
    for (auto [place, loop] : llvm::zip(places, op.getIteratorTypesArray()))
      iterators[place] = loop;
    iterators[places[split.group]] = *iterator;
    rewriter.setInsertionPoint(op);
    SmallVector<Value> operands;
    for (OpOperand &operand : op->getOpOperands())
      operands.push_back(holdsColumns(op.getMatchingIndexingMap(&operand)) ? flat(operand.get()) : operand.get());
    ArrayRef<Value> inputs = ArrayRef(operands).take_front(op.getNumDpsInputs()),
                    inits = ArrayRef(operands).drop_front(op.getNumDpsInputs());
    auto made = linalg::GenericOp::create(rewriter, op.getLoc(), ValueRange(inits).getTypes(), inputs, inits, maps, iterators);
    made->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.inlineRegionBefore(op.getRegion(), made.getRegion(), made.getRegion().begin());
    made.walk([&](linalg::IndexOp index) { index.setDim(places[index.getDim()]); });
    for (auto [old, result] : llvm::zip(op->getResults(), made->getResults())) {
      if (old.getType() == result.getType()) {
        rewriter.replaceAllUsesWith(old, result);
        continue;
      }
      for (Operation *user : llvm::make_early_inc_range(old.getUsers()))
        if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(user); collapse && collapse.getType() == result.getType())
          rewriter.replaceOp(collapse, result);
      if (!old.use_empty())
        rewriter.replaceAllUsesWith(old, expand(result, cast<RankedTensorType>(old.getType())));
    }
    rewriter.eraseOp(op);
  }

private:
  /// What a loop over all columns is; none where it would be neither.
  std::optional<utils::IteratorType> joinedIterator() {
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    if (iterators[split.column] == utils::IteratorType::reduction)
      return utils::IteratorType::reduction;
    if (iterators[split.group] == utils::IteratorType::parallel)
      return utils::IteratorType::parallel;
    return std::nullopt;
  }

  bool countsColumns() {
    bool counts = false;
    op.walk([&](linalg::IndexOp index) { counts |= index.getDim() == split.group || index.getDim() == split.column; });
    return counts;
  }

  bool holdsColumns(AffineMap map) const {
    return map.isFunctionOfDim(split.group) && map.isFunctionOfDim(split.column);
  }

  /// An operand's map over the joined loop; none where it has columns but not their groups, or has them apart.
  std::optional<AffineMap> join(AffineMap map) const {
    if (!map.isProjectedPermutation() || (map.isFunctionOfDim(split.column) && !map.isFunctionOfDim(split.group)))
      return std::nullopt;
    SmallVector<AffineExpr> indices;
    for (unsigned dim = 0; dim < map.getNumResults(); ++dim) {
      unsigned loop = map.getDimPosition(dim);
      AffineExpr index = rewriter.getAffineDimExpr(places[loop]);
      if (loop == split.column)
        return std::nullopt; // its groups do not come before it
      if (loop == split.group && !holdsColumns(map))
        index = index.floorDiv(split.width);
      else if (loop == split.group && (++dim == map.getNumResults() || map.getDimPosition(dim) != split.column))
        return std::nullopt;
      indices.push_back(index);
    }
    return AffineMap::get(map.getNumDims() - 1, 0, indices, rewriter.getContext());
  }

  static SmallVector<ReassociationIndices> reassociation(int64_t rank) {
    SmallVector<ReassociationIndices> dims;
    for (int64_t dim = 0; dim < rank; ++dim)
      dims.push_back({dim});
    dims.back().push_back(rank);
    return dims;
  }

  /// A tensor whose last two dimensions are groups and columns, as one whose last is columns.
  Value flat(Value value) {
    Operation *producer = value.getDefiningOp();
    if (auto expand = dyn_cast_if_present<tensor::ExpandShapeOp>(producer); splitsColumns(expand))
      return expand.getSrc();
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(value.getType());
    if (auto empty = dyn_cast_if_present<tensor::EmptyOp>(producer)) {
      SmallVector<OpFoldResult> sizes = empty.getMixedSizes();
      sizes.pop_back_n(2);
      sizes.push_back(rewriter.getIndexAttr(split.groups * split.width));
      return tensor::EmptyOp::create(rewriter, loc, sizes, type.getElementType());
    }
    // Filled where it is read.
    if (auto fill = dyn_cast_if_present<linalg::GenericOp>(producer);
        fill && fill.getNumDpsInputs() == 0 && isRepeated(fill)) {
      Value empty = flat(fill.getDpsInits()[0]);
      unsigned rank = type.getRank() - 1;
      auto made = linalg::GenericOp::create(rewriter, loc, empty.getType(), ValueRange(), empty,
                                            rewriter.getMultiDimIdentityMap(rank),
                                            SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel));
      rewriter.cloneRegionBefore(fill.getRegion(), made.getRegion(), made.getRegion().begin());
      return made.getResult(0);
    }
    return tensor::CollapseShapeOp::create(rewriter, loc, value, reassociation(type.getRank() - 1));
  }

  Value expand(Value value, RankedTensorType type) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, op.getLoc(), value);
    sizes.back() = rewriter.getIndexAttr(split.groups);
    sizes.push_back(rewriter.getIndexAttr(split.width));
    return tensor::ExpandShapeOp::create(rewriter, op.getLoc(), type, value, reassociation(type.getRank() - 1), sizes);
  }

  IRRewriter &rewriter;
  linalg::GenericOp op;
  SplitColumns split;
  SmallVector<unsigned> places; // of the op's loops among those that are left
};

struct FlattenGroups : impl::FlattenGroupsBase<FlattenGroups> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    takeMomentsApart(rewriter);
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops)
      if (std::optional<SplitColumns> split = SplitColumns::find(op))
        Flattener(rewriter, op, *split).run();
  }

  /// Moments of each group become sums, which are loops.
  void takeMomentsApart(IRRewriter &rewriter) {
    SmallVector<norm::MomentsOp> moments;
    getOperation().walk([&](norm::MomentsOp op) {
      auto expand = op.getInput().getDefiningOp<tensor::ExpandShapeOp>();
      int64_t rank = op.getInput().getType().getRank();
      if (splitsColumns(expand) && rank <= 3 && op.getAxes() == ArrayRef<int64_t>{rank - 1})
        moments.push_back(op);
    });
    for (norm::MomentsOp op : moments) {
      rewriter.setInsertionPoint(op);
      FailureOr<SmallVector<Value>> values;
      {
        norm::InheritStrategy inherit(op, rewriter);
        values = cast<norm::DecomposableOpInterface>(op.getOperation()).decompose(rewriter);
      }
      rewriter.replaceOp(op, *values);
    }
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp fill) { fills.push_back(fill); });
    for (linalg::FillOp fill : fills) {
      rewriter.setInsertionPoint(fill);
      (void)linalg::generalizeNamedOp(rewriter, fill);
    }
  }
};
} // namespace
} // namespace keel
