// Decompositions of softmax cross entropy and its gradient.
#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"
#include "dialect/norm/Normalize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace keel::norm;

using Values = SmallVector<Value>;

namespace {

/// What the loss and its gradient share.
struct SoftmaxParts {
  SmallVector<int64_t> cases; ///< The dimensions of the cases: all but the last.
  Value maximum, exponential, sum;
};

SoftmaxParts softmaxParts(Emitter &emit) {
  SoftmaxParts parts;
  parts.cases = complementDims(emit.getRank(), {emit.getRank() - 1});
  parts.maximum = emit.reduce({emit.over(emit.space)}, parts.cases, -std::numeric_limits<double>::infinity(),
                              [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                                return arith::MaximumFOp::create(b, loc, in[1], in[0]);
                              });
  parts.exponential = emit.map({emit.over(emit.space), {parts.maximum, parts.cases}}, emit.allDims(),
                               emit.accumulation, [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                                 return math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, in[0], in[1]));
                               });
  parts.sum = sumOf(emit, parts.exponential, parts.cases);
  return parts;
}

bool isClassLabel(Value labels) { return cast<RankedTensorType>(labels.getType()).getElementType().isInteger(); }

/// Whether the body's class, its innermost loop, is the label.
Value isLabel(OpBuilder &b, Location loc, Value label, int64_t classDim) {
  Value index = linalg::IndexOp::create(b, loc, classDim);
  Value number = arith::IndexCastOp::create(b, loc, label.getType(), index);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, number, label);
}

/// Each case's loss.
Value lossOfCases(Emitter &emit, const SoftmaxParts &parts, Value labels) {
  int64_t classDim = emit.getRank() - 1;
  if (!isClassLabel(labels))
    // Σ t·(log sum − (z − m)), with the difference first: a hard target then costs no more rounding than a label.
    return emit.reduce({emit.over(emit.space), emit.over(labels), {parts.maximum, parts.cases},
                        {emit.map({{parts.sum, parts.cases}}, parts.cases, emit.accumulation,
                                  [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                                    return math::LogOp::create(b, loc, in[0]);
                                  }),
                         parts.cases}},
                       parts.cases, 0.0, [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                         Value shifted = arith::SubFOp::create(b, loc, in[0], in[2]);
                         Value cost = arith::SubFOp::create(b, loc, in[3], shifted);
                         return arith::AddFOp::create(b, loc, in[4], arith::MulFOp::create(b, loc, in[1], cost));
                       });
  Value picked = emit.reduce({emit.over(emit.space), {labels, parts.cases}, {parts.maximum, parts.cases}}, parts.cases,
                             0.0, [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                               Value shifted = arith::SubFOp::create(b, loc, in[0], in[2]);
                               Value zero = constantOf(b, loc, emit.accumulation, 0.0);
                               Value chosen =
                                   arith::SelectOp::create(b, loc, isLabel(b, loc, in[1], classDim), shifted, zero);
                               return arith::AddFOp::create(b, loc, in[3], chosen);
                             });
  int64_t classes = cast<RankedTensorType>(emit.space.getType()).getDimSize(classDim);
  return emit.map({{parts.sum, parts.cases}, {picked, parts.cases}, {labels, parts.cases}}, parts.cases,
                  emit.accumulation, [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                    Value loss = arith::SubFOp::create(b, loc, math::LogOp::create(b, loc, in[0]), in[1]);
                    // Unsigned, so that one comparison finds negative labels too.
                    Value valid = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, in[2],
                                                        constantOf(b, loc, in[2].getType(), classes));
                    Value nan = constantOf(b, loc, emit.accumulation, std::numeric_limits<double>::quiet_NaN());
                    return arith::SelectOp::create(b, loc, valid, loss, nan);
                  });
}

} // namespace

FailureOr<Values> SoftmaxCrossEntropyOp::decompose(OpBuilder &builder) {
  Emitter emit(builder, getLoc(), getLogits());
  SoftmaxParts parts = softmaxParts(emit);
  Value losses = lossOfCases(emit, parts, getLabels());
  RankedTensorType type = getLoss().getType();
  if (type.getRank() != 0 || parts.cases.empty())
    return Values{castTensor(builder, getLoc(), losses, type)};
  Emitter overCases(builder, getLoc(), losses);
  Value total = sumOf(overCases, losses, {});
  return Values{overCases.map({{total, {}}, emit.count(parts.cases)}, {}, type.getElementType(),
                              [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                                return arith::DivFOp::create(b, loc, in[0], in[1]);
                              })};
}

FailureOr<Values> SoftmaxCrossEntropyGradOp::decompose(OpBuilder &builder) {
  Emitter emit(builder, getLoc(), getLogits());
  SoftmaxParts parts = softmaxParts(emit);
  int64_t classDim = emit.getRank() - 1;
  auto divide = [](OpBuilder &b, Location loc, ValueRange in) -> Value {
    return arith::DivFOp::create(b, loc, in[0], in[1]);
  };
  // The gradient of one case's loss.
  SmallVector<int64_t> weightDims;
  Value weight = getDloss();
  if (getDloss().getType().getRank() != 0)
    weightDims = parts.cases;
  else if (!parts.cases.empty())
    weight = emit.map({{weight, {}}, emit.count(parts.cases)}, {}, emit.accumulation, divide);

  SmallVector<Input> inputs{emit.over(parts.exponential), {parts.sum, parts.cases}, {weight, weightDims}};
  if (isClassLabel(getLabels())) {
    inputs.push_back({getLabels(), parts.cases});
    return Values{emit.map(inputs, emit.allDims(), emit.getElementType(),
                           [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                             Value probability = divide(b, loc, in);
                             Value one = constantOf(b, loc, emit.accumulation, 1.0);
                             Value zero = constantOf(b, loc, emit.accumulation, 0.0);
                             Value target = arith::SelectOp::create(b, loc, isLabel(b, loc, in[3], classDim), one, zero);
                             Value error = arith::SubFOp::create(b, loc, probability, target);
                             return arith::MulFOp::create(b, loc, error, in[2]);
                           })};
  }
  inputs.push_back(emit.over(getLabels()));
  inputs.push_back({sumOf(emit, getLabels(), parts.cases), parts.cases});
  Values results{emit.map(inputs, emit.allDims(), emit.getElementType(),
                          [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                            Value mass = arith::MulFOp::create(b, loc, divide(b, loc, in), in[4]);
                            Value error = arith::SubFOp::create(b, loc, mass, in[3]);
                            return arith::MulFOp::create(b, loc, error, in[2]);
                          })};
  if (getDtargets())
    results.push_back(castTensor(builder, getLoc(), emit.map({emit.over(getLogits()), {parts.maximum, parts.cases}, {parts.sum, parts.cases},
                                {weight, weightDims}},
                               emit.allDims(), getDtargets().getType().getElementType(),
                               [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                                 Value shifted = arith::SubFOp::create(b, loc, in[0], in[1]);
                                 Value logSum = math::LogOp::create(b, loc, in[2]);
                                 Value cost = arith::SubFOp::create(b, loc, logSum, shifted);
                                 return arith::MulFOp::create(b, loc, cost, in[3]);
                               }), getDtargets().getType()));
  return results;
}
