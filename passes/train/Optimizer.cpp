// SGD, SGD with momentum, AdamW: as torch.optim defines them.
#include "passes/train/Optimizer.h"

#include "passes/train/Expression.h"
#include "passes/train/LossScale.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace keel;

std::optional<Optimizer> Optimizer::get(StringRef name) {
  Optimizer optimizer;
  if (name == "sgd") {
    optimizer.kind = Kind::Sgd;
    optimizer.settings = {{"learning_rate", 1e-2}};
  } else if (name == "momentum") {
    optimizer.kind = Kind::Momentum;
    optimizer.settings = {{"learning_rate", 1e-2}, {"momentum", 0.9}};
    optimizer.slots = {"velocity"};
  } else if (name == "adamw") {
    optimizer.kind = Kind::AdamW;
    optimizer.settings = {
        {"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"adam_epsilon", 1e-8}, {"weight_decay", 1e-2}};
    optimizer.slots = {"first_moment", "second_moment"};
  } else {
    return std::nullopt;
  }
  return optimizer;
}

using Body = function_ref<SmallVector<Expression>(OpBuilder &, ArrayRef<Expression>)>;

/// One elementwise op over `outs`: `full` inputs have their shape, `scalars` rank 0. Floats are computed in f32 or wider.
static SmallVector<Value> map(OpBuilder &builder, Location loc, ValueRange full, ValueRange scalars, ValueRange outs,
                              Body body) {
  auto type = cast<RankedTensorType>(outs.front().getType());
  AffineMap each = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<AffineMap> maps(full.size(), each);
  maps.append(scalars.size(), AffineMap::get(type.getRank(), 0, builder.getContext()));
  maps.append(outs.size(), each);
  SmallVector<Value> inputs(full);
  inputs.append(scalars.begin(), scalars.end());
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  Type compute = type.getElementType().isF64() ? Type(builder.getF64Type()) : builder.getF32Type();
  auto fill = [&](OpBuilder &inner, Location at, ValueRange arguments) {
    SmallVector<Expression> values;
    for (Value argument : arguments) {
      if (isa<FloatType>(argument.getType()) && argument.getType() != compute)
        argument = arith::ExtFOp::create(inner, at, compute, argument);
      values.push_back({&inner, at, argument});
    }
    SmallVector<Value> results;
    for (Expression result : body(inner, values)) {
      bool isRounded = isa<FloatType>(result.value.getType()) && type.getElementType() != result.value.getType();
      results.push_back(isRounded ? arith::TruncFOp::create(inner, at, type.getElementType(), result.value).getResult()
                                  : result.value);
    }
    linalg::YieldOp::create(inner, at, results);
  };
  auto op = linalg::GenericOp::create(builder, loc, TypeRange(outs), inputs, outs, maps, iterators, fill);
  return SmallVector<Value>(op.getResults());
}

void Optimizer::prepare(OpBuilder &builder, Location loc, ValueRange loaded, Value step) {
  coefficients.assign(loaded.begin(), loaded.end());
  if (kind != Kind::AdamW)
    return;
  Value rate = loaded[0], beta1 = loaded[1], beta2 = loaded[2], epsilon = loaded[3], decay = loaded[4];
  Value empty = tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>(), builder.getF32Type());
  auto body = [&](OpBuilder &b, ArrayRef<Expression> in) -> SmallVector<Expression> {
    Expression rate = in[0], beta1 = in[1], beta2 = in[2], decay = in[3], one = rate.constant(1.0);
    Expression count = one.wrap(arith::SIToFPOp::create(b, one.loc, one.value.getType(), in[4].value));
    // 1 − β^t by way of log and expm1, which keep the digits that 1 − pow(β, t) loses in f32 when β is near 1.
    auto correction = [&](Expression beta) { return -(count * beta.apply<math::LogOp>()).apply<math::ExpM1Op>(); };
    return {one - rate * decay, rate / correction(beta1), one - beta1, one - beta2,
            correction(beta2).apply<math::SqrtOp>()};
  };
  coefficients = map(builder, loc, {}, {rate, beta1, beta2, decay, step}, SmallVector<Value>(5, empty), body);
  coefficients.push_back(beta2);
  coefficients.push_back(epsilon);
}

void Optimizer::setGradientFactor(Value factor) {
  hasFactor = true;
  coefficients.push_back(factor);
}

SmallVector<Value> Optimizer::update(OpBuilder &builder, Location loc, Value gradient, ValueRange state) const {
  auto next = [&](Expression g, ArrayRef<Expression> c, ArrayRef<Expression> old) -> SmallVector<Expression> {
    switch (kind) {
    case Kind::Sgd:
      return {old[0] - c[0] * g};
    case Kind::Momentum: {
      Expression velocity = c[1] * old[1] + g;
      return {old[0] - c[0] * velocity, velocity};
    }
    case Kind::AdamW: {
      Expression decay = c[0], rate = c[1], oneMinusBeta1 = c[2], oneMinusBeta2 = c[3], correction = c[4];
      Expression beta2 = c[5], epsilon = c[6];
      Expression first = old[1] + oneMinusBeta1 * (g - old[1]);
      Expression second = beta2 * old[2] + oneMinusBeta2 * (g * g);
      Expression denominator = second.apply<math::SqrtOp>() / correction + epsilon;
      return {old[0] * decay - rate * (first / denominator), first, second};
    }
    }
    llvm_unreachable("an optimizer");
  };
  auto body = [&](OpBuilder &inner, ArrayRef<Expression> in) -> SmallVector<Expression> {
    Expression g = in[0];
    ArrayRef<Expression> c = in.slice(1, coefficients.size()), old = in.take_back(state.size());
    if (!hasFactor)
      return next(g, c, old);
    Expression factor = c.back();
    Value applies = isPositive(inner, factor.loc, factor.value);
    SmallVector<Expression> results = next(g * factor, c, old);
    for (auto [result, before] : llvm::zip(results, old))
      result.value = arith::SelectOp::create(inner, result.loc, applies, result.value, before.value);
    return results;
  };
  return map(builder, loc, gradient, coefficients, state, body);
}
