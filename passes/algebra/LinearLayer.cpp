// Matches contractions by their bodies and maps, so that named ops, generic ops and convolutions are all one case.
#include "passes/algebra/LinearLayer.h"

#include "passes/algebra/LinearForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace keel::algebra;

std::optional<SmallVector<int64_t>> keel::algebra::operandDims(OpOperand &operand) {
  auto op = dyn_cast<linalg::LinalgOp>(operand.getOwner());
  if (!op)
    return llvm::to_vector(llvm::seq<int64_t>(cast<RankedTensorType>(operand.get().getType()).getRank()));
  if (!op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return std::nullopt;
  SmallVector<int64_t> dims;
  for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return std::nullopt;
    dims.push_back(dim.getPosition());
  }
  return dims;
}

Value keel::algebra::vectorAlong(Value value, int64_t dim) {
  while (cast<RankedTensorType>(value.getType()).getRank() != 1) {
    auto op = value.getDefiningOp<linalg::LinalgOp>();
    bool copies = op && op.getNumDpsInputs() == 1 && op.getBlock()->getOperations().size() == 1;
    LinearForm form = copies ? getLinearForm(value, dim) : LinearForm();
    if (form.terms.size() != 1 || !form.holds())
      return {};
    value = form.terms[0].operand->get();
    dim = form.terms[0].dim;
  }
  return value;
}

bool keel::algebra::isSoleReader(OpOperand &use) {
  return llvm::all_of(use.get().getUses(), [&](OpOperand &other) {
    auto op = dyn_cast<linalg::LinalgOp>(other.getOwner());
    bool readsShape =
        isa<tensor::DimOp>(other.getOwner()) || (op && op.isDpsInit(&other) && !op.payloadUsesValueFromOperand(&other));
    return &other == &use || readsShape;
  });
}

namespace {

/// The input that a body's factor is an element of, widened or not.
OpOperand *factorOf(linalg::LinalgOp op, Value factor) {
  if (auto widened = factor.getDefiningOp<arith::ExtFOp>())
    factor = widened.getIn();
  auto argument = dyn_cast<BlockArgument>(factor);
  bool isInput = argument && argument.getOwner() == op.getBlock() && argument.getArgNumber() < op.getNumDpsInputs();
  return isInput ? op.getDpsInputOperand(argument.getArgNumber()) : nullptr;
}

/// Sets input, weights and outputDim if the op is `acc + x·w` with the outputs along result dimension `channel`.
bool matchContraction(linalg::LinalgOp op, int64_t channel, LinearLayer &layer) {
  auto sum = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum || op.getNumDpsInputs() != 2 || op->getNumResults() != 1 || !op.getNumReductionLoops())
    return false;
  Value accumulator = op.getBlock()->getArgument(2);
  bool first = sum.getLhs() == accumulator;
  auto product = (first ? sum.getRhs() : sum.getLhs()).getDefiningOp<arith::MulFOp>();
  auto loop = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResult(channel));
  if (!product || !loop || (!first && sum.getRhs() != accumulator))
    return false;
  OpOperand *input = factorOf(op, product.getLhs()), *weights = factorOf(op, product.getRhs());
  if (!input || !weights || input == weights)
    return false;
  if (op.getMatchingIndexingMap(input).isFunctionOfDim(loop.getPosition()))
    std::swap(input, weights);
  AffineMap map = op.getMatchingIndexingMap(weights);
  if (op.getMatchingIndexingMap(input).isFunctionOfDim(loop.getPosition()) ||
      !map.isFunctionOfDim(loop.getPosition()) || !map.isProjectedPermutation())
    return false;
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (expr == loop)
      layer.outputDim = i;
    else if (iterators[cast<AffineDimExpr>(expr).getPosition()] != utils::IteratorType::reduction)
      return false;
  }
  layer.contraction = op;
  layer.input = input;
  layer.weights = weights;
  return true;
}

} // namespace

LinearLayer keel::algebra::matchLinearLayer(OpOperand &use, int64_t channel) {
  LinearLayer layer;
  auto fail = [&](StringRef obstacle) {
    layer.obstacle = obstacle;
    return layer;
  };
  for (OpOperand *reader = &use;;) {
    Value value = reader->get();
    Operation *def = value.getDefiningOp();
    if (!def)
      return fail("its input is an argument of the function");
    if (!isSoleReader(*reader))
      return fail("the linear layer's result has other readers");
    if (auto op = dyn_cast<linalg::LinalgOp>(def); op && matchContraction(op, channel, layer)) {
      Value init = op.getDpsInitOperand(0)->get();
      if (getLinearForm(init, channel).isZero())
        return layer;
      Value bias = vectorAlong(init, channel);
      if (!bias)
        return fail("the linear layer accumulates onto another tensor");
      layer.biases.push_back(bias);
      return layer;
    }
    if (!isPairwise<arith::AddFOp>(def))
      return fail("no linear layer makes its input");
    OpOperand *inner = nullptr;
    for (int64_t i : {0, 1}) {
      OpOperand &summand = def->getOpOperand(i), &other = def->getOpOperand(1 - i);
      std::optional<SmallVector<int64_t>> dims = operandDims(summand), otherDims = operandDims(other);
      if (inner || !dims || !otherDims || summand.get().getType() != value.getType() ||
          !llvm::equal(*dims, llvm::seq<int64_t>(dims->size())) || !llvm::is_contained(*otherDims, channel))
        continue;
      if (Value bias = vectorAlong(other.get(), llvm::find(*otherDims, channel) - otherDims->begin())) {
        layer.biases.push_back(bias);
        inner = &summand;
      }
    }
    if (!inner)
      return fail("no linear layer makes its input");
    reader = inner;
  }
}

Value keel::algebra::rebuild(OpBuilder &builder, LinearLayer layer, Value weights, Value init) {
  auto copy = cast<linalg::LinalgOp>(builder.clone(*layer.contraction.getOperation()));
  copy->setOperand(layer.weights->getOperandNumber(), weights);
  copy.setDpsInitOperand(0, init);
  return copy->getResult(0);
}

void keel::algebra::eraseUnused(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def || !isOpTriviallyDead(def))
    return;
  SmallVector<Value> operands = llvm::to_vector(def->getOperands());
  def->erase();
  for (Value operand : operands)
    eraseUnused(operand);
}
