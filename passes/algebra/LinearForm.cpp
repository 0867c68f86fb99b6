// Reads off the body of an op how its result depends on each operand along one axis.
#include "passes/algebra/LinearForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace keel::algebra;

namespace {

/// What a scalar of a body is along the axis: zero, constant, a sum of terms, or nothing that helps.
enum class Kind { Zero, Row, Linear, Other };

std::string nameOf(Operation *op) { return ("'" + op->getName().getStringRef() + "'").str(); }

/// Walks the body of one linalg op; the axis is its loop `axis`.
class BodyReader {
public:
  BodyReader(linalg::LinalgOp op, int64_t axis, LinearForm &form) : op(op), axis(axis), form(form) {}

  Kind classify(Value scalar) {
    auto found = known.find(scalar);
    return found != known.end() ? found->second : known[scalar] = compute(scalar);
  }

private:
  Kind obstruct(std::string reason) {
    if (form.obstacle.empty())
      form.obstacle = std::move(reason);
    return Kind::Other;
  }

  Kind compute(Value scalar) {
    if (auto argument = dyn_cast<BlockArgument>(scalar); argument && argument.getOwner() == op.getBlock())
      return element(argument);
    Operation *def = scalar.getDefiningOp();
    if (def && matchPattern(def, m_AnyZeroFloat()))
      return Kind::Zero;
    if (!def || !op->isProperAncestor(def))
      return Kind::Row;
    if (auto index = dyn_cast<linalg::IndexOp>(def))
      return static_cast<int64_t>(index.getDim()) == axis ? Kind::Other : Kind::Row;
    if (auto extract = dyn_cast<tensor::ExtractOp>(def))
      return gathered(extract);
    return combine(def);
  }

  /// An element of an operand: a term if it moves with the axis.
  Kind element(BlockArgument argument) {
    OpOperand *operand = op.getMatchingOpOperand(argument);
    if (matchPattern(operand->get(), m_AnyZeroFloat()))
      return Kind::Zero;
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (!map.isFunctionOfDim(axis))
      return Kind::Row;
    std::optional<int64_t> dim;
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      if (!expr.isFunctionOfDim(axis))
        continue;
      if (dim || !isa<AffineDimExpr>(expr))
        return obstruct("reads neighbours along the axis");
      dim = i;
    }
    form.terms.push_back({operand, *dim});
    return Kind::Linear;
  }

  /// An element of a table: a term if the axis is exactly one of its indices.
  Kind gathered(tensor::ExtractOp extract) {
    std::optional<int64_t> dim;
    for (auto [i, index] : llvm::enumerate(extract.getIndices())) {
      auto loop = index.getDefiningOp<linalg::IndexOp>();
      if (loop && static_cast<int64_t>(loop.getDim()) == axis && !dim)
        dim = i;
      else if (classify(index) != Kind::Row && classify(index) != Kind::Zero)
        return obstruct("gathers along the axis");
    }
    if (!dim)
      return Kind::Row;
    form.terms.push_back({&extract.getTensorMutable(), *dim});
    return Kind::Linear;
  }

  Kind combine(Operation *def) {
    SmallVector<Kind> kinds = llvm::map_to_vector(def->getOperands(), [&](Value v) { return classify(v); });
    if (llvm::is_contained(kinds, Kind::Other))
      return obstruct("depends on the position along the axis in " + nameOf(def));
    if (def->getNumRegions())
      return obstruct("goes through " + nameOf(def));
    bool anyTerm = llvm::is_contained(kinds, Kind::Linear);
    auto isSum = [&](ArrayRef<Kind> summands) {
      if (llvm::all_of(summands, [](Kind kind) { return kind == Kind::Zero; }))
        return Kind::Zero;
      if (!llvm::is_contained(summands, Kind::Linear))
        return Kind::Row;
      return llvm::is_contained(summands, Kind::Row) ? obstruct("adds a value that is constant along the axis")
                                                     : Kind::Linear;
    };
    if (isa<arith::AddFOp, arith::SubFOp, arith::NegFOp, arith::ExtFOp, arith::TruncFOp>(def))
      return isSum(kinds);
    if (isa<arith::MulFOp>(def)) {
      if (llvm::is_contained(kinds, Kind::Zero))
        return Kind::Zero;
      return !anyTerm               ? Kind::Row
             : kinds[0] == kinds[1] ? obstruct("is multiplied by a value that varies along the axis")
                                    : Kind::Linear;
    }
    if (isa<arith::DivFOp>(def) && kinds[1] == Kind::Row)
      return kinds[0];
    if (isa<arith::SelectOp>(def) && kinds[0] == Kind::Row)
      return isSum(ArrayRef(kinds).drop_front());
    return anyTerm ? obstruct("goes through " + nameOf(def)) : Kind::Row;
  }

  linalg::LinalgOp op;
  int64_t axis;
  LinearForm &form;
  llvm::DenseMap<Value, Kind> known;
};

/// The loop of a linalg op that dimension `dim` of an operand follows, if it is one.
std::optional<int64_t> loopOf(linalg::LinalgOp op, OpOperand *operand, int64_t dim) {
  auto expr = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(operand).getResult(dim));
  return expr ? std::optional<int64_t>(expr.getPosition()) : std::nullopt;
}

/// Where a dimension goes when a tensor is reshaped, if no other dimension is merged with it.
std::optional<int64_t> groupOf(ArrayRef<ReassociationIndices> groups, int64_t dim) {
  for (auto [i, group] : llvm::enumerate(groups))
    if (group.size() == 1 && group[0] == dim)
      return i;
  return std::nullopt;
}
std::optional<int64_t> memberOf(ArrayRef<ReassociationIndices> groups, int64_t dim) {
  return groups[dim].size() == 1 ? std::optional<int64_t>(groups[dim][0]) : std::nullopt;
}

template <typename SliceOp> bool takesAllOf(SliceOp slice, RankedTensorType full, RankedTensorType part, int64_t dim) {
  return full.getRank() == part.getRank() && slice.isDynamicOffset(dim) == false && slice.getStaticOffset(dim) == 0 &&
         !full.isDynamicDim(dim) && full.getDimSize(dim) == part.getDimSize(dim);
}

/// Ops on whole tensors that keep every position along the axis where it is.
bool isPositionwise(Operation *op) {
  return isa<tensor::CastOp, arith::AddFOp, arith::SubFOp, arith::NegFOp, arith::ExtFOp, arith::TruncFOp>(op);
}

LinearForm obstacle(std::string reason) { return {{}, std::move(reason)}; }

} // namespace

LinearForm keel::algebra::getLinearForm(Value value, int64_t dim) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return obstacle("is an argument of the function");
  if (matchPattern(def, m_AnyZeroFloat()))
    return {};
  if (auto op = dyn_cast<linalg::LinalgOp>(def)) {
    std::optional<int64_t> axis;
    if (op->getNumResults() == 1)
      axis = loopOf(op, op.getDpsInitOperand(0), dim);
    if (!axis)
      return obstacle("is computed by " + nameOf(def) + ", which has other results or a permuting output");
    LinearForm form;
    Kind kind = BodyReader(op, *axis, form).classify(op.getBlock()->getTerminator()->getOperand(0));
    if (kind == Kind::Row && form.holds())
      form.obstacle = "is constant along the axis";
    return form;
  }
  LinearForm form;
  auto takeOperands = [&](std::optional<int64_t> source) {
    if (!source)
      return obstacle("is reshaped along the axis");
    for (OpOperand &operand : def->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()))
        form.terms.push_back({&operand, *source});
    return form;
  };
  if (isPositionwise(def))
    return takeOperands(dim);
  if (auto op = dyn_cast<tensor::ExpandShapeOp>(def))
    return takeOperands(groupOf(op.getReassociationIndices(), dim));
  if (auto op = dyn_cast<tensor::CollapseShapeOp>(def))
    return takeOperands(memberOf(op.getReassociationIndices(), dim));
  if (auto op = dyn_cast<tensor::ConcatOp>(def); op && static_cast<int64_t>(op.getDim()) != dim)
    return takeOperands(dim);
  if (auto op = dyn_cast<tensor::ExtractSliceOp>(def); op && takesAllOf(op, op.getSourceType(), op.getType(), dim))
    return takeOperands(dim);
  if (auto op = dyn_cast<tensor::InsertSliceOp>(def); op && takesAllOf(op, op.getType(), op.getSourceType(), dim))
    return takeOperands(dim);
  return obstacle("is computed by " + nameOf(def));
}

Reading keel::algebra::followAxis(OpOperand &use, int64_t dim) {
  Operation *owner = use.getOwner();
  if (isa<tensor::DimOp>(owner))
    return {};
  if (auto extract = dyn_cast<tensor::ExtractOp>(owner)) {
    auto parent = dyn_cast<linalg::LinalgOp>(owner->getParentOp());
    auto loop = extract.getIndices()[dim].getDefiningOp<linalg::IndexOp>();
    if (!parent || !loop || parent->getNumResults() != 1)
      return {{}, 0, "is read element by element"};
    for (int64_t i = 0, e = parent.getRank(parent.getDpsInitOperand(0)); i < e; ++i)
      if (loopOf(parent, parent.getDpsInitOperand(0), i) == static_cast<int64_t>(loop.getDim()))
        return {parent->getResult(0), i, ""};
    return {{}, 0, "is summed along the axis by " + nameOf(parent)};
  }
  if (auto op = dyn_cast<linalg::LinalgOp>(owner)) {
    if (op.isDpsInit(&use) && !op.payloadUsesValueFromOperand(&use))
      return {};
    std::optional<int64_t> axis = loopOf(op, &use, dim);
    if (axis && op->getNumResults() == 1)
      for (int64_t i = 0, e = op.getRank(op.getDpsInitOperand(0)); i < e; ++i)
        if (loopOf(op, op.getDpsInitOperand(0), i) == axis)
          return {op->getResult(0), i, ""};
    return {{}, 0, "is contracted along the axis by " + nameOf(owner)};
  }
  std::optional<int64_t> target;
  if (isPositionwise(owner) || isa<tensor::ConcatOp, tensor::ExtractSliceOp, tensor::InsertSliceOp>(owner))
    target = dim;
  else if (auto op = dyn_cast<tensor::ExpandShapeOp>(owner))
    target = memberOf(op.getReassociationIndices(), dim);
  else if (auto op = dyn_cast<tensor::CollapseShapeOp>(owner))
    target = groupOf(op.getReassociationIndices(), dim);
  if (!target || *target >= cast<RankedTensorType>(owner->getResult(0).getType()).getRank())
    return {{}, 0, "is read by " + nameOf(owner)};
  return {owner->getResult(0), *target, ""};
}
