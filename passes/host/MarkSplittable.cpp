// Marks the entries whose results' rows depend on the same rows of the arguments alone.
#include "passes/fuse/RowLoop.h"
#include "passes/host/Host.h"
#include "passes/host/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_MARKSPLITTABLE
#include "passes/host/Passes.h.inc"

namespace {

/// The dimension of a tensor that runs over the cases of the batch, `each` elements for a case.
struct Cases {
  int64_t dim, each;
  bool operator==(const Cases &) const = default;
};

/// Follows the batch through a function; every visit says whether each case stays by itself.
class BatchAnalysis {
public:
  bool run(func::FuncOp function) {
    for (BlockArgument argument : function.getArguments())
      if (auto type = dyn_cast<RankedTensorType>(argument.getType()); type && type.getRank() && type.isDynamicDim(0))
        cases[argument] = {0, 1};
    Operation *end = function.front().getTerminator();
    return llvm::hasSingleElement(function.getBody()) && visit(function.front()) &&
           llvm::all_of(end->getOperands(), [&](Value result) { return find(result) == Cases{0, 1}; });
  }

private:
  std::optional<Cases> find(Value value) const {
    auto found = cases.find(value);
    return found == cases.end() ? std::nullopt : std::optional(found->second);
  }
  bool isFree(Value value) const { return !cases.contains(value) && !extents.contains(value); }
  bool set(Value value, std::optional<Cases> found) {
    if (found)
      cases[value] = *found;
    return true;
  }

  bool visit(Block &block) {
    return llvm::all_of(block.without_terminator(), [&](Operation &op) { return visit(op); });
  }

  bool visit(Operation &op) {
    if (LoopNest::get(&op))
      return visitLoops(op);
    if (auto dim = dyn_cast<tensor::DimOp>(op)) {
      std::optional<Cases> found = find(dim.getSource());
      if (found && !dim.getConstantIndex())
        return false;
      if (found && dim.getConstantIndex() == found->dim)
        extents[dim] = found->each;
      return true;
    }
    if (auto apply = dyn_cast<affine::AffineApplyOp>(op);
        apply && !llvm::all_of(op.getOperands(), [&](Value v) { return isFree(v); })) {
      std::optional<std::pair<int64_t, int64_t>> value = evaluate(apply.getAffineMap().getResult(0), apply);
      if (!value || value->second != 0)
        return false;
      extents[apply] = value->first;
      return true;
    }
    if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
      for (auto [dim, size] : llvm::enumerate(empty.getMixedSizes()))
        if (std::optional<int64_t> each = findExtent(size);
            each && !cases.try_emplace(empty, Cases{int64_t(dim), *each}).second)
          return false;
      return true;
    }
    if (isa<tensor::CastOp>(op))
      return set(op.getResult(0), find(op.getOperand(0)));
    if (isa<bufferization::MaterializeInDestinationOp>(op))
      return find(op.getOperand(0)) == find(op.getOperand(1)) && set(op.getResult(0), find(op.getOperand(0)));
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return visitExpansion(expand);
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
      return visitCollapse(collapse);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return visitSlice(slice, slice.getSource(), slice.getDroppedDims(), slice.getResult());
    if (auto slice = dyn_cast<tensor::InsertSliceOp>(op)) {
      Value part = slice.getSource();
      std::optional<Cases> found = find(part);
      return visitSlice(slice, slice.getDest(), slice.getDroppedDims(), part) && find(part) == found &&
             set(slice.getResult(), find(slice.getDest()));
    }
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return isFree(loop.getLowerBound()) && isFree(loop.getUpperBound()) && isFree(loop.getStep()) &&
             copy(loop.getInitArgs(), loop.getRegionIterArgs()) && visit(*loop.getBody()) &&
             agree(loop.getYieldedValues(), loop.getInitArgs()) && copy(loop.getInitArgs(), loop.getResults());
    if (auto loop = dyn_cast<scf::WhileOp>(op))
      return copy(loop.getInits(), loop.getBeforeArguments()) && visit(*loop.getBeforeBody()) &&
             isFree(loop.getConditionOp().getCondition()) &&
             copy(loop.getConditionOp().getArgs(), loop.getAfterArguments()) && visit(*loop.getAfterBody()) &&
             agree(loop.getYieldOp().getOperands(), loop.getInits()) &&
             copy(loop.getConditionOp().getArgs(), loop.getResults());
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return visit(*branch.thenBlock()) && (!branch.elseBlock() || visit(*branch.elseBlock())) &&
             (!branch.elseBlock() || agree(branch.thenYield().getOperands(), branch.elseYield().getOperands())) &&
             (op.getNumResults() == 0 || copy(branch.thenYield().getOperands(), op.getResults()));
    // Anything else is left alone as long as it does not see the batch.
    llvm::SetVector<Value> read(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), read);
    return llvm::all_of(read, [&](Value value) { return isFree(value); }) && !hasEffect<MemoryEffects::Write>(&op);
  }

  bool copy(ValueRange from, ValueRange to) {
    return llvm::all_of(llvm::zip_equal(from, to), [&](auto pair) {
      auto [source, target] = pair;
      return !extents.contains(source) && set(target, find(source));
    });
  }
  bool agree(ValueRange left, ValueRange right) const {
    return llvm::all_of(llvm::zip_equal(left, right), [&](auto pair) {
      auto [a, b] = pair;
      return find(a) == find(b) && !extents.contains(a);
    });
  }

  std::optional<int64_t> findExtent(OpFoldResult size) const {
    auto value = dyn_cast<Value>(size);
    auto found = value ? extents.find(value) : extents.end();
    return found == extents.end() ? std::nullopt : std::optional(found->second);
  }

  /// An expression of extents as (a multiple of the batch, plus a constant).
  std::optional<std::pair<int64_t, int64_t>> evaluate(AffineExpr expr, affine::AffineApplyOp apply) const {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return std::pair<int64_t, int64_t>(0, constant.getValue());
    if (!isa<AffineBinaryOpExpr>(expr)) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      unsigned position =
          dim ? dim.getPosition() : apply.getAffineMap().getNumDims() + cast<AffineSymbolExpr>(expr).getPosition();
      Value operand = apply.getMapOperands()[position];
      if (std::optional<int64_t> constant = getConstantIntValue(operand))
        return std::pair<int64_t, int64_t>(0, *constant);
      std::optional<int64_t> each = findExtent(operand);
      return each ? std::optional(std::pair<int64_t, int64_t>(*each, 0)) : std::nullopt;
    }
    auto binary = cast<AffineBinaryOpExpr>(expr);
    auto left = evaluate(binary.getLHS(), apply), right = evaluate(binary.getRHS(), apply);
    if (!left || !right)
      return std::nullopt;
    if (expr.getKind() == AffineExprKind::Add)
      return std::pair(left->first + right->first, left->second + right->second);
    if (right->first != 0)
      return std::nullopt;
    int64_t factor = right->second;
    if (expr.getKind() == AffineExprKind::Mul)
      return std::pair(left->first * factor, left->second * factor);
    bool isExact =
        expr.getKind() != AffineExprKind::Mod && factor > 0 && left->first % factor == 0 && left->second % factor == 0;
    return isExact ? std::optional(std::pair(left->first / factor, left->second / factor)) : std::nullopt;
  }

  /// A structured op whose operands' cases are all gone over by one parallel loop, by no other and by nothing else.
  bool visitLoops(Operation &op) {
    LoopNest nest = *LoopNest::get(&op);
    std::optional<unsigned> loop;
    int64_t each = 0;
    auto isSame = [&](AffineMap map, Cases found) {
      std::optional<unsigned> its = loopOfDim(map, found.dim);
      if (!its || dimOfLoop(map, *its) != found.dim || (loop && (loop != its || each != found.each)))
        return false;
      loop = its;
      each = found.each;
      return true;
    };
    for (auto [map, operand] : llvm::zip_equal(nest.operandMaps, op.getOperands()))
      if (std::optional<Cases> found = find(operand); extents.contains(operand) || (found && !isSame(map, *found)))
        return false;
    if (loop && !nest.isParallel(*loop))
      return false;
    for (auto [map, operand] : llvm::zip_equal(nest.operandMaps, op.getOperands()))
      if (loop && !find(operand) && usesLoop(map, *loop))
        return false;
    if (!bodyKeepsCases(op, loop, each))
      return false;
    for (auto [map, result] : llvm::zip(nest.resultMaps, op.getResults()))
      if (loop) {
        std::optional<unsigned> dim = dimOfLoop(map, *loop);
        if (!dim)
          return false;
        cases[result] = {int64_t(*dim), each};
      }
    return true;
  }

  /// The body reads a captured batch at its own case, and asks for the number of the case nowhere else.
  bool bodyKeepsCases(Operation &op, std::optional<unsigned> loop, int64_t each) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegions(), captured);
    if (llvm::any_of(captured, [&](Value value) { return extents.contains(value); }))
      return false;
    auto isCase = [&](Value index) {
      auto position = index.getDefiningOp<linalg::IndexOp>();
      return position && position.getDim() == loop;
    };
    WalkResult result = op.walk([&](Operation *inner) -> WalkResult {
      auto extract = dyn_cast<tensor::ExtractOp>(inner);
      std::optional<Cases> found = extract ? find(extract.getTensor()) : std::nullopt;
      for (OpOperand &operand : inner->getOpOperands()) {
        bool isPlace = found && operand.getOperandNumber() == unsigned(found->dim) + 1;
        if (inner != &op && ((cases.contains(operand.get()) && !extract) || isPlace != isCase(operand.get()) ||
                             (isPlace && found->each != each)))
          return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    return !result.wasInterrupted();
  }

  bool visitExpansion(tensor::ExpandShapeOp op) {
    std::optional<Cases> found = find(op.getSrc());
    if (!found)
      return true;
    int64_t inner = 1;
    ReassociationIndices parts = op.getReassociationIndices()[found->dim];
    RankedTensorType type = op.getResultType();
    for (int64_t part : llvm::reverse(parts)) {
      if (type.isDynamicDim(part))
        return found->each % inner == 0 && set(op.getResult(), Cases{part, found->each / inner}) &&
               llvm::all_of(ArrayRef(parts).take_while([&](int64_t before) { return before != part; }),
                            [&](int64_t before) { return type.getDimSize(before) == 1; });
      inner *= type.getDimSize(part);
    }
    return false;
  }

  bool visitCollapse(tensor::CollapseShapeOp op) {
    std::optional<Cases> found = find(op.getSrc());
    if (!found)
      return true;
    RankedTensorType type = op.getSrcType();
    for (auto [dim, parts] : llvm::enumerate(op.getReassociationIndices())) {
      if (!llvm::is_contained(parts, found->dim))
        continue;
      int64_t each = found->each;
      for (int64_t part : parts) {
        if (part != found->dim && (type.isDynamicDim(part) || (part < found->dim && type.getDimSize(part) != 1)))
          return false;
        each *= part > found->dim ? type.getDimSize(part) : 1;
      }
      return set(op.getResult(), Cases{int64_t(dim), each});
    }
    return false;
  }

  /// A part of `whole` has all of its cases; what the part's are is set.
  bool visitSlice(OffsetSizeAndStrideOpInterface op, Value whole, const llvm::SmallBitVector &dropped, Value part) {
    std::optional<Cases> found = find(whole);
    for (auto [dim, offset, size, stride] :
         llvm::enumerate(op.getMixedOffsets(), op.getMixedSizes(), op.getMixedStrides())) {
      bool isBatch = found && found->dim == int64_t(dim);
      if (findExtent(offset) || findExtent(stride) ||
          findExtent(size) != (isBatch ? std::optional(found->each) : std::nullopt) ||
          (isBatch && (!isConstantIntValue(offset, 0) || !isConstantIntValue(stride, 1) || dropped[dim])))
        return false;
    }
    if (!found)
      return !find(part);
    int64_t before = llvm::count_if(dropped.set_bits(), [&](unsigned dim) { return int64_t(dim) < found->dim; });
    return set(part, Cases{found->dim - before, found->each});
  }

  DenseMap<Value, Cases> cases;
  DenseMap<Value, int64_t> extents; // index values that are a multiple of the batch
};

struct MarkSplittable : impl::MarkSplittableBase<MarkSplittable> {
  void runOnOperation() override {
    for (func::FuncOp entry : getEntries(getOperation()))
      if (BatchAnalysis().run(entry))
        entry->setAttr(splittableAttribute, UnitAttr::get(&getContext()));
  }
};
} // namespace
} // namespace keel
