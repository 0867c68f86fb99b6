// Verifiers: what the op found, what it expects, what to do.
#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"

using namespace mlir;
using namespace keel::norm;

namespace {

bool fits(int64_t found, int64_t expected) {
  return ShapedType::isDynamic(found) || ShapedType::isDynamic(expected) || found == expected;
}

bool fits(ArrayRef<int64_t> found, ArrayRef<int64_t> expected) {
  return found.size() == expected.size() &&
         llvm::all_of(llvm::zip_equal(found, expected), [](auto pair) { return fits(std::get<0>(pair), std::get<1>(pair)); });
}

/// "4x?", as in a tensor type; "nothing" for rank 0.
std::string shapeText(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "nothing (rank 0)";
  return llvm::join(llvm::map_range(shape, [](int64_t size) {
                      return ShapedType::isDynamic(size) ? std::string("?") : std::to_string(size);
                    }), "x");
}

LogicalResult checkAxes(Operation *op, RankedTensorType input, ArrayRef<int64_t> axes) {
  if (axes.empty())
    return op->emitOpError("needs at least one axis to normalize over, found axes = []");
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (axis < 0 || axis >= input.getRank())
      return op->emitOpError("axis ") << axis << " is out of range: " << input << " has the axes 0 to "
                                      << input.getRank() - 1;
    if (i && axes[i - 1] >= axis)
      return op->emitOpError("axes must be strictly increasing, found ") << axes[i - 1] << " before " << axis;
  }
  return success();
}

LogicalResult checkChannel(Operation *op, RankedTensorType input, int64_t channel) {
  if (channel < 0 || channel >= input.getRank())
    return op->emitOpError("channel = ") << channel << " is out of range: " << input << " has the dimensions 0 to "
                                         << input.getRank() - 1;
  return success();
}

LogicalResult checkEpsilon(Operation *op, const APFloat &epsilon) {
  if (!epsilon.isFinite() || (epsilon.isNegative() && !epsilon.isZero()))
    return op->emitOpError("epsilon is added to a variance: expected a finite number of at least 0, found ")
           << epsilon.convertToDouble();
  return success();
}

/// A vector that belongs to the input: its shape, and the element types it may have.
LogicalResult checkVector(Operation *op, StringRef name, Value value, RankedTensorType input, ArrayRef<int64_t> shape) {
  if (!value)
    return success();
  auto type = cast<RankedTensorType>(value.getType());
  if (!fits(type.getShape(), shape))
    return op->emitOpError() << name << " must have the shape " << shapeText(shape)
                             << " of what it belongs to in the input " << input << ", found " << type;
  Type accumulation = getAccumulationType(input.getElementType());
  if (type.getElementType() != input.getElementType() && type.getElementType() != accumulation) {
    InFlightDiagnostic error = op->emitOpError() << name << " must have the input's element type, "
                                                 << input.getElementType();
    if (accumulation != input.getElementType())
      error << ", or the statistics', " << accumulation;
    return error << ", found " << type.getElementType() << "; cast it first";
  }
  return success();
}

SmallVector<int64_t> extentsOf(RankedTensorType type, ArrayRef<int64_t> dims) {
  return llvm::map_to_vector(dims, [&](int64_t dim) { return type.getDimSize(dim); });
}

/// Scale and shift of a forward op, or the scale of a gradient op with the gradients that it returns.
template <typename Op> LogicalResult checkParameters(Op op, ArrayRef<int64_t> shape) {
  RankedTensorType input = op.getInput().getType();
  if (failed(checkVector(op, "scale", op.getScale(), input, shape)))
    return failure();
  if constexpr (requires { op.getShift(); }) {
    return checkVector(op, "shift", op.getShift(), input, shape);
  } else {
    if (op.getDscale() && !op.getScale())
      return op.emitOpError("returns dscale without having a scale; give it scale(...) or drop dscale");
    return success(succeeded(checkVector(op, "dscale", op.getDscale(), input, shape)) &&
                   succeeded(checkVector(op, "dshift", op.getDshift(), input, shape)));
  }
}

template <typename Op> LogicalResult verifyLayer(Op op) {
  RankedTensorType input = op.getInput().getType();
  if (failed(checkAxes(op, input, op.getAxes())) || failed(checkEpsilon(op, op.getEpsilon())))
    return failure();
  return checkParameters(op, extentsOf(input, op.getAxes()));
}

template <typename Op> LogicalResult verifyGroup(Op op) {
  RankedTensorType input = op.getInput().getType();
  int64_t channel = op.getChannel(), groups = op.getGroups();
  if (failed(checkChannel(op, input, channel)) || failed(checkEpsilon(op, op.getEpsilon())))
    return failure();
  if (channel == 0)
    return op.emitOpError("channel = 0 is the dimension of the cases; the channels are 1 (NCHW) or the last (NHWC)");
  int64_t channels = input.getDimSize(channel);
  if (ShapedType::isDynamic(channels))
    return op.emitOpError("needs a static number of channels to cut into groups, found ") << input;
  if (groups <= 0 || channels % groups != 0)
    return op.emitOpError("groups must divide the ") << channels << " channels of " << input << ", found " << groups;
  return checkParameters(op, {channels});
}

template <typename Op> LogicalResult verifyBatch(Op op) {
  RankedTensorType input = op.getInput().getType();
  if (failed(checkChannel(op, input, op.getChannel())) || failed(checkEpsilon(op, op.getEpsilon())))
    return failure();
  return checkParameters(op, extentsOf(input, {static_cast<int64_t>(op.getChannel())}));
}

template <typename Op> LogicalResult verifyStatistics(Op op, StringRef name, Value statistic) {
  RankedTensorType input = op.getInput().getType();
  return checkVector(op, name, statistic, input, extentsOf(input, {static_cast<int64_t>(op.getChannel())}));
}

/// Logits, labels and the loss or its gradient.
template <typename Op> LogicalResult verifyCrossEntropy(Op op, StringRef name, RankedTensorType loss) {
  RankedTensorType logits = op.getLogits().getType();
  auto labels = cast<RankedTensorType>(op.getLabels().getType());
  if (logits.getRank() == 0)
    return op.emitOpError("needs logits with a dimension of classes, the last; found ") << logits;
  ArrayRef<int64_t> cases = logits.getShape().drop_back();
  if (labels.getElementType().isInteger()) {
    if (ShapedType::isDynamic(logits.getShape().back()))
      return op.emitOpError("needs a static number of classes to check class labels against, found ") << logits;
    if (!fits(labels.getShape(), cases))
      return op.emitOpError("class labels must have the cases' shape, ")
             << shapeText(cases) << " (the logits' without the classes), found " << labels;
  } else {
    if (!fits(labels.getShape(), logits.getShape()))
      return op.emitOpError("targets must have the logits' shape, ")
             << shapeText(logits.getShape()) << ", found " << labels << "; class labels are i32 or i64";
    if (labels.getElementType() != logits.getElementType() &&
        labels.getElementType() != getAccumulationType(logits.getElementType()))
      return op.emitOpError("targets must have the logits' element type or the accumulation type, found ")
             << labels.getElementType() << " for " << logits << "; cast them first";
  }
  if (loss.getRank() != 0 && !fits(loss.getShape(), cases))
    return op.emitOpError() << name << " must have rank 0 (the mean) or the cases' shape, " << shapeText(cases)
                            << " (each case's loss), found " << loss;
  if (loss.getElementType() != logits.getElementType() &&
      loss.getElementType() != getAccumulationType(logits.getElementType()))
    return op.emitOpError() << name << " must have the logits' element type or the accumulation type, found "
                            << loss.getElementType() << " for " << logits;
  return success();
}

} // namespace

LogicalResult LayerNormOp::verify() { return verifyLayer(*this); }
LogicalResult RmsNormOp::verify() { return verifyLayer(*this); }
LogicalResult LayerNormGradOp::verify() { return verifyLayer(*this); }
LogicalResult RmsNormGradOp::verify() { return verifyLayer(*this); }
LogicalResult GroupNormOp::verify() { return verifyGroup(*this); }
LogicalResult GroupNormGradOp::verify() { return verifyGroup(*this); }
LogicalResult BatchNormGradOp::verify() { return verifyBatch(*this); }

LogicalResult BatchNormOp::verify() {
  double momentum = getMomentum().convertToDouble();
  if (!(momentum >= 0.0 && momentum <= 1.0))
    return emitOpError("momentum is the weight of the new statistics: expected a number from 0 to 1, found ")
           << momentum;
  return success(succeeded(verifyBatch(*this)) &&
                 succeeded(verifyStatistics(*this, "the running statistics", getRunningMean())) &&
                 (!getPivot() || succeeded(verifyStatistics(*this, "the pivot", getPivot()))));
}

LogicalResult BatchNormInferenceOp::verify() {
  return success(succeeded(verifyBatch(*this)) && succeeded(verifyStatistics(*this, "the statistics", getMean())));
}

LogicalResult BatchNormInferenceGradOp::verify() {
  return success(succeeded(verifyBatch(*this)) && succeeded(verifyStatistics(*this, "the statistics", getMean())));
}

LogicalResult SoftmaxCrossEntropyOp::verify() { return verifyCrossEntropy(*this, "the loss", getLoss().getType()); }

LogicalResult SoftmaxCrossEntropyGradOp::verify() {
  if (failed(verifyCrossEntropy(*this, "dloss", getDloss().getType())))
    return failure();
  if (getDtargets() && getDtargets().getType() != getLabels().getType())
    return emitOpError("dtargets must have the type of float targets, found ")
           << getDtargets().getType() << " for " << getLabels().getType();
  return success();
}

LogicalResult DropoutOp::verify() {
  double rate = getRate().convertToDouble();
  if (!(rate >= 0.0 && rate < 1.0))
    return emitOpError("rate is the share of dropped elements: expected a number from 0 to below 1, found ") << rate;
  return success();
}

LogicalResult CenterOp::verify() { return checkAxes(*this, getInput().getType(), getAxes()); }

void MomentsOp::build(OpBuilder &builder, OperationState &state, Value input, ArrayRef<int64_t> axes) {
  auto type = cast<RankedTensorType>(input.getType());
  auto result = RankedTensorType::get(extentsOf(type, complementDims(type.getRank(), axes)),
                                      getAccumulationType(type.getElementType()));
  build(builder, state, result, result, input, builder.getDenseI64ArrayAttr(axes));
}

LogicalResult MomentsOp::verify() {
  RankedTensorType input = getInput().getType(), result = getMean().getType();
  if (failed(checkAxes(*this, input, getAxes())))
    return failure();
  SmallVector<int64_t> shape = extentsOf(input, complementDims(input.getRank(), getAxes()));
  Type accumulation = getAccumulationType(input.getElementType());
  if (!fits(result.getShape(), shape) || result.getElementType() != accumulation)
    return emitOpError("results must have the input's dimensions without the axes, in the accumulation type: ")
           << RankedTensorType::get(shape, accumulation) << ", found " << result;
  return success();
}
