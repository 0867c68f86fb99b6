// Statistics, normalized value and gradient, shared by all normalizations.
#include "dialect/norm/Normalize.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace keel::norm;

namespace {
Value add(OpBuilder &b, Location loc, Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
Value sub(OpBuilder &b, Location loc, Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
Value mul(OpBuilder &b, Location loc, Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }

/// Mean and Σ(x − mean)² = Σx² − mean·Σx: only for values whose mean is no larger than their deviation.
std::pair<Value, Value> momentsInOnePass(Emitter &emit, ArrayRef<int64_t> axes, ArrayRef<int64_t> kept) {
  Value sum = sumOf(emit, emit.space, kept), squares = sumOfProduct(emit, emit.space, emit.space, kept);
  Value mean = emit.map({{sum, kept}, emit.count(axes)}, kept, emit.accumulation,
                        [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                          // Over nothing the mean is 0, not 0/0.
                          Value one = constantOf(b, loc, emit.accumulation, 1.0);
                          return arith::DivFOp::create(b, loc, in[0], arith::MaximumFOp::create(b, loc, in[1], one));
                        });
  Value m2 = emit.map({{squares, kept}, {sum, kept}, {mean, kept}}, kept, emit.accumulation,
                      [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                        Value rest = sub(b, loc, in[0], mul(b, loc, in[1], in[2]));
                        // Rounding may leave a constant column just below zero.
                        return arith::MaximumFOp::create(b, loc, rest, constantOf(b, loc, emit.accumulation, 0.0));
                      });
  return {mean, m2};
}
} // namespace

Value keel::norm::reciprocalDeviation(Emitter &emit, Value sum, Input count, ArrayRef<int64_t> kept, double epsilon) {
  return emit.map({{sum, kept}, count}, kept, emit.accumulation, [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
    bool isVariance = !count.value && count.constant == 1.0;
    Value variance = isVariance ? in[0] : arith::DivFOp::create(b, loc, in[0], in[1]).getResult();
    Value guarded = add(b, loc, variance, constantOf(b, loc, variance.getType(), epsilon));
    return math::RsqrtOp::create(b, loc, guarded);
  });
}

Normalized keel::norm::normalize(Emitter &emit, const Normalization &norm) {
  Normalized result;
  SmallVector<int64_t> kept = complementDims(emit.getRank(), norm.axes), all = emit.allDims();
  if (!norm.subtractMean) {
    Value squares = emit.reduce({emit.over(emit.space)}, kept, 0.0, [](OpBuilder &b, Location loc, ValueRange in) {
      return add(b, loc, in[1], mul(b, loc, in[0], in[0]));
    });
    result.reciprocalDeviation = reciprocalDeviation(emit, squares, emit.count(norm.axes), kept, norm.epsilon);
    result.value = emit.map({emit.over(emit.space), {result.reciprocalDeviation, kept}}, all, emit.getElementType(),
                            [](OpBuilder &b, Location loc, ValueRange in) { return mul(b, loc, in[0], in[1]); });
    return result;
  }
  if (norm.pivoted) {
    std::tie(result.mean, result.m2) = momentsInOnePass(emit, norm.axes, kept);
  } else {
    auto moments = MomentsOp::create(emit.builder, emit.loc, emit.space, norm.axes);
    result.mean = moments.getMean();
    result.m2 = moments.getM2();
  }
  result.reciprocalDeviation = reciprocalDeviation(emit, result.m2, emit.count(norm.axes), kept, norm.epsilon);
  result.value = emit.map({emit.over(emit.space), {result.mean, kept}, {result.reciprocalDeviation, kept}}, all,
                          emit.getElementType(), [](OpBuilder &b, Location loc, ValueRange in) {
                            return mul(b, loc, sub(b, loc, in[0], in[1]), in[2]);
                          });
  return result;
}

Value keel::norm::scaleAndShift(Emitter &emit, Value value, Value scale, Value shift, ArrayRef<int64_t> dims) {
  if (!scale && !shift)
    return value;
  SmallVector<Input> inputs{emit.over(value)};
  if (scale)
    inputs.push_back({scale, dims});
  if (shift)
    inputs.push_back({shift, dims});
  return emit.map(inputs, emit.allDims(), emit.getElementType(), [&](OpBuilder &b, Location loc, ValueRange in) {
    Value result = scale ? mul(b, loc, in[0], in[1]) : in[0];
    return shift ? add(b, loc, result, in.back()) : result;
  });
}

Value keel::norm::sumOf(Emitter &emit, Value dy, ArrayRef<int64_t> kept) {
  return emit.reduce({emit.over(dy)}, kept, 0.0,
                     [](OpBuilder &b, Location loc, ValueRange in) { return add(b, loc, in[1], in[0]); });
}

Value keel::norm::sumOfProduct(Emitter &emit, Value dy, Value normalized, ArrayRef<int64_t> kept) {
  return emit.reduce({emit.over(dy), emit.over(normalized)}, kept, 0.0,
                     [](OpBuilder &b, Location loc, ValueRange in) {
                       return add(b, loc, in[2], mul(b, loc, in[0], in[1]));
                     });
}

NormalizationGradient keel::norm::normalizeGradient(Emitter &emit, const Normalization &norm, Value dy, Value scale,
                                                    bool wantScale, bool wantShift) {
  Normalized hat = normalize(emit, norm);
  SmallVector<int64_t> kept = complementDims(emit.getRank(), norm.axes);
  // Batch norm: scale is constant along the statistics' axes, so that the sums of dy are the gradients themselves.
  bool sameSums = scale ? ArrayRef<int64_t>(norm.scaleDims) == ArrayRef<int64_t>(kept) : true;
  Value innerScale = sameSums ? Value() : scale;

  NormalizationGradient result;
  if (wantShift)
    result.dshift = sumOf(emit, dy, norm.scaleDims);
  if (wantScale)
    result.dscale = sumOfProduct(emit, dy, hat.value, norm.scaleDims);

  // c1 and c2, the means of g = γ·dy and of g·x̂, times r.
  SmallVector<Input> inputs{emit.over(dy)};
  if (innerScale)
    inputs.push_back({innerScale, norm.scaleDims});
  auto gradientOf = [&](OpBuilder &b, Location loc, ValueRange in) {
    return innerScale ? mul(b, loc, in[0], in[1]) : in[0];
  };
  // In batch norm r·γ is one vector.
  Value deviation = hat.reciprocalDeviation;
  if (scale && sameSums)
    deviation = emit.map({{deviation, kept}, {scale, kept}}, kept, emit.accumulation,
                         [](OpBuilder &b, Location loc, ValueRange in) { return mul(b, loc, in[0], in[1]); });
  Value perElement = emit.map({{deviation, kept}, emit.count(norm.axes)}, kept, emit.accumulation,
                              [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                                return arith::DivFOp::create(b, loc, in[0], in[1]);
                              });
  auto scaledMean = [&](Value sum) {
    return emit.map({{sum, kept}, {perElement, kept}}, kept, emit.accumulation,
                    [](OpBuilder &b, Location loc, ValueRange in) { return mul(b, loc, in[0], in[1]); });
  };
  Value meanOfGradient;
  if (norm.meanTerm)
    meanOfGradient = scaledMean(emit.reduce(inputs, kept, 0.0, [&](OpBuilder &b, Location loc, ValueRange in) {
      return add(b, loc, in.back(), gradientOf(b, loc, in));
    }));
  SmallVector<Input> withValue = inputs;
  withValue.push_back(emit.over(hat.value));
  Value meanOfProduct = scaledMean(emit.reduce(withValue, kept, 0.0, [&](OpBuilder &b, Location loc, ValueRange in) {
    return add(b, loc, in.back(), mul(b, loc, gradientOf(b, loc, in), in[in.size() - 2]));
  }));

  // dx = r·g − r·c1 − x̂·(r·c2): two multiply-adds an element.
  withValue.push_back({deviation, kept});
  withValue.push_back({meanOfProduct, kept});
  if (meanOfGradient)
    withValue.push_back({meanOfGradient, kept});
  size_t first = inputs.size();
  result.dx = emit.map(withValue, emit.allDims(), emit.getElementType(), [&](OpBuilder &b, Location loc, ValueRange in) {
    Value gradient = mul(b, loc, gradientOf(b, loc, in), in[first + 1]);
    if (meanOfGradient)
      gradient = sub(b, loc, gradient, in[first + 3]);
    return sub(b, loc, gradient, mul(b, loc, in[first], in[first + 2]));
  });
  return result;
}

Value keel::norm::castTensor(OpBuilder &builder, Location loc, Value tensor, RankedTensorType type) {
  if (getElementTypeOrSelf(tensor.getType()) != type.getElementType()) {
    Emitter emit(builder, loc, tensor);
    tensor = emit.map({emit.over(tensor)}, emit.allDims(), type.getElementType(),
                      [](OpBuilder &, Location, ValueRange in) { return in[0]; });
  }
  return tensor.getType() == type ? tensor : tensor::CastOp::create(builder, loc, type, tensor).getResult();
}
