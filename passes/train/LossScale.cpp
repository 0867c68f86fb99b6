// Dynamic loss scaling. See LossScale.h.
#include "passes/train/LossScale.h"

#include "passes/train/Expression.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace keel;

static constexpr double firstScale = 65536, greatestScale = 16777216;
static constexpr int64_t firstInterval = 2000;

FailureOr<LossScale> LossScale::create(StepState &state) {
  MLIRContext *context = state.getContext();
  auto number = RankedTensorType::get({}, Float32Type::get(context));
  auto count = RankedTensorType::get({}, IntegerType::get(context, 64));
  auto create = [&](StringRef name, RankedTensorType type, Attribute start, StringRef role) {
    return state.findOrCreate(name, type, start, role, /*mayExist=*/true);
  };
  FailureOr<ml_program::GlobalOp> scale =
      create("loss_scale", number, DenseElementsAttr::get(number, float(firstScale)), "setting");
  FailureOr<ml_program::GlobalOp> interval =
      create("loss_scale_interval", count, DenseElementsAttr::get(count, firstInterval), "setting");
  FailureOr<ml_program::GlobalOp> goodSteps =
      create("loss_scale_good_steps", count, DenseElementsAttr::get(count, int64_t(0)), "optimizer");
  if (failed(scale) || failed(interval) || failed(goodSteps))
    return failure();
  LossScale result;
  result.scale = *scale;
  result.interval = *interval;
  result.goodSteps = *goodSteps;
  return result;
}

// The largest magnitude in f32; NaN if there is one.
static Value getLargest(OpBuilder &builder, Location loc, Value gradient) {
  int64_t rank = cast<RankedTensorType>(gradient.getType()).getRank();
  Type f32 = builder.getF32Type();
  Value empty = tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>(), f32);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
  Value start = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  SmallVector<AffineMap> maps{builder.getMultiDimIdentityMap(rank), AffineMap::get(rank, 0, builder.getContext())};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::reduction);
  auto body = [&](OpBuilder &b, Location at, ValueRange in) {
    Value value = in[0];
    if (value.getType().getIntOrFloatBitWidth() < 32)
      value = arith::ExtFOp::create(b, at, f32, value);
    else if (!value.getType().isF32())
      value = arith::TruncFOp::create(b, at, f32, value);
    Value magnitude = math::AbsFOp::create(b, at, value);
    linalg::YieldOp::create(b, at, arith::MaximumFOp::create(b, at, in[1], magnitude).getResult());
  };
  return linalg::GenericOp::create(builder, loc, start.getType(), gradient, start, maps, iterators, body).getResult(0);
}

Value LossScale::finish(OpBuilder &builder, Location loc, StepState &state, ArrayRef<Value> gradients) const {
  SmallVector<Value> inputs;
  for (Value gradient : gradients)
    inputs.push_back(getLargest(builder, loc, gradient));
  inputs.push_back(state.load(interval));
  Value empty = tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>(), builder.getF32Type());
  SmallVector<Value> outs{empty, state.load(scale), state.load(goodSteps)};
  SmallVector<AffineMap> maps(inputs.size() + outs.size(), AffineMap::get(0, 0, builder.getContext()));
  auto body = [&](OpBuilder &b, Location at, ValueRange in) {
    size_t count = gradients.size();
    Expression old{&b, at, in[count + 2]};
    Value interval = in[count], good = in[count + 3];
    Value infinity = arith::ConstantOp::create(b, at, b.getFloatAttr(b.getF32Type(), std::numeric_limits<float>::infinity()));
    Value isFinite;
    for (Value largest : in.take_front(count)) {
      Value each = arith::CmpFOp::create(b, at, arith::CmpFPredicate::OLT, largest, infinity);
      isFinite = isFinite ? arith::AndIOp::create(b, at, isFinite, each).getResult() : each;
    }
    Value zero = arith::ConstantOp::create(b, at, b.getI64IntegerAttr(0));
    Value one = arith::ConstantOp::create(b, at, b.getI64IntegerAttr(1));
    Value next = arith::AddIOp::create(b, at, good, one);
    Value grows = arith::CmpIOp::create(b, at, arith::CmpIPredicate::sge, next, interval);
    Expression doubled = (old * 2.0).apply<arith::MinimumFOp>(old.constant(greatestScale));
    Expression halved = (old * 0.5).apply<arith::MaximumFOp>(old.constant(1));
    Value grown = arith::SelectOp::create(b, at, grows, doubled.value, old.value);
    Value newScale = arith::SelectOp::create(b, at, isFinite, grown, halved.value);
    Value newGood = arith::SelectOp::create(b, at, grows, zero, next);
    newGood = arith::SelectOp::create(b, at, isFinite, newGood, zero);
    Expression factor = (old.constant(1) / old).where(isFinite);
    linalg::YieldOp::create(b, at, {factor.value, newScale, newGood});
  };
  auto op = linalg::GenericOp::create(builder, loc, TypeRange(ValueRange(outs)), inputs, outs, maps,
                                      ArrayRef<utils::IteratorType>(), body);
  state.store(scale, op.getResult(1));
  state.store(goodSteps, op.getResult(2));
  return op.getResult(0);
}

Value keel::isPositive(OpBuilder &builder, Location loc, Value number) {
  Expression expression{&builder, loc, number};
  return expression.compare(arith::CmpFPredicate::OGT, expression.constant(0));
}

Value keel::selectByFactor(OpBuilder &builder, Location loc, Value factor, Value value, Value old) {
  auto type = cast<RankedTensorType>(value.getType());
  AffineMap each = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<AffineMap> maps{each, AffineMap::get(type.getRank(), 0, builder.getContext()), each};
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  auto body = [&](OpBuilder &b, Location at, ValueRange in) {
    linalg::YieldOp::create(b, at, arith::SelectOp::create(b, at, isPositive(b, at, in[1]), in[0], in[2]).getResult());
  };
  return linalg::GenericOp::create(builder, loc, type, ValueRange{value, factor}, old, maps, iterators, body).getResult(0);
}
