// Moves the scale and shift of a normalization into the weights of the linear layers that read it.
#include "passes/algebra/ScaleFolder.h"

#include "passes/algebra/LinearForm.h"
#include "passes/algebra/LinearLayer.h"

#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace keel;
using namespace keel::algebra;
using norm::Emitter;

namespace {
struct Reader : NormReader {
  std::string obstacle;
};

class ScaleFolder {
public:
  explicit ScaleFolder(StringRef passName) : passName(passName) {}

  /// Who reads the normalization; why it cannot be folded, or nothing.
  template <typename Op> std::string find(Op norm, int64_t axis, SmallVector<Reader> &readers) {
    for (Value parameter : {norm.getScale(), norm.getShift()})
      if (parameter && !state.dependsOnStateAlone(parameter))
        return "they are not state";
    for (OpOperand &use : norm.getResult().getUses()) {
      if (isa<tensor::DimOp>(use.getOwner()))
        continue;
      readers.push_back(describe(use, axis, /*hasShift=*/!!norm.getShift()));
      if (!readers.back().obstacle.empty())
        return readers.back().obstacle;
    }
    return "";
  }

  /// `axis` is the dimension of the normalization's result that scale and shift run along.
  template <typename Op> std::optional<SmallVector<NormReader>> fold(Op norm, int64_t axis) {
    auto options = remark::RemarkOpts::name(passName).category("algebra");
    SmallVector<Reader> readers;
    if (std::string obstacle = find(norm, axis, readers); !obstacle.empty()) {
      remark::missed(norm.getLoc(), options) << "scale and shift stay with the normalization: " + obstacle;
      return std::nullopt;
    }
    for (Reader &reader : readers)
      absorb(reader, norm.getScale(), norm.getShift());
    if (norm.getScale() || norm.getShift())
      remark::passed(norm.getLoc(), options) << "scale and shift are in the weights of the linear layers that read it";
    norm.getScaleMutable().clear();
    norm.getShiftMutable().clear();
    return SmallVector<NormReader>(readers.begin(), readers.end());
  }

private:
  Reader describe(OpOperand &use, int64_t axis, bool hasShift) {
    Reader reader;
    reader.op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    reader.obstacle = "the result is read by something else than linear layers with weights of state";
    if (!reader.op || reader.op->getNumResults() != 1 || !linalg::isaContractionOpInterface(reader.op) ||
        reader.op.isDpsInit(&use))
      return reader;
    reader.input = &use;
    reader.weights = reader.op.getDpsInputOperand(1 - use.getOperandNumber());
    AffineExpr loop = reader.op.getMatchingIndexingMap(&use).getResult(axis);
    AffineMap weightMap = reader.op.getMatchingIndexingMap(reader.weights);
    std::optional<unsigned> dim = weightMap.getResultPosition(loop);
    bool isSummed = isa<AffineDimExpr>(loop) && reader.op.getIteratorTypesArray()[cast<AffineDimExpr>(loop).getPosition()] ==
                                                    utils::IteratorType::reduction;
    if (!dim || !isSummed || !state.dependsOnStateAlone(reader.weights->get()))
      return reader;
    reader.inputDim = *dim;
    reader.obstacle = hasShift ? findBias(reader, weightMap) : "";
    return reader;
  }

  /// The shift times the weights is a vector along the outputs: they must be the weights' one other dimension, and the
  /// result must start from a vector along them.
  std::string findBias(Reader &reader, AffineMap weightMap) {
    OpOperand *init = reader.op.getDpsInitOperand(0);
    std::optional<unsigned> output;
    if (weightMap.getNumResults() == 2)
      output = reader.op.getMatchingIndexingMap(init).getResultPosition(weightMap.getResult(1 - reader.inputDim));
    if (!output)
      return "its shift has no place in a layer whose weights are not a matrix";
    reader.outputDim = *output;
    if (getLinearForm(init->get(), reader.outputDim).isZero())
      return "";
    reader.bias = vectorAlong(init->get(), reader.outputDim);
    return reader.bias && state.dependsOnStateAlone(reader.bias) ? "" : "the layer adds to something else than a bias";
  }

  void absorb(Reader &reader, Value scale, Value shift) {
    OpBuilder builder(reader.op);
    Location loc = reader.op.getLoc();
    Value weights = reader.weights->get();
    Emitter matrix(builder, loc, weights);
    if (shift)
      reader.op->setOperand(reader.op.getDpsInitOperand(0)->getOperandNumber(), startFrom(reader, matrix, shift));
    if (scale)
      reader.weights->set(matrix.map({matrix.over(weights), {scale, {reader.inputDim}}}, matrix.allDims(),
                                     matrix.getElementType(), [](OpBuilder &b, Location at, ValueRange in) -> Value {
                                       return arith::MulFOp::create(b, at, in[0], in[1]);
                                     }));
  }

  /// The layer's destination with bias + shift·weights along the outputs.
  Value startFrom(Reader &reader, Emitter &matrix, Value shift) {
    auto add = [](OpBuilder &b, Location at, Value x, Value y) { return arith::AddFOp::create(b, at, x, y); };
    Value vector = matrix.reduce({matrix.over(matrix.space), {shift, {reader.inputDim}}}, {1 - reader.inputDim}, 0.0,
                                 [&](OpBuilder &b, Location at, ValueRange in) -> Value {
                                   return add(b, at, in[2], arith::MulFOp::create(b, at, in[0], in[1]));
                                 });
    if (reader.bias) {
      Emitter emit(matrix.builder, matrix.loc, vector);
      vector = emit.map({{vector, {0}}, {reader.bias, {0}}}, {0}, emit.getElementType(),
                        [&](OpBuilder &b, Location at, ValueRange in) -> Value { return add(b, at, in[0], in[1]); });
    }
    Emitter result(matrix.builder, matrix.loc, reader.op.getDpsInits()[0]);
    return result.map({{vector, {reader.outputDim}}}, result.allDims(), result.getElementType(),
                      [](OpBuilder &, Location, ValueRange in) { return in[0]; });
  }

  StringRef passName;
  StateDependence state;
};
} // namespace

/// Calls `fold` with the normalization and the dimension that scale and shift run along; nothing where they run along several.
template <typename Result, typename Fold> static Result withAxis(Operation *op, Fold fold) {
  if (auto norm = dyn_cast<norm::GroupNormOp>(op))
    return fold(norm, norm.getChannel());
  if (auto norm = dyn_cast<norm::BatchNormInferenceOp>(op))
    return fold(norm, norm.getChannel());
  if (auto norm = dyn_cast<norm::LayerNormOp>(op); norm && norm.getAxes().size() == 1)
    return fold(norm, norm.getAxes()[0]);
  if (auto norm = dyn_cast<norm::RmsNormOp>(op); norm && norm.getAxes().size() == 1)
    return fold(norm, norm.getAxes()[0]);
  return Result();
}

// The IR changes between two norms, and with it what is known about state.
std::optional<SmallVector<NormReader>> keel::algebra::foldScale(Operation *op, StringRef passName) {
  return withAxis<std::optional<SmallVector<NormReader>>>(op, [&](auto norm, int64_t axis) { return ScaleFolder(passName).fold(norm, axis); });
}

bool keel::algebra::canFoldScale(Operation *op) {
  return withAxis<bool>(op, [](auto norm, int64_t axis) {
    SmallVector<Reader> readers;
    return ScaleFolder("").find(norm, axis, readers).empty();
  });
}
