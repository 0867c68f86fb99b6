// Turns one domain of a kernel into an scf.forall over blocks of its rows. Each op of the domain is done on the block's
// rows; the ops between main loops go over the block a few rows at a time.
#include "passes/schedule/RowTiler.h"

#include "passes/fuse/Partition.h"
#include "passes/fuse/View.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"

#include <numeric>

using namespace mlir;

namespace keel {

// What a dynamic extent counts for beside blocks of another dimension.
static constexpr int64_t usualBatch = 128;

int64_t chooseRowBlock(const RowDomain &domain) {
  int64_t rows = ShapedType::kDynamic, columns = 1, multiple = 1;
  auto count = [&](ShapedType type, unsigned dim) {
    rows = type.getDimSize(dim);
    int64_t others = 1;
    for (auto [index, extent] : llvm::enumerate(type.getShape()))
      if (index != dim)
        others *= ShapedType::isDynamic(extent) ? usualBatch : extent;
    columns = std::max(columns, others);
  };
  for (auto [value, dim] : domain.rowDim)
    count(cast<ShapedType>(value.getType()), dim);
  for (Operation *op : domain.ops)
    if (auto pack = dyn_cast<linalg::PackOp>(op)) {
      count(pack.getSourceType(), 0);
      if (pack.getInnerDimsPos()[0] == 0) // a block is whole panels
        multiple = std::lcm(multiple, pack.getStaticInnerTiles()[0]);
    }
  if (domain.mainLoop)
    return llvm::alignTo(ShapedType::isDynamic(rows) || rows <= 512 ? 32 : 64, multiple);
  // 64 KiB of f32 a block, at least one row.
  return llvm::alignTo(std::max<int64_t>(1, 16384 / columns), multiple);
}

void tileDomain(RewriterBase &rewriter, const RowDomain &domain, const Destinations &destinations, int64_t rowBlock) {
  RowTiler(rewriter, domain, destinations, rowBlock).run();
}

/// min(rows left, step) rows from `offset` on.
static OpFoldResult rowsFrom(RewriterBase &rewriter, Location loc, OpFoldResult offset, Value end, int64_t step) {
  if (std::optional<int64_t> rows = getConstantIntValue(end); rows && *rows % step == 0)
    return rewriter.getIndexAttr(step);
  AffineExpr d0 = rewriter.getAffineDimExpr(0), s0 = rewriter.getAffineSymbolExpr(0);
  auto map = AffineMap::get(1, 1, {s0 - d0, rewriter.getAffineConstantExpr(step)}, rewriter.getContext());
  return affine::makeComposedFoldedAffineMin(rewriter, loc, map, ArrayRef<OpFoldResult>{offset, end});
}

void RowTiler::run() {
  rewriter.setInsertionPointAfter(domain.ops.back());
  Value rows = numRows();
  for (Operation *op : domain.ops)
    for (Value result : op->getResults()) {
      if (isView(op))
        continue;
      if (!domain.rowDim.contains(result) && !isa<linalg::PackOp>(op))
        sums.push_back(result);
      else if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !isInDomain(user); }))
        escaping.push_back(result);
    }
  RowParts parts = chooseParts(rows, !sums.empty());
  SmallVector<Value> inits;
  for (Value result : escaping)
    inits.push_back(wholeDestination(result));
  for (Value result : sums)
    inits.push_back(emptyPartials(result, parts.count));

  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  Value step = getValueOrCreateConstantIndexOp(rewriter, loc, parts.rows);
  auto forall = scf::ForallOp::create(rewriter, loc, ArrayRef<OpFoldResult>{zero}, ArrayRef<OpFoldResult>{rows},
                                      ArrayRef<OpFoldResult>{step}, inits, /*mapping=*/std::nullopt);
  {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(forall.getTerminator());
    tileParts(forall, parts, rows);
  }

  rewriter.setInsertionPointAfter(forall);
  for (auto [index, result] : llvm::enumerate(escaping))
    replaceOutside(result, forall.getResult(index));
  for (auto [index, result] : llvm::enumerate(sums)) {
    Value partials = forall.getResult(escaping.size() + index);
    auto moments = result.getDefiningOp<norm::MomentsOp>();
    if (!moments)
      finishSum(result, partials);
    else if (result == moments.getMean()) // both results at once
      mergeMoments(moments, partials, forall.getResult(escaping.size() + index + 1), rows, step);
  }
}

/// The loop's body: a part's rows, as one block or in a loop over blocks that carries what the part writes.
void RowTiler::tileParts(scf::ForallOp forall, const RowParts &parts, Value rows) {
  scf::InParallelOp end = forall.getTerminator();
  auto outputs = forall.getRegionIterArgs();
  Value first = forall.getInductionVar(0);
  AffineExpr d0 = rewriter.getAffineDimExpr(0), d1 = rewriter.getAffineDimExpr(1);
  if (std::optional<int64_t> known = getConstantIntValue(parts.rows))
    partNumber = affine::makeComposedFoldedAffineApply(rewriter, loc, d0.floorDiv(*known), ArrayRef<OpFoldResult>{first});
  else
    partNumber = arith::DivUIOp::create(rewriter, loc, first, cast<Value>(parts.rows)).getResult();
  for (auto [index, result] : llvm::enumerate(sums))
    partialSum[result] = outputs[escaping.size() + index];

  scf::ForOp loop;
  OpFoldResult size;
  SmallVector<Value> targets(outputs.take_front(escaping.size()));
  if (parts.haveBlocks) {
    AffineMap left = AffineMap::get(2, 1, {d1, rewriter.getAffineSymbolExpr(0) - d0}, rewriter.getContext());
    size = affine::makeComposedFoldedAffineMin(rewriter, loc, left, {first, parts.rows, rows});
    SmallVector<Value> starts;
    for (auto [result, target] : llvm::zip(escaping, targets))
      starts.push_back(extract(target, partOfResult(result, first, size, target)));
    for (Value result : sums)
      starts.push_back(startOfSum(block, result));
    Value last = getValueOrCreateConstantIndexOp(
        rewriter, loc, affine::makeComposedFoldedAffineApply(rewriter, loc, d0 + d1, {first, size}));
    loop = scf::ForOp::create(rewriter, loc, first, last, arith::ConstantIndexOp::create(rewriter, loc, rowBlock), starts);
    rewriter.setInsertionPointToStart(loop.getBody());
    targets.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().begin() + escaping.size());
    for (auto [index, result] : llvm::enumerate(sums))
      block.partials[result] = loop.getRegionIterArg(escaping.size() + index);
  }

  block.loop = loop ? loop : forall.getOperation();
  block.offset = loop ? loop.getInductionVar() : first;
  block.size = rowsFrom(rewriter, loc, block.offset, rows, rowBlock);
  block.claimedOffset =
      loop ? affine::makeComposedFoldedAffineApply(rewriter, loc, d0 - d1, {block.offset, OpFoldResult(first)}) : block.offset;
  for (auto [index, result] : llvm::enumerate(escaping)) {
    block.claimed[result] = targets[index];
    output[forall.getOutputs()[index]] = targets[index];
  }
  tileSegments();

  SmallVector<Value> done;
  for (Value result : escaping)
    done.push_back(block.tiles[result]);
  for (Value result : sums)
    done.push_back(block.tiles[result]);
  if (loop) {
    for (auto [index, result] : llvm::enumerate(escaping)) {
      Slice slice = partOfResult(result, block.claimedOffset, block.size, targets[index]);
      done[index] = tensor::InsertSliceOp::create(rewriter, loc, done[index], targets[index], slice.offsets, slice.sizes,
                                                  slice.strides);
    }
    scf::YieldOp::create(rewriter, loc, done);
    done.assign(loop.getResults().begin(), loop.getResults().end());
    rewriter.setInsertionPoint(end);
  } else {
    size = block.size;
  }
  for (auto [index, result] : llvm::enumerate(escaping))
    insertInParallel(end, done[index], outputs[index], partOfResult(result, first, size, outputs[index]));
  for (auto [index, result] : llvm::enumerate(sums))
    insertInParallel(end, done[escaping.size() + index], partialSum[result], partialOf(partialSum[result]));
}

//===----------------------------------------------------------------------===//
// Sizes, slices and new tensors
//===----------------------------------------------------------------------===//

OpFoldResult RowTiler::extent(Value tensor, int64_t dim) {
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes()[dim];
  return linalg::createFoldedDimOp(rewriter, loc, tensor, dim);
}

/// The extents of a result, from what it is written into or made of: the result itself will be gone.
SmallVector<OpFoldResult> RowTiler::sizesOf(OpResult result) {
  SmallVector<OpFoldResult> sizes;
  if (auto moments = dyn_cast<norm::MomentsOp>(result.getOwner())) {
    int64_t rank = cast<RankedTensorType>(moments.getInput().getType()).getRank();
    for (int64_t dim = 0; dim < rank; ++dim)
      if (!llvm::is_contained(moments.getAxes(), dim))
        sizes.push_back(extent(moments.getInput(), dim));
    return sizes;
  }
  Value init = cast<DestinationStyleOpInterface>(result.getOwner()).getTiedOpOperand(result)->get();
  for (int64_t dim = 0, rank = cast<RankedTensorType>(result.getType()).getRank(); dim < rank; ++dim)
    sizes.push_back(extent(init, dim));
  return sizes;
}

Value RowTiler::numRows() {
  if (auto pack = dyn_cast<linalg::PackOp>(domain.ops.front()))
    return getValueOrCreateConstantIndexOp(rewriter, loc, extent(pack.getSource(), 0));
  for (Value result : domain.ops.front()->getResults())
    if (auto dim = domain.rowDim.find(result); dim != domain.rowDim.end())
      return getValueOrCreateConstantIndexOp(rewriter, loc, sizesOf(cast<OpResult>(result))[dim->second]);
  llvm_unreachable("a domain starts with rows");
}

Slice RowTiler::rowsOf(OpFoldResult offset, OpFoldResult size, Value tensor, unsigned rowDim) {
  Slice slice;
  for (int64_t dim = 0, rank = cast<RankedTensorType>(tensor.getType()).getRank(); dim < rank; ++dim) {
    bool rows = unsigned(dim) == rowDim;
    slice.offsets.push_back(rows ? offset : rewriter.getIndexAttr(0));
    slice.sizes.push_back(rows ? size : extent(tensor, dim));
    slice.strides.push_back(rewriter.getIndexAttr(1));
  }
  return slice;
}

/// What some rows of a result take of the tensor that takes all of it.
Slice RowTiler::partOfResult(Value result, OpFoldResult offset, OpFoldResult size, Value tensor) {
  if (auto pack = result.getDefiningOp<linalg::PackOp>())
    return panelsOf(offset, size, pack);
  return rowsOf(offset, size, tensor, domain.rowDim.lookup(result));
}

Value RowTiler::extract(Value tensor, const Slice &slice) {
  return tensor::ExtractSliceOp::create(rewriter, loc, tensor, slice.offsets, slice.sizes, slice.strides);
}

Value RowTiler::extractRows(OpFoldResult offset, OpFoldResult size, Value tensor, unsigned rowDim) {
  return extract(tensor, rowsOf(offset, size, tensor, rowDim));
}

Value RowTiler::emptyRows(const RowLevel &level, Value like, Value extents, unsigned rowDim) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<OpFoldResult> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    sizes.push_back(unsigned(dim) == rowDim ? level.size : extent(extents, dim));
  return tensor::EmptyOp::create(rewriter, loc, sizes, type.getElementType());
}

/// What the loop writes all rows of a result into.
Value RowTiler::wholeDestination(Value result) {
  if (Value destination = destinations.lookup(result))
    return destination;
  // Read by a later domain only.
  return tensor::EmptyOp::create(rewriter, loc, sizesOf(cast<OpResult>(result)),
                                 cast<RankedTensorType>(result.getType()).getElementType());
}

void RowTiler::insertInParallel(scf::InParallelOp end, Value tile, Value target, const Slice &slice) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToEnd(end.getBody());
  tensor::ParallelInsertSliceOp::create(rewriter, loc, tile, target, slice.offsets, slice.sizes, slice.strides);
}

void RowTiler::replaceOutside(Value result, Value replacement) {
  rewriter.replaceUsesWithIf(result, replacement, [&](OpOperand &use) { return !isInDomain(use.getOwner()); });
}

//===----------------------------------------------------------------------===//
// The part between main loops
//===----------------------------------------------------------------------===//

/// A row stays in the L1 cache from its statistics to its last use.
void RowTiler::tileSegments() {
  SmallVector<Operation *> segment;
  auto flush = [&] {
    if (segment.size() > 1 && canNest(segment))
      tileSegment(segment);
    else
      for (Operation *op : segment)
        tileOp(block, op);
    segment.clear();
  };
  for (Operation *op : domain.ops) {
    if (isView(op)) // made where it is read
      continue;
    if (!isMainLoop(op) && !isa<linalg::PackOp>(op)) {
      segment.push_back(op);
      continue;
    }
    flush();
    tileOp(block, op);
  }
  flush();
}

/// Rows can be taken apart once more if nothing reads neighbouring rows, or what the segment updates in place: but what
/// is carried through the loop over the few rows may be updated there.
bool RowTiler::canNest(ArrayRef<Operation *> segment) {
  return llvm::all_of(segment, [&](Operation *op) {
    unsigned loop = domain.loop.lookup(op);
    LoopNest nest = *LoopNest::get(op);
    auto generic = dyn_cast<linalg::GenericOp>(op);
    return generic && llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
             AffineMap map = nest.operandMaps[operand.getOperandNumber()];
             bool isCarried = generic.isDpsInit(&operand) && block.claimed.contains(generic.getTiedOpResult(&operand));
             bool inPlace = output.contains(operand.get()) && generic.payloadUsesValueFromOperand(&operand);
             return !usesLoop(map, loop) || (dimOfLoop(map, loop) && (!inPlace || isCarried));
           });
  });
}

int64_t RowTiler::rowsAtATime(ArrayRef<Operation *> segment) {
  int64_t columns = 1;
  for (Operation *op : segment) {
    LoopNest nest = *LoopNest::get(op);
    for (auto [value, map] : llvm::zip(op->getOperands(), nest.operandMaps)) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type)
        continue;
      std::optional<unsigned> rowDim = dimOfLoop(map, domain.loop.lookup(op));
      int64_t elements = 1;
      for (auto [dim, extent] : llvm::enumerate(type.getShape()))
        elements *= ShapedType::isDynamic(extent) || rowDim == dim ? 1 : extent;
      columns = std::max(columns, elements);
    }
  }
  // 4 KiB of f32 a value: half a dozen of them fit the L1 cache.
  return std::clamp<int64_t>(1024 / columns, 1, rowBlock);
}

void RowTiler::tileSegment(ArrayRef<Operation *> segment) {
  // What later ops, the block's output and the sums take from the segment is carried through the loop.
  SmallVector<Value> leaving, starts;
  for (Operation *op : segment)
    for (auto [index, result] : llvm::enumerate(op->getResults())) {
      auto generic = cast<linalg::GenericOp>(op);
      bool sum = !domain.rowDim.contains(result);
      auto readers = getReaders(result, [&](Operation *view) { return isInDomain(view); });
      bool readLater = llvm::any_of(readers, [&](Operation *user) {
        return isInDomain(user) && !llvm::is_contained(segment, user);
      });
      if (!sum && !readLater && !block.claimed.contains(result))
        continue;
      leaving.push_back(result);
      starts.push_back(sum ? startOfSum(block, result)
                           : destinationRows(block, generic, *generic.getDpsInitOperand(index), domain.loop.lookup(op)));
    }

  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  Value end = getValueOrCreateConstantIndexOp(rewriter, loc, block.size);
  int64_t few = rowsAtATime(segment);
  Value step = arith::ConstantIndexOp::create(rewriter, loc, few);
  auto loop = scf::ForOp::create(rewriter, loc, zero, end, step, starts);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(loop.getBody());
  RowLevel rows;
  rows.outer = &block;
  rows.loop = loop;
  rows.offset = rows.claimedOffset = loop.getInductionVar();
  rows.size = rowsFrom(rewriter, loc, rows.offset, end, few);
  for (auto [result, carried] : llvm::zip(leaving, loop.getRegionIterArgs()))
    (domain.rowDim.contains(result) ? rows.claimed : rows.partials)[result] = carried;
  for (Operation *op : segment)
    tileOp(rows, op);
  SmallVector<Value> carried;
  for (Value result : leaving)
    carried.push_back(domain.rowDim.contains(result) ? rows.claimed[result] : rows.tiles[result]);
  scf::YieldOp::create(rewriter, loc, carried);
  for (auto [value, result] : llvm::zip(leaving, loop.getResults()))
    block.tiles[value] = result;
}

} // namespace keel
