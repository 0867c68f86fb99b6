// Turns one domain of a kernel into an scf.forall over blocks of its rows. Each op of the domain is done on the block's
// rows; a sum over the rows leaves one partial result a block, and these are added in the order of the blocks.
#include "passes/schedule/TileRows.h"

#include "dialect/keel/Keel.h"
#include "dialect/norm/Norm.h"
#include "passes/fuse/Partition.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace keel {

int64_t chooseRowBlock(const RowDomain &domain) {
  int64_t rows = ShapedType::kDynamic, columns = 1;
  for (auto [value, dim] : domain.rowDim) {
    auto type = cast<ShapedType>(value.getType());
    rows = type.getDimSize(dim);
    int64_t others = 1;
    for (auto [index, extent] : llvm::enumerate(type.getShape()))
      if (index != dim && !ShapedType::isDynamic(extent))
        others *= extent;
    columns = std::max(columns, others);
  }
  if (domain.mainLoop)
    return ShapedType::isDynamic(rows) || rows <= 512 ? 32 : 64;
  // 64 KiB of f32 a block, at least one row.
  return std::max<int64_t>(1, 16384 / columns);
}

namespace {
class RowTiler {
public:
  RowTiler(RewriterBase &rewriter, const RowDomain &domain, const Destinations &destinations, int64_t rowBlock)
      : rewriter(rewriter), domain(domain), destinations(destinations), rowBlock(rowBlock),
        loc(domain.ops.front()->getLoc()) {}

  void run() {
    rewriter.setInsertionPointAfter(domain.ops.back());
    Value rows = numRows();
    AffineExpr d0 = rewriter.getAffineDimExpr(0);
    OpFoldResult blocks =
        affine::makeComposedFoldedAffineApply(rewriter, loc, d0.ceilDiv(rowBlock), ArrayRef<OpFoldResult>{rows});
    // Results that are read after the loop, and where the loop writes them; then the partial sums.
    SmallVector<Value> escaping, sums, inits;
    for (Operation *op : domain.ops)
      for (Value result : op->getResults()) {
        auto isOutside = [&](Operation *user) { return !llvm::is_contained(domain.ops, user); };
        if (!domain.rowDim.contains(result))
          sums.push_back(result);
        else if (llvm::any_of(result.getUsers(), isOutside))
          escaping.push_back(result);
      }
    for (Value result : escaping)
      inits.push_back(wholeDestination(result));
    for (Value result : sums)
      inits.push_back(emptyPartials(result, blocks));

    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value step = arith::ConstantIndexOp::create(rewriter, loc, rowBlock);
    auto forall = scf::ForallOp::create(rewriter, loc, ArrayRef<OpFoldResult>{zero}, ArrayRef<OpFoldResult>{rows},
                                        ArrayRef<OpFoldResult>{step}, inits, /*mapping=*/std::nullopt);
    auto outputs = forall.getRegionIterArgs();
    for (auto [index, result] : llvm::enumerate(escaping)) {
      claimed[result] = outputs[index];
      output[inits[index]] = outputs[index];
    }
    for (auto [index, result] : llvm::enumerate(sums))
      partials[result] = outputs[escaping.size() + index];

    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(forall.getTerminator());
    offset = forall.getInductionVar(0);
    AffineExpr s0 = rewriter.getAffineSymbolExpr(0);
    size = affine::makeComposedFoldedAffineMin(
        rewriter, loc,
        AffineMap::get(1, 1, {s0 - d0, rewriter.getAffineConstantExpr(rowBlock)}, rewriter.getContext()),
        ArrayRef<OpFoldResult>{offset, rows});
    block = affine::makeComposedFoldedAffineApply(rewriter, loc, d0.floorDiv(rowBlock), ArrayRef<OpFoldResult>{offset});
    tileSegments();

    scf::InParallelOp end = forall.getTerminator();
    for (Value result : escaping)
      insert(end, tiles[result], claimed[result], rowsOf(claimed[result], domain.rowDim.lookup(result)));
    for (Value result : sums)
      insert(end, tiles[result], partials[result], blockOf(partials[result]));

    // After the loop.
    rewriter.setInsertionPointAfter(forall);
    for (auto [index, result] : llvm::enumerate(escaping))
      replaceOutside(result, forall.getResult(index));
    finishSums(forall, escaping.size(), sums, rows);
  }

private:
  //===--- sizes and destinations -----------------------------------------===//

  Value numRows() {
    Operation *op = domain.ops.front();
    for (auto [index, result] : llvm::enumerate(op->getResults()))
      if (auto dim = domain.rowDim.find(result); dim != domain.rowDim.end()) {
        return getValueOrCreateConstantIndexOp(rewriter, loc, sizesOf(cast<OpResult>(result))[dim->second]);
      }
    llvm_unreachable("a domain starts with rows");
  }

  /// The extents of a result, from what it is written into or made of: the result itself will be gone.
  SmallVector<OpFoldResult> sizesOf(OpResult result) {
    SmallVector<OpFoldResult> sizes;
    auto type = cast<RankedTensorType>(result.getType());
    if (auto moments = dyn_cast<norm::MomentsOp>(result.getOwner())) {
      auto inputType = cast<RankedTensorType>(moments.getInput().getType());
      for (int64_t dim = 0; dim < inputType.getRank(); ++dim)
        if (!llvm::is_contained(moments.getAxes(), dim))
          sizes.push_back(inputType.isDynamicDim(dim) ? extent(moments.getInput(), dim)
                                                      : rewriter.getIndexAttr(inputType.getDimSize(dim)));
      return sizes;
    }
    Value init = cast<DestinationStyleOpInterface>(result.getOwner()).getTiedOpOperand(result)->get();
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      sizes.push_back(extent(init, dim));
    return sizes;
  }

  OpFoldResult extent(Value tensor, int64_t dim) {
    if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>())
      return empty.getMixedSizes()[dim];
    return linalg::createFoldedDimOp(rewriter, loc, tensor, dim);
  }

  Value wholeDestination(Value result) {
    if (Value destination = destinations.lookup(result))
      return destination;
    // Read by a later domain only.
    return tensor::EmptyOp::create(rewriter, loc, sizesOf(cast<OpResult>(result)),
                                   cast<RankedTensorType>(result.getType()).getElementType());
  }

  Value emptyPartials(Value result, OpFoldResult blocks) {
    SmallVector<OpFoldResult> sizes = {blocks};
    llvm::append_range(sizes, sizesOf(cast<OpResult>(result)));
    return tensor::EmptyOp::create(rewriter, loc, sizes, cast<RankedTensorType>(result.getType()).getElementType());
  }

  //===--- one op on the block's rows -------------------------------------===//

  struct Slice {
    SmallVector<OpFoldResult> offsets, sizes, strides;
  };

  Slice rowsOf(Value tensor, unsigned rowDim) {
    auto type = cast<RankedTensorType>(tensor.getType());
    Slice slice;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      bool rows = unsigned(dim) == rowDim;
      slice.offsets.push_back(rows ? offset : rewriter.getIndexAttr(0));
      slice.sizes.push_back(rows ? size : extent(tensor, dim));
      slice.strides.push_back(rewriter.getIndexAttr(1));
    }
    return slice;
  }

  Value extractRows(Value tensor, unsigned rowDim) {
    Slice slice = rowsOf(tensor, rowDim);
    return tensor::ExtractSliceOp::create(rewriter, loc, tensor, slice.offsets, slice.sizes, slice.strides);
  }

  /// The part of `value` that the block's rows read or write through `map`, when loop `loop` runs over the rows.
  Value tileOperand(Value value, AffineMap map, unsigned loop, Operation *op) {
    if (Value tile = tiles.lookup(value))
      return tile;
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || !usesLoop(map, loop))
      return value;
    // State that the domain updates in place is read where it is written.
    Value source = output.contains(value) ? output.lookup(value) : value;
    if (std::optional<unsigned> dim = dimOfLoop(map, loop)) {
      Operation *producer = value.getDefiningOp();
      if (producer && isRepeated(producer) && isa<linalg::GenericOp>(producer))
        return tileRepeated(cast<linalg::GenericOp>(producer), *dim, Value());
      return extractRows(source, *dim);
    }
    // A window that slides with the rows (convolution over the rows).
    SmallVector<OpFoldResult> bounds = loopExtents(cast<linalg::LinalgOp>(op));
    SmallVector<OpFoldResult> tileSizes(bounds.size(), rewriter.getIndexAttr(0));
    tileSizes[loop] = size;
    SmallVector<OpFoldResult> starts = linalg::computeTileOffsets(rewriter, loc, {offset}, tileSizes);
    SmallVector<OpFoldResult> extents = linalg::computeTileSizes(rewriter, loc, tileSizes, bounds);
    return linalg::makeTiledShape(rewriter, loc, source, tileSizes, map, starts, bounds, extents, true)->getResult(0);
  }

  SmallVector<OpFoldResult> loopExtents(linalg::LinalgOp op) {
    SmallVector<OpFoldResult> extents;
    for (Range range : op.createLoopRanges(rewriter, loc))
      extents.push_back(range.size);
    return extents;
  }

  /// A fill or broadcast, done for the block's rows only.
  Value tileRepeated(linalg::GenericOp op, unsigned rowDim, Value destination) {
    AffineMap resultMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    unsigned loop = *loopOfDim(resultMap, rowDim);
    SmallVector<Value> operands;
    for (OpOperand *input : op.getDpsInputOperands())
      operands.push_back(tileOperand(input->get(), op.getMatchingIndexingMap(input), loop, op));
    operands.push_back(destination ? destination : emptyRows(op.getResult(0), op.getDpsInits()[0], rowDim));
    return mlir::clone(rewriter, op.getOperation(), operands.back().getType(), operands)->getResult(0);
  }

  Value emptyRows(Value like, Value extents, unsigned rowDim) {
    auto type = cast<RankedTensorType>(like.getType());
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      sizes.push_back(unsigned(dim) == rowDim ? size : extent(extents, dim));
    return tensor::EmptyOp::create(rewriter, loc, sizes, type.getElementType());
  }

  /// Where the block's rows of a result go: into the loop's output if the result leaves the loop, else into scratch.
  Value tileDestination(linalg::GenericOp op, OpOperand &init, unsigned loop) {
    Value result = op.getTiedOpResult(&init);
    unsigned rowDim = domain.rowDim.lookup(result);
    if (Value tile = tiles.lookup(init.get()))
      return tile;
    Value target = claimed.contains(result) ? extractRows(claimed[result], rowDim) : Value();
    Operation *producer = init.get().getDefiningOp();
    if (producer && isRepeated(producer) && isa<linalg::GenericOp>(producer) && op.payloadUsesValueFromOperand(&init))
      return tileRepeated(cast<linalg::GenericOp>(producer), rowDim, target);
    if (!op.payloadUsesValueFromOperand(&init))
      return target ? target : emptyRows(result, init.get(), rowDim);
    // Accumulates into a tensor from outside.
    if (target && output.contains(init.get()))
      return target;
    return extractRows(init.get(), rowDim);
  }

  /// The start of a partial sum: the combiner's neutral element.
  Value neutral(linalg::GenericOp op, unsigned index) {
    SmallVector<Operation *> combiners;
    matchReduction(op.getRegionOutputArgs(), index, combiners);
    Value partial = partials[op->getResult(index)];
    auto type = cast<RankedTensorType>(op->getResult(index).getType());
    Slice slice = blockOf(partial);
    Value target = tensor::ExtractSliceOp::create(rewriter, loc, type, partial, slice.offsets, slice.sizes, slice.strides);
    Value start = arith::ConstantOp::create(rewriter, loc, *arith::getNeutralElement(combiners[0]));
    return linalg::FillOp::create(rewriter, loc, start, target).getResult(0);
  }

  Slice blockOf(Value partial) {
    auto type = cast<RankedTensorType>(partial.getType());
    Slice slice;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      slice.offsets.push_back(dim == 0 ? block : rewriter.getIndexAttr(0));
      slice.sizes.push_back(dim == 0 ? rewriter.getIndexAttr(1) : extent(partial, dim));
      slice.strides.push_back(rewriter.getIndexAttr(1));
    }
    return slice;
  }

  void tileOp(Operation *operation, unsigned loop) {
    if (auto moments = dyn_cast<norm::MomentsOp>(operation)) {
      LoopNest nest = *LoopNest::get(operation);
      Value input = tileOperand(moments.getInput(), nest.operandMaps[0], loop, operation);
      auto tiled = norm::MomentsOp::create(rewriter, loc, input, moments.getAxes());
      tiles[moments.getMean()] = tiled.getMean();
      tiles[moments.getM2()] = tiled.getM2();
      return;
    }
    auto op = cast<linalg::GenericOp>(operation);
    bool sum = op.getIteratorTypesArray()[loop] == utils::IteratorType::reduction;
    SmallVector<Value> operands;
    for (OpOperand *input : op.getDpsInputOperands())
      operands.push_back(tileOperand(input->get(), op.getMatchingIndexingMap(input), loop, op));
    SmallVector<Type> types;
    for (auto [index, init] : llvm::enumerate(op.getDpsInitsMutable())) {
      operands.push_back(sum ? neutral(op, index) : tileDestination(op, init, loop));
      types.push_back(operands.back().getType());
    }
    auto tiled = cast<linalg::LinalgOp>(mlir::clone(rewriter, operation, types, operands));
    SmallVector<OpFoldResult> offsets(op.getNumLoops(), rewriter.getIndexAttr(0));
    offsets[loop] = offset;
    linalg::offsetIndices(rewriter, tiled, offsets);
    for (auto [from, to] : llvm::zip(op->getResults(), tiled->getResults()))
      tiles[from] = to;
  }

  //===--- the norm's part: a few rows at a time --------------------------===//

  /// Ops between main loops go over the block a few rows at a time, so that a row stays in the L1 cache from its
  /// statistics to its last use.
  void tileSegments() {
    SmallVector<Operation *> segment;
    auto flush = [&] {
      if (segment.size() > 1 && canNest(segment))
        tileSegment(segment);
      else
        for (Operation *op : segment)
          tileOp(op, domain.loop.lookup(op));
      segment.clear();
    };
    for (Operation *op : domain.ops) {
      if (!isMainLoop(op)) {
        segment.push_back(op);
        continue;
      }
      flush();
      tileOp(op, domain.loop.lookup(op));
    }
    flush();
  }

  /// Rows can be taken apart once more if nothing reads neighbouring rows or what the segment updates in place.
  bool canNest(ArrayRef<Operation *> segment) {
    for (Operation *op : segment) {
      if (!isa<linalg::GenericOp>(op))
        return false;
      unsigned loop = domain.loop.lookup(op);
      LoopNest nest = *LoopNest::get(op);
      for (OpOperand &operand : op->getOpOperands()) {
        AffineMap map = nest.operandMaps[operand.getOperandNumber()];
        if (usesLoop(map, loop) && (!dimOfLoop(map, loop) || output.contains(operand.get())))
          return false;
      }
    }
    return true;
  }

  int64_t rowsAtATime(ArrayRef<Operation *> segment) {
    int64_t columns = 1;
    for (Operation *op : segment)
      for (Value value : op->getOperands())
        if (auto type = dyn_cast<RankedTensorType>(value.getType())) {
          int64_t extent = 1;
          for (int64_t dim : type.getShape())
            extent *= ShapedType::isDynamic(dim) ? 1 : dim;
          columns = std::max(columns, extent);
        }
    return std::clamp<int64_t>(1024 / columns, 1, rowBlock);
  }

  void tileSegment(ArrayRef<Operation *> segment) {
    // What later ops, the loop's output and the partial sums take from the segment is written row by row.
    SmallVector<Value> leaving, starts;
    for (Operation *op : segment)
      for (auto [index, result] : llvm::enumerate(op->getResults())) {
        auto generic = cast<linalg::GenericOp>(op);
        if (!domain.rowDim.contains(result)) {
          leaving.push_back(result);
          starts.push_back(neutral(generic, index));
          continue;
        }
        bool leaves = claimed.contains(result) || llvm::any_of(result.getUsers(), [&](Operation *user) {
                        return llvm::is_contained(domain.ops, user) && !llvm::is_contained(segment, user);
                      });
        if (!leaves)
          continue;
        leaving.push_back(result);
        starts.push_back(tileDestination(generic, *generic.getDpsInitOperand(index), domain.loop.lookup(op)));
      }

    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    Value end = getValueOrCreateConstantIndexOp(rewriter, loc, size);
    int64_t few = rowsAtATime(segment);
    Value step = arith::ConstantIndexOp::create(rewriter, loc, few);
    auto loop = scf::ForOp::create(rewriter, loc, zero, end, step, starts);
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(loop.getBody());
      outside = loop;
      innerOffset = loop.getInductionVar();
      AffineExpr d0 = rewriter.getAffineDimExpr(0), s0 = rewriter.getAffineSymbolExpr(0);
      innerSize = affine::makeComposedFoldedAffineMin(
          rewriter, loc, AffineMap::get(1, 1, {s0 - d0, rewriter.getAffineConstantExpr(few)}, rewriter.getContext()),
          ArrayRef<OpFoldResult>{innerOffset, end});
      innerTiles.clear();
      SmallVector<Value> carried(loop.getRegionIterArgs());
      for (Operation *op : segment)
        tileInner(cast<linalg::GenericOp>(op), leaving, carried);
      scf::YieldOp::create(rewriter, loc, carried);
    }
    for (auto [value, result] : llvm::zip(leaving, loop.getResults()))
      tiles[value] = result;
  }

  Slice innerRowsOf(Value tensor, unsigned rowDim) {
    Slice slice = rowsOf(tensor, rowDim);
    slice.offsets[rowDim] = innerOffset;
    slice.sizes[rowDim] = innerSize;
    return slice;
  }

  Value extractInnerRows(Value tensor, unsigned rowDim) {
    Slice slice = innerRowsOf(tensor, rowDim);
    return tensor::ExtractSliceOp::create(rewriter, loc, tensor, slice.offsets, slice.sizes, slice.strides);
  }

  Value innerOperand(Value value, AffineMap map, unsigned loop, linalg::GenericOp op) {
    if (Value tile = innerTiles.lookup(value))
      return tile;
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || !usesLoop(map, loop))
      return value;
    unsigned dim = *dimOfLoop(map, loop);
    auto producer = value.getDefiningOp<linalg::GenericOp>();
    if (producer && isRepeated(producer))
      return innerRepeated(producer, dim, Value());
    Value rows;
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPoint(outside);
      rows = tileOperand(value, map, loop, op);
    }
    return extractInnerRows(rows, dim);
  }

  Value innerRepeated(linalg::GenericOp op, unsigned rowDim, Value destination) {
    unsigned loop = *loopOfDim(op.getMatchingIndexingMap(op.getDpsInitOperand(0)), rowDim);
    SmallVector<Value> operands;
    for (OpOperand *input : op.getDpsInputOperands())
      operands.push_back(innerOperand(input->get(), op.getMatchingIndexingMap(input), loop, op));
    operands.push_back(destination ? destination : innerEmpty(op.getResult(0), op.getDpsInits()[0], rowDim));
    return mlir::clone(rewriter, op.getOperation(), operands.back().getType(), operands)->getResult(0);
  }

  Value innerEmpty(Value like, Value extents, unsigned rowDim) {
    auto type = cast<RankedTensorType>(like.getType());
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      sizes.push_back(unsigned(dim) == rowDim ? innerSize : extent(extents, dim));
    return tensor::EmptyOp::create(rewriter, loc, sizes, type.getElementType());
  }

  void tileInner(linalg::GenericOp op, ArrayRef<Value> leaving, SmallVectorImpl<Value> &carried) {
    unsigned loop = domain.loop.lookup(op);
    SmallVector<Value> operands;
    for (OpOperand *input : op.getDpsInputOperands())
      operands.push_back(innerOperand(input->get(), op.getMatchingIndexingMap(input), loop, op));
    SmallVector<Type> types;
    for (auto [index, init] : llvm::enumerate(op.getDpsInitsMutable())) {
      Value result = op->getResult(index);
      const Value *leaves = llvm::find(leaving, result);
      Value destination;
      if (!domain.rowDim.contains(result)) {
        destination = carried[leaves - leaving.begin()];
      } else if (unsigned dim = domain.rowDim.lookup(result); leaves != leaving.end()) {
        destination = extractInnerRows(carried[leaves - leaving.begin()], dim);
      } else if (Value tile = innerTiles.lookup(init.get())) {
        destination = tile;
      } else if (!op.payloadUsesValueFromOperand(&init)) {
        destination = innerEmpty(result, init.get(), dim);
      } else {
        destination = innerOperand(init.get(), op.getMatchingIndexingMap(&init), loop, op);
      }
      operands.push_back(destination);
      types.push_back(destination.getType());
    }
    auto tiled = cast<linalg::LinalgOp>(mlir::clone(rewriter, op.getOperation(), types, operands));
    SmallVector<OpFoldResult> offsets(op.getNumLoops(), rewriter.getIndexAttr(0));
    AffineExpr sum = rewriter.getAffineDimExpr(0) + rewriter.getAffineDimExpr(1);
    offsets[loop] = affine::makeComposedFoldedAffineApply(rewriter, loc, sum, {offset, innerOffset});
    linalg::offsetIndices(rewriter, tiled, offsets);
    for (auto [from, to] : llvm::zip(op->getResults(), tiled->getResults())) {
      innerTiles[from] = to;
      const Value *leaves = llvm::find(leaving, from);
      if (leaves == leaving.end())
        continue;
      Value &carry = carried[leaves - leaving.begin()];
      if (!domain.rowDim.contains(from)) {
        carry = to;
        continue;
      }
      Slice slice = innerRowsOf(carry, domain.rowDim.lookup(from));
      carry = tensor::InsertSliceOp::create(rewriter, loc, to, carry, slice.offsets, slice.sizes, slice.strides);
    }
  }

  //===--- what leaves the loop -------------------------------------------===//

  void insert(scf::InParallelOp end, Value tile, Value target, const Slice &slice) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(end.getBody());
    tensor::ParallelInsertSliceOp::create(rewriter, loc, tile, target, slice.offsets, slice.sizes, slice.strides);
  }

  void replaceOutside(Value result, Value replacement) {
    rewriter.replaceUsesWithIf(result, replacement,
                               [&](OpOperand &use) { return !llvm::is_contained(domain.ops, use.getOwner()); });
  }

  /// Adds the blocks' partial results, in order, to the sum's own start.
  void finishSums(scf::ForallOp forall, unsigned first, ArrayRef<Value> sums, Value rows) {
    for (auto [index, result] : llvm::enumerate(sums)) {
      if (auto moments = result.getDefiningOp<norm::MomentsOp>()) {
        // Both results at once, when the first is seen.
        if (result == moments.getMean())
          mergeMoments(moments, forall.getResult(first + index), forall.getResult(first + index + 1), rows);
        continue;
      }
      auto op = result.getDefiningOp<linalg::GenericOp>();
      unsigned number = cast<OpResult>(result).getResultNumber();
      auto type = cast<RankedTensorType>(result.getType());
      SmallVector<Operation *> combiners;
      matchReduction(op.getRegionOutputArgs(), number, combiners);
      Operation *combiner = combiners[0];
      unsigned rank = type.getRank();
      AffineMap all = rewriter.getMultiDimIdentityMap(rank + 1);
      SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
      iterators[0] = utils::IteratorType::reduction;
      Value start = op.getDpsInits()[number];
      auto finish = linalg::GenericOp::create(
          rewriter, loc, TypeRange(type), ValueRange(forall.getResult(first + index)), ValueRange(start),
          ArrayRef{all, all.dropResult(0)}, iterators, [&](OpBuilder &b, Location at, ValueRange arguments) {
            IRMapping mapping;
            mapping.map(combiner->getOperand(0), arguments[0]);
            mapping.map(combiner->getOperand(1), arguments[1]);
            linalg::YieldOp::create(b, at, b.clone(*combiner, mapping)->getResult(0));
          });
      replaceOutside(result, finish.getResult(0));
    }
  }

  /// Chan, Golub and LeVeque's merge of (count, mean, M2), block after block. All blocks but the last have `rowBlock`
  /// rows times what else each statistic runs over.
  void mergeMoments(norm::MomentsOp op, Value means, Value m2s, Value rows) {
    auto type = cast<RankedTensorType>(op.getMean().getType());
    Type element = type.getElementType();
    unsigned rank = type.getRank();
    SmallVector<Value> starts;
    for (Value result : {op.getMean(), op.getM2()}) {
      Value destination = wholeDestination(result);
      Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(element));
      starts.push_back(linalg::FillOp::create(rewriter, loc, zero, destination).getResult(0));
    }
    AffineMap all = rewriter.getMultiDimIdentityMap(rank + 1);
    SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
    iterators[0] = utils::IteratorType::reduction;
    Value blockRows = arith::ConstantIndexOp::create(rewriter, loc, rowBlock);
    auto merge = linalg::GenericOp::create(
        rewriter, loc, TypeRange{type, type}, ValueRange{means, m2s}, starts,
        ArrayRef{all, all, all.dropResult(0), all.dropResult(0)}, iterators,
        [&](OpBuilder &b, Location at, ValueRange arguments) {
          auto toFloat = [&](Value index) -> Value {
            Value integer = arith::IndexCastOp::create(b, at, b.getI64Type(), index);
            return arith::SIToFPOp::create(b, at, element, integer);
          };
          // Counts in rows: the common factor cancels in the mean, and is put back for M2.
          Value before = arith::MulIOp::create(b, at, linalg::IndexOp::create(b, at, 0), blockRows);
          Value left = arith::SubIOp::create(b, at, rows, before);
          Value here = arith::MinSIOp::create(b, at, left, blockRows);
          Value nA = toFloat(before), nB = toFloat(here);
          Value total = arith::AddFOp::create(b, at, nA, nB);
          Value delta = arith::SubFOp::create(b, at, arguments[0], arguments[2]);
          Value weight = arith::DivFOp::create(b, at, nB, total);
          Value mean = arith::AddFOp::create(b, at, arguments[2], arith::MulFOp::create(b, at, delta, weight));
          Value scale = arith::MulFOp::create(b, at, nA, weight);
          if (int64_t perRow = elementsPerRow(op); perRow != 1)
            scale = arith::MulFOp::create(b, at, scale, arith::ConstantOp::create(b, at, b.getFloatAttr(element, perRow)));
          Value square = arith::MulFOp::create(b, at, arith::MulFOp::create(b, at, delta, delta), scale);
          Value m2 = arith::AddFOp::create(b, at, arith::AddFOp::create(b, at, arguments[1], arguments[3]), square);
          linalg::YieldOp::create(b, at, ValueRange{mean, m2});
        });
    replaceOutside(op.getMean(), merge.getResult(0));
    replaceOutside(op.getM2(), merge.getResult(1));
  }

  /// How many elements of a row go into one statistic.
  int64_t elementsPerRow(norm::MomentsOp op) {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    unsigned loop = domain.loop.lookup(op);
    int64_t count = 1;
    for (int64_t axis : op.getAxes())
      if (unsigned(axis) != loop)
        count *= type.getDimSize(axis);
    return count;
  }

  RewriterBase &rewriter;
  const RowDomain &domain;
  const Destinations &destinations;
  int64_t rowBlock;
  Location loc;
  OpFoldResult offset, size, block;       // of the row block
  OpFoldResult innerOffset, innerSize;    // of the few rows, inside the block
  Operation *outside = nullptr;           // the loop over a few rows at a time
  DenseMap<Value, Value> innerTiles;      // a result's few rows
  DenseMap<Value, Value> tiles;    // a result's rows of this block
  DenseMap<Value, Value> claimed;  // result -> the forall's output that takes its rows
  DenseMap<Value, Value> output;   // init of the forall -> its block argument
  DenseMap<Value, Value> partials; // sum -> the forall's output that takes its partial results
};
} // namespace

void tileDomain(RewriterBase &rewriter, const RowDomain &domain, const Destinations &destinations, int64_t rowBlock) {
  RowTiler(rewriter, domain, destinations, rowBlock).run();
}

} // namespace keel
