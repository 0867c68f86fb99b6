// Makes one linalg.generic of several that go over the same elements, so that each element is loaded once for all of
// them: an activation's gradient with the sums that it goes into, new weights with their sum over a row.
#include "dialect/keel/Keel.h"
#include "passes/schedule/Contraction.h"
#include "passes/schedule/Footprint.h"
#include "passes/schedule/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_MERGEGENERICS
#include "passes/schedule/Passes.h.inc"

namespace {

// Addresses that registers hold beside each other.
constexpr unsigned maxBuffers = 12;
// How far back the first of two may be.
constexpr unsigned maxDistance = 24;

bool isBuffer(Value value) { return isa<MemRefType>(value.getType()); }

/// Elements in, elements out: what its body touches is its operands. Matmuls have loops of their own, and take what
/// only fills their result as the first value of their tiles.
bool isCandidate(Operation &op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !generic.hasPureBufferSemantics() || generic.getNumLoops() == 0 ||
      llvm::hasSingleElement(*generic.getBody()))
    return false;
  std::optional<Contraction> contraction = matchContraction(generic);
  return !(contraction && !contraction->m.empty() && !contraction->n.empty()) &&
         llvm::all_of(*generic.getBody(), [](Operation &inner) {
           return inner.getNumRegions() == 0 && isMemoryEffectFree(&inner) && !isa<linalg::IndexOp>(inner);
         });
}

/// The two ops in the first one's loops.
class Merge {
public:
  Merge(linalg::GenericOp first, linalg::GenericOp second) : first(first), second(second) {}

  bool isPossible();
  linalg::GenericOp create(RewriterBase &rewriter);

private:
  bool findElements();
  bool isOrdered();
  bool isOneSweep();
  bool computesMore(linalg::GenericOp op, ArrayRef<AffineMap> maps);

  linalg::GenericOp first, second;
  AffineMap elements;                // of what both go over, from the first one's loops
  SmallVector<AffineMap> secondMaps; // the second one's, from the first one's loops
  llvm::SmallBitVector reduced;      // the loops that a sum goes over, in the merged op
  llvm::SmallBitVector innermost;    // of them, those that the others go around
};

/// A buffer that both go over, element by element, tells which of their loops are the same.
bool Merge::findElements() {
  unsigned numLoops = first.getNumLoops();
  if (second.getNumLoops() != numLoops)
    return false;
  for (OpOperand &operand : first->getOpOperands()) {
    AffineMap map = first.getMatchingIndexingMap(&operand);
    if (!isBuffer(operand.get()) || !map.isPermutation())
      continue;
    for (OpOperand &other : second->getOpOperands()) {
      AffineMap otherMap = second.getMatchingIndexingMap(&other);
      if (other.get() != operand.get() || !otherMap.isPermutation())
        continue;
      // The second one's loops: from its elements, from the first one's loops.
      AffineMap loops = inversePermutation(otherMap).compose(map);
      elements = map;
      for (AffineMap ofOperand : second.getIndexingMapsArray())
        secondMaps.push_back(ofOperand.compose(loops));
      return true;
    }
  }
  return false;
}

/// What one writes and the other touches is the same element in the same iteration.
bool Merge::isOrdered() {
  auto isElement = [&](Value value, AffineMap map) { return isBuffer(value) && map == elements; };
  for (OpOperand &operand : first->getOpOperands())
    for (auto [index, other] : llvm::enumerate(second->getOpOperands())) {
      bool writes = first.isDpsInit(&operand), otherWrites = second.isDpsInit(&other);
      if (!isBuffer(operand.get()) || !isBuffer(other.get()) || (!writes && !otherWrites) ||
          Footprint::rootOf(operand.get()) != Footprint::rootOf(other.get()))
        continue;
      if ((writes && otherWrites) || operand.get() != other.get() ||
          !isElement(operand.get(), first.getMatchingIndexingMap(&operand)) ||
          !isElement(other.get(), secondMaps[index]))
        return false;
    }
  return true;
}

/// What depends on an innermost loop alone is computed again in each iteration of the others.
bool Merge::computesMore(linalg::GenericOp op, ArrayRef<AffineMap> maps) {
  DenseMap<Value, llvm::SmallBitVector> loopsOf;
  for (auto [argument, map] : llvm::zip(op.getBody()->getArguments(), maps)) {
    llvm::SmallBitVector &loops = loopsOf[argument];
    loops.resize(reduced.size());
    for (unsigned loop = 0; loop < reduced.size(); ++loop)
      loops[loop] = map.isFunctionOfDim(loop);
  }
  for (Operation &inner : op.getBody()->without_terminator()) {
    llvm::SmallBitVector loops(reduced.size());
    for (Value operand : inner.getOperands())
      if (auto known = loopsOf.find(operand); known != loopsOf.end())
        loops |= known->second;
    for (Value result : inner.getResults())
      loopsOf[result] = loops;
    FloatAttr divisor;
    bool isDivision = isa<arith::DivFOp>(inner) && !(matchPattern(inner.getOperand(1), m_Constant(&divisor)) &&
                                                     divisor.getValue().getExactInverse(nullptr));
    bool isSlow = isDivision || isa<math::MathDialect>(inner.getDialect());
    llvm::SmallBitVector others = loops;
    others.reset(innermost);
    if (isSlow && loops.any() && others.none())
      return true;
  }
  return false;
}

/// All sums go over the same loops, or over one of two; and nothing gets slower.
bool Merge::isOneSweep() {
  SmallVector<AffineMap> firstMaps = first.getIndexingMapsArray();
  ArrayRef<AffineMap> outputs[] = {ArrayRef(firstMaps).drop_front(first.getNumDpsInputs()),
                                   ArrayRef(secondMaps).drop_front(second.getNumDpsInputs())};
  reduced.resize(first.getNumLoops());
  SmallVector<llvm::SmallBitVector> sums;
  for (ArrayRef<AffineMap> maps : outputs)
    for (AffineMap map : maps) {
      llvm::SmallBitVector over(first.getNumLoops());
      for (unsigned loop = 0; loop < over.size(); ++loop)
        over[loop] = !map.isFunctionOfDim(loop);
      if (over.any())
        sums.push_back(over);
      reduced |= over;
    }
  innermost = reduced;
  if (llvm::any_of(sums, [&](const llvm::SmallBitVector &over) { return over != reduced; })) {
    if (first.getNumLoops() != 2)
      return false;
    innermost.reset(cast<AffineDimExpr>(elements.getResult(0)).getPosition()); // the vectors' loop stays
  }
  // One layout: what is transposed wants loops of its own.
  llvm::SmallPtrSet<Value, 16> buffers;
  for (auto [op, maps] : {std::pair(first, ArrayRef(firstMaps)), std::pair(second, ArrayRef(secondMaps))})
    for (auto [operand, map] : llvm::zip(op->getOperands(), maps)) {
      if (!isBuffer(operand) || map.getNumResults() == 0)
        continue;
      buffers.insert(operand);
      if (!map.isProjectedPermutation() || (map.isPermutation() && map != elements))
        return false;
    }
  if (buffers.size() > maxBuffers)
    return false;
  return reduced.none() || !(computesMore(first, firstMaps) || computesMore(second, secondMaps));
}

bool Merge::isPossible() { return findElements() && isOrdered() && isOneSweep(); }

linalg::GenericOp Merge::create(RewriterBase &rewriter) {
  rewriter.setInsertionPoint(second);
  SmallVector<Value> inputs, outputs;
  SmallVector<AffineMap> maps, outputMaps;
  // For each input of the second: its place among the merged op's inputs, or the first one's result that it reads.
  SmallVector<std::pair<bool, unsigned>> sources;
  for (OpOperand *input : first.getDpsInputOperands()) {
    inputs.push_back(input->get());
    maps.push_back(first.getMatchingIndexingMap(input));
  }
  for (OpOperand *input : second.getDpsInputOperands()) {
    AffineMap map = secondMaps[input->getOperandNumber()];
    auto written = llvm::find(first.getDpsInits(), input->get());
    if (isBuffer(input->get()) && written != first.getDpsInits().end()) {
      sources.push_back({true, unsigned(written - first.getDpsInits().begin())});
      continue;
    }
    unsigned place = 0;
    while (place < inputs.size() && !(inputs[place] == input->get() && maps[place] == map))
      ++place;
    sources.push_back({false, place});
    if (place < inputs.size())
      continue;
    inputs.push_back(input->get());
    maps.push_back(map);
  }
  for (OpOperand &init : first.getDpsInitsMutable()) {
    outputs.push_back(init.get());
    maps.push_back(first.getMatchingIndexingMap(&init));
  }
  for (OpOperand &init : second.getDpsInitsMutable()) {
    outputs.push_back(init.get());
    maps.push_back(secondMaps[init.getOperandNumber()]);
  }
  SmallVector<utils::IteratorType> iterators(reduced.size(), utils::IteratorType::parallel);
  for (unsigned loop : reduced.set_bits())
    iterators[loop] = utils::IteratorType::reduction;
  auto merged = linalg::GenericOp::create(
      rewriter, rewriter.getFusedLoc({first.getLoc(), second.getLoc()}), inputs, outputs, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ValueRange ofInputs = arguments.take_front(inputs.size()), ofOutputs = arguments.drop_front(inputs.size());
        IRMapping mapping;
        mapping.map(first.getRegionInputArgs(), ofInputs.take_front(first.getNumDpsInputs()));
        mapping.map(first.getRegionOutputArgs(), ofOutputs.take_front(first.getNumDpsInits()));
        auto clone = [&](linalg::GenericOp op) {
          for (Operation &inner : op.getBody()->without_terminator())
            builder.clone(inner, mapping);
          return llvm::map_to_vector(op.getBody()->getTerminator()->getOperands(),
                                     [&](Value value) { return mapping.lookupOrDefault(value); });
        };
        SmallVector<Value> results = clone(first);
        for (auto [argument, source] : llvm::zip(second.getRegionInputArgs(), sources))
          mapping.map(argument, source.first ? results[source.second] : ofInputs[source.second]);
        mapping.map(second.getRegionOutputArgs(), ofOutputs.drop_front(first.getNumDpsInits()));
        llvm::append_range(results, clone(second));
        linalg::YieldOp::create(builder, loc, results);
      });
  rewriter.eraseOp(first);
  rewriter.eraseOp(second);
  return merged;
}

/// Nothing between the two minds that the first comes later.
bool canMoveDown(Operation *first, Operation *second) {
  Footprint ofFirst(first);
  for (Operation *op = first->getNextNode(); op != second; op = op->getNextNode())
    if (!isMemoryEffectFree(op) && !isa<memref::AllocOp>(op) && ofFirst.conflictsWith(Footprint(op)))
      return false;
  return true;
}

/// What only went from one op to the other is not written any more.
void dropUnread(RewriterBase &rewriter, linalg::GenericOp op) {
  SmallVector<Value> inputs(op.getDpsInputs()), outputs, yielded(op.getBody()->getTerminator()->getOperands());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray(), kept(ArrayRef(maps).take_front(inputs.size()));
  SmallVector<unsigned> places;
  SmallVector<Operation *> unread;
  for (auto [index, init] : llvm::enumerate(op.getDpsInits())) {
    if (init.getDefiningOp<memref::AllocOp>() && init.hasOneUse() && op.getRegionOutputArgs()[index].use_empty()) {
      unread.push_back(init.getDefiningOp());
      continue;
    }
    places.push_back(index);
    outputs.push_back(init);
    kept.push_back(maps[inputs.size() + index]);
  }
  // It may be what alone says how long a loop is.
  bool isBounded = inversePermutation(concatAffineMaps(kept, op.getContext())) != AffineMap();
  if (outputs.empty() || unread.empty() || !isBounded)
    return;
  rewriter.setInsertionPoint(op);
  linalg::GenericOp::create(rewriter, op.getLoc(), inputs, outputs, kept, op.getIteratorTypesArray(),
                            [&](OpBuilder &builder, Location loc, ValueRange arguments) {
                              IRMapping mapping;
                              mapping.map(op.getRegionInputArgs(), arguments.take_front(inputs.size()));
                              for (auto [index, place] : llvm::enumerate(places))
                                mapping.map(op.getRegionOutputArgs()[place], arguments[inputs.size() + index]);
                              for (Operation &inner : op.getBody()->without_terminator())
                                builder.clone(inner, mapping);
                              linalg::YieldOp::create(builder, loc, llvm::map_to_vector(places, [&](unsigned place) {
                                                        return mapping.lookupOrDefault(yielded[place]);
                                                      }));
                            });
  rewriter.eraseOp(op);
  for (Operation *alloc : unread)
    rewriter.eraseOp(alloc);
}

void mergeGenerics(RewriterBase &rewriter, Block &block) {
  SmallVector<linalg::GenericOp> earlier;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isCandidate(op))
      continue;
    auto generic = cast<linalg::GenericOp>(op);
    // The nearest first: the others would have to pass it.
    for (unsigned index = earlier.size(), end = index - std::min<unsigned>(index, maxDistance); index > end; --index) {
      linalg::GenericOp before = earlier[index - 1];
      Merge merge(before, generic);
      if (!merge.isPossible() || !canMoveDown(before, generic))
        continue;
      generic = merge.create(rewriter);
      earlier.erase(earlier.begin() + index - 1);
      break;
    }
    earlier.push_back(generic);
  }
  for (linalg::GenericOp generic : earlier)
    dropUnread(rewriter, generic);
}

struct MergeGenerics : impl::MergeGenericsBase<MergeGenerics> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Block *> blocks;
    getOperation().walk([&](KernelOp kernel) {
      kernel->walk([&](Block *block) {
        if (!isa<linalg::LinalgOp>(block->getParentOp()))
          blocks.push_back(block);
      });
    });
    for (Block *block : blocks)
      mergeGenerics(rewriter, *block);
  }
};
} // namespace
} // namespace keel
