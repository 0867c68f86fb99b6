// Decompositions of the normalizations and their gradients.
#include "dialect/norm/Decompose.h"

#include "dialect/norm/Norm.h"
#include "dialect/norm/Normalize.h"
#include "dialect/norm/Strategy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace keel::norm;

using Values = SmallVector<Value>;

void keel::norm::decomposeRowMoments(RewriterBase &rewriter, Operation *root, bool isVectorRow) {
  root->walk([&](MomentsOp op) {
    bool isRow = isVectorRow && op.getInput().getType().getRank() == 1;
    if (llvm::is_contained(op.getAxes(), 0) && !isRow)
      return;
    rewriter.setInsertionPoint(op);
    rewriter.replaceOp(op, *cast<DecomposableOpInterface>(op.getOperation()).decompose(rewriter));
  });
}

LogicalResult keel::norm::decomposeNormOps(Operation *root, bool keepMoments) {
  auto lower = [&](auto wanted) {
    SmallVector<DecomposableOpInterface> ops;
    root->walk([&](DecomposableOpInterface op) {
      if (wanted(op))
        ops.push_back(op);
    });
    for (DecomposableOpInterface op : ops) {
      OpBuilder builder(op);
      FailureOr<Values> values;
      {
        InheritStrategy inherit(op, builder);
        values = op.decompose(builder);
      }
      if (failed(values))
        return failure();
      op->replaceAllUsesWith(*values);
      op->erase();
    }
    return success();
  };
  auto isMoments = [](Operation *op) { return isa<MomentsOp>(op); };
  if (failed(lower([&](Operation *op) { return !isMoments(op); })))
    return failure();
  return keepMoments ? success() : lower(isMoments);
}

//===----------------------------------------------------------------------===//
// The layer family
//===----------------------------------------------------------------------===//

namespace {

template <typename Op> Normalization describeLayer(Op op) {
  Normalization norm{llvm::to_vector(op.getAxes()), llvm::to_vector(op.getAxes()), op.getEpsilon().convertToDouble()};
  if constexpr (requires { op.getZeroMeanInput(); })
    norm.subtractMean = !op.getZeroMeanInput();
  else
    norm.subtractMean = norm.meanTerm = false;
  return norm;
}

template <typename Op> Values decomposeLayer(Op op, OpBuilder &builder) {
  Emitter emit(builder, op.getLoc(), op.getInput());
  Normalization norm = describeLayer(op);
  return {scaleAndShift(emit, normalize(emit, norm).value, op.getScale(), op.getShift(), norm.scaleDims)};
}

/// The gradient op's results, rounded to their types.
template <typename Op> Values finishGradient(Op op, OpBuilder &builder, const NormalizationGradient &gradient) {
  Values results{gradient.dx};
  if (op.getDscale())
    results.push_back(castTensor(builder, op.getLoc(), gradient.dscale, op.getDscale().getType()));
  if (op.getDshift())
    results.push_back(castTensor(builder, op.getLoc(), gradient.dshift, op.getDshift().getType()));
  return results;
}

template <typename Op> Values decomposeGradient(Op op, OpBuilder &builder, const Normalization &norm) {
  Emitter emit(builder, op.getLoc(), op.getInput());
  return finishGradient(op, builder,
                        normalizeGradient(emit, norm, op.getDy(), op.getScale(), !!op.getDscale(), !!op.getDshift()));
}

} // namespace

FailureOr<Values> LayerNormOp::decompose(OpBuilder &builder) { return decomposeLayer(*this, builder); }
FailureOr<Values> RmsNormOp::decompose(OpBuilder &builder) { return decomposeLayer(*this, builder); }
FailureOr<Values> LayerNormGradOp::decompose(OpBuilder &builder) {
  return decomposeGradient(*this, builder, describeLayer(*this));
}
FailureOr<Values> RmsNormGradOp::decompose(OpBuilder &builder) {
  return decomposeGradient(*this, builder, describeLayer(*this));
}

//===----------------------------------------------------------------------===//
// Group norm: layer norm of the input with its channels split in (groups, channels of a group)
//===----------------------------------------------------------------------===//

namespace {

/// The reshapes between an input and its form with the channel dimension split. Neither is needed with one group, or with
/// one channel a group where other dimensions hold the group's elements.
struct GroupView {
  template <typename Op>
  GroupView(Op op, OpBuilder &builder)
      : builder(builder), loc(op.getLoc()), type(op.getInput().getType()), groups(op.getGroups()),
        channel(op.getChannel()), width(type.getDimSize(channel) / groups) {
    isSplit = groups != 1 && (width != 1 || type.getRank() == 2);
    norm.epsilon = op.getEpsilon().convertToDouble();
    norm.scaleDims = isSplit ? SmallVector<int64_t>{channel, channel + 1} : SmallVector<int64_t>{channel};
    SmallVector<int64_t> kept{0};
    if (groups != 1)
      kept.push_back(channel);
    norm.axes = complementDims(type.getRank() + isSplit, kept);
  }

  Value split(Value tensor, int64_t dim) {
    if (!tensor || !isSplit)
      return tensor;
    auto from = cast<RankedTensorType>(tensor.getType());
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, tensor);
    SmallVector<int64_t> shape = llvm::to_vector(from.getShape());
    shape[dim] = groups;
    shape.insert(shape.begin() + dim + 1, width);
    sizes[dim] = builder.getIndexAttr(groups);
    sizes.insert(sizes.begin() + dim + 1, builder.getIndexAttr(width));
    return tensor::ExpandShapeOp::create(builder, loc, RankedTensorType::get(shape, from.getElementType()), tensor,
                                         reassociation(from.getRank(), dim), sizes);
  }
  Value join(Value tensor, int64_t dim) {
    if (!tensor || !isSplit)
      return tensor;
    int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank() - 1;
    return tensor::CollapseShapeOp::create(builder, loc, tensor, reassociation(rank, dim));
  }

  Normalization norm;

  int64_t channelDim() const { return channel; }

private:
  SmallVector<ReassociationIndices> reassociation(int64_t rank, int64_t dim) {
    SmallVector<ReassociationIndices> groupsOfDims;
    for (int64_t i = 0; i < rank; ++i) {
      groupsOfDims.push_back({i + (i > dim)});
      if (i == dim)
        groupsOfDims.back().push_back(i + 1);
    }
    return groupsOfDims;
  }

  OpBuilder &builder;
  Location loc;
  RankedTensorType type;
  int64_t groups, channel, width;
  bool isSplit;
};

} // namespace

FailureOr<Values> GroupNormOp::decompose(OpBuilder &builder) {
  GroupView view(*this, builder);
  Emitter emit(builder, getLoc(), view.split(getInput(), view.channelDim()));
  Value y = scaleAndShift(emit, normalize(emit, view.norm).value, view.split(getScale(), 0), view.split(getShift(), 0),
                          view.norm.scaleDims);
  return Values{view.join(y, view.channelDim())};
}

FailureOr<Values> GroupNormGradOp::decompose(OpBuilder &builder) {
  GroupView view(*this, builder);
  Emitter emit(builder, getLoc(), view.split(getInput(), view.channelDim()));
  NormalizationGradient gradient =
      normalizeGradient(emit, view.norm, view.split(getDy(), view.channelDim()), view.split(getScale(), 0),
                        !!getDscale(), !!getDshift());
  gradient.dx = view.join(gradient.dx, view.channelDim());
  gradient.dscale = view.join(gradient.dscale, 0);
  gradient.dshift = view.join(gradient.dshift, 0);
  return finishGradient(*this, builder, gradient);
}

//===----------------------------------------------------------------------===//
// Batch norm
//===----------------------------------------------------------------------===//

template <typename Op> static Normalization describeBatch(Op op) {
  int64_t channel = op.getChannel();
  Normalization norm{complementDims(op.getInput().getType().getRank(), {channel}), {channel},
                     op.getEpsilon().convertToDouble()};
  if constexpr (requires { op.getPivoted(); })
    norm.pivoted = op.getPivoted();
  else
    norm.pivoted = !!op.getPivot();
  return norm;
}

/// (1 − momentum)·running + momentum·sum / (count − correction); the running value where that has no meaning.
static Value updateRunning(Emitter &emit, Value running, Value statistic, bool isMean, const Input &count, int64_t channel,
                           double momentum) {
  SmallVector<Input> inputs{{running, {channel}}, {statistic, {channel}}, count};
  Type elementType = cast<RankedTensorType>(running.getType()).getElementType();
  return emit.map(inputs, {channel}, elementType, [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
    Type type = emit.accumulation;
    Value estimate = in[1], one = constantOf(b, loc, type, 1.0);
    if (!isMean)
      estimate = arith::DivFOp::create(b, loc, in[1], arith::SubFOp::create(b, loc, in[2], one));
    Value keep = arith::MulFOp::create(b, loc, in[0], constantOf(b, loc, type, 1.0 - momentum));
    Value step = arith::MulFOp::create(b, loc, estimate, constantOf(b, loc, type, momentum));
    Value updated = arith::AddFOp::create(b, loc, keep, step);
    Value enough = arith::CmpFOp::create(b, loc, isMean ? arith::CmpFPredicate::OGE : arith::CmpFPredicate::OGT, in[2],
                                         one);
    return arith::SelectOp::create(b, loc, enough, updated, in[0]);
  });
}

FailureOr<Values> BatchNormOp::decompose(OpBuilder &builder) {
  Emitter emit(builder, getLoc(), getInput());
  Normalization norm = describeBatch(*this);
  Normalized hat = normalize(emit, norm);
  Value y = scaleAndShift(emit, hat.value, getScale(), getShift(), norm.scaleDims);
  Input count = emit.count(norm.axes);
  double momentum = getMomentum().convertToDouble();
  int64_t channel = getChannel();
  auto update = [&](Value running, Value statistic, bool isMean) {
    Value updated = updateRunning(emit, running, statistic, isMean, count, channel, momentum);
    return castTensor(builder, getLoc(), updated, cast<RankedTensorType>(running.getType()));
  };
  Value mean = hat.mean;
  if (getPivot())
    mean = emit.map({{mean, {channel}}, {getPivot(), {channel}}}, {channel}, emit.accumulation,
                    [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                      return arith::AddFOp::create(b, loc, in[0], in[1]);
                    });
  return Values{y, update(getRunningMean(), mean, true), update(getRunningVariance(), hat.m2, false)};
}

FailureOr<Values> StopGradientOp::decompose(OpBuilder &) { return Values{getInput()}; }

FailureOr<Values> BatchNormGradOp::decompose(OpBuilder &builder) {
  return decomposeGradient(*this, builder, describeBatch(*this));
}

/// r and x̂ from given statistics.
template <typename Op> static Normalized normalizeByStatistics(Emitter &emit, Op op) {
  int64_t channel = op.getChannel();
  Normalized hat;
  hat.reciprocalDeviation =
      reciprocalDeviation(emit, op.getVariance(), Input(1.0), {channel}, op.getEpsilon().convertToDouble());
  hat.value = emit.map({emit.over(op.getInput()), {op.getMean(), {channel}}, {hat.reciprocalDeviation, {channel}}},
                       emit.allDims(), emit.getElementType(), [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                         Value centred = arith::SubFOp::create(b, loc, in[0], in[1]);
                         return arith::MulFOp::create(b, loc, centred, in[2]);
                       });
  return hat;
}

FailureOr<Values> BatchNormInferenceOp::decompose(OpBuilder &builder) {
  Emitter emit(builder, getLoc(), getInput());
  return Values{scaleAndShift(emit, normalizeByStatistics(emit, *this).value, getScale(), getShift(),
                              {static_cast<int64_t>(getChannel())})};
}

FailureOr<Values> BatchNormInferenceGradOp::decompose(OpBuilder &builder) {
  Emitter emit(builder, getLoc(), getInput());
  SmallVector<int64_t> kept{static_cast<int64_t>(getChannel())};
  Normalized hat = normalizeByStatistics(emit, *this);
  NormalizationGradient gradient;
  gradient.dshift = sumOf(emit, getDy(), kept);
  gradient.dscale = sumOfProduct(emit, getDy(), hat.value, kept);
  auto product = [](OpBuilder &b, Location loc, ValueRange in) -> Value {
    return arith::MulFOp::create(b, loc, in[0], in[1]);
  };
  // a = r·γ
  Value slope = hat.reciprocalDeviation;
  if (getScale())
    slope = emit.map({{slope, kept}, {getScale(), kept}}, kept, emit.accumulation, product);
  gradient.dx = emit.map({emit.over(getDy()), {slope, kept}}, emit.allDims(), emit.getElementType(), product);
  Type statistic = getMean().getType().getElementType();
  Value dmean = emit.map({{slope, kept}, {gradient.dshift, kept}}, kept, statistic,
                         [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                           return arith::NegFOp::create(b, loc, product(b, loc, in));
                         });
  Value dvariance = emit.map({{slope, kept}, {gradient.dscale, kept}, {hat.reciprocalDeviation, kept}}, kept, statistic,
                             [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                               Value both = arith::MulFOp::create(b, loc, product(b, loc, in), in[2]);
                               return arith::MulFOp::create(b, loc, both, constantOf(b, loc, both.getType(), -0.5));
                             });
  Values results = finishGradient(*this, builder, gradient);
  RankedTensorType type = getMean().getType();
  results.insert(results.begin() + 1,
                 {castTensor(builder, getLoc(), dmean, type), castTensor(builder, getLoc(), dvariance, type)});
  return results;
}
