// Derivatives of math ops on floats, scalar or element by element.
#include "passes/train/Derivatives.h"
#include "passes/train/Expression.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <numbers>

using namespace mlir;
using namespace keel;

namespace {

using E = Expression;
using Results = ArrayRef<Value>;
using Inputs = SmallVectorImpl<Value>;

/// dx from dy, the operand x and the result y.
using UnaryFormula = E (*)(E dy, E x, E y);

template <typename OpTy, UnaryFormula formula>
LogicalResult unary(OpTy op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  E gradient{&builder, op.getLoc(), dy[0]};
  dx[0] = formula(gradient, gradient.wrap(op.getOperand()), gradient.wrap(op.getResult())).value;
  return success();
}

/// A step function: its gradient is zero wherever it has one.
template <typename OpTy>
LogicalResult step(OpTy, OpBuilder &, Results, Wanted, Inputs &) {
  return success();
}

template <typename OpTy, UnaryFormula formula>
void attach(MLIRContext *context) {
  OpTy::template attachInterface<Derivative<OpTy, unary<OpTy, formula>>>(*context);
}
template <typename... OpTys>
void attachSteps(MLIRContext *context) {
  (OpTys::template attachInterface<Derivative<OpTys, step<OpTys>>>(*context), ...);
}

template <typename OpTy>
E of(E x) {
  return x.apply<OpTy>();
}

constexpr double ln2 = std::numbers::ln2, ln10 = std::numbers::ln10, gauss = 2.0 * std::numbers::inv_sqrtpi;

E exponential(E dy, E, E y) { return dy * y; }
E exponential2(E dy, E, E y) { return dy * y * ln2; }
E exponentialMinus1(E dy, E, E y) { return dy * (y + 1.0); }
E logarithm(E dy, E x, E) { return dy / x; }
E logarithm2(E dy, E x, E) { return dy / (x * ln2); }
E logarithm10(E dy, E x, E) { return dy / (x * ln10); }
E logarithm1p(E dy, E x, E) { return dy / (x + 1.0); }
E squareRoot(E dy, E, E y) { return dy * 0.5 / y; }
E reciprocalSquareRoot(E dy, E x, E y) { return dy * y / x * -0.5; }
E cubeRoot(E dy, E, E y) { return dy / (y * y * 3.0); }
E hyperbolicTangent(E dy, E, E y) { return dy * -(y * y - 1.0); }
E errorFunction(E dy, E x, E) { return dy * (of<math::ExpOp>(-(x * x)) * gauss); }
E complementaryErrorFunction(E dy, E x, E) { return dy * (of<math::ExpOp>(-(x * x)) * -gauss); }
E sine(E dy, E x, E) { return dy * of<math::CosOp>(x); }
E cosine(E dy, E x, E) { return dy * -of<math::SinOp>(x); }
E tangent(E dy, E, E y) { return dy * (y * y + 1.0); }
E arcSine(E dy, E x, E) { return dy / of<math::SqrtOp>(-(x * x - 1.0)); }
E arcCosine(E dy, E x, E) { return -dy / of<math::SqrtOp>(-(x * x - 1.0)); }
E arcTangent(E dy, E x, E) { return dy / (x * x + 1.0); }
E hyperbolicSine(E dy, E x, E) { return dy * of<math::CoshOp>(x); }
E hyperbolicCosine(E dy, E x, E) { return dy * of<math::SinhOp>(x); }
E areaSine(E dy, E x, E) { return dy / of<math::SqrtOp>(x * x + 1.0); }
E areaCosine(E dy, E x, E) { return dy / of<math::SqrtOp>(x * x - 1.0); }
E areaTangent(E dy, E x, E) { return dy / -(x * x - 1.0); }
// The sign of x, and 0 at 0.
E magnitude(E dy, E x, E) {
  Value isZero = x.compare(arith::CmpFPredicate::OEQ, x.constant(0.0));
  return (dy * x.constant(1.0).apply<math::CopySignOp>(x)).unless(isZero);
}

// x^y: y·x^(y−1), which unlike y·x^y/x is right at 0, and log(x)·x^y, taken as 0 at x = 0.
LogicalResult power(math::PowFOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  E gradient{&builder, op.getLoc(), dy[0]};
  E x = gradient.wrap(op.getLhs()), y = gradient.wrap(op.getRhs()), result = gradient.wrap(op.getResult());
  if (wanted(0))
    dx[0] = (gradient * (y * (x.apply<math::PowFOp>(y - 1.0)))).value;
  if (wanted(1)) {
    Value isZero = x.compare(arith::CmpFPredicate::OEQ, x.constant(0.0));
    dx[1] = (gradient * (result * of<math::LogOp>(x))).unless(isZero).value;
  }
  return success();
}

LogicalResult integerPower(math::FPowIOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  E gradient{&builder, op.getLoc(), dy[0]};
  Type integer = op.getRhs().getType();
  Value one = arith::ConstantOp::create(builder, op.getLoc(), builder.getOneAttr(integer));
  Value less = arith::SubIOp::create(builder, op.getLoc(), op.getRhs(), one);
  Value factor = arith::SIToFPOp::create(builder, op.getLoc(), op.getType(), op.getRhs());
  Value rest = math::FPowIOp::create(builder, op.getLoc(), op.getLhs(), less);
  dx[0] = (gradient * (gradient.wrap(factor) * gradient.wrap(rest))).value;
  return success();
}

LogicalResult arcTangent2(math::Atan2Op op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  E gradient{&builder, op.getLoc(), dy[0]};
  E y = gradient.wrap(op.getLhs()), x = gradient.wrap(op.getRhs()), share = gradient / (x * x + y * y);
  dx[0] = (share * x).value;
  if (wanted(1))
    dx[1] = (-(share * y)).value;
  return success();
}

LogicalResult multiplyAdd(math::FmaOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  E gradient{&builder, op.getLoc(), dy[0]};
  for (unsigned i : {0, 1})
    if (wanted(i))
      dx[i] = (gradient * gradient.wrap(op->getOperand(1 - i))).value;
  dx[2] = dy[0];
  return success();
}

// |x| with the sign of s.
LogicalResult copySign(math::CopySignOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  E gradient{&builder, op.getLoc(), dy[0]};
  if (wanted(0)) {
    E one = gradient.constant(1.0);
    E signs = one.apply<math::CopySignOp>(gradient.wrap(op.getLhs())) *
              one.apply<math::CopySignOp>(gradient.wrap(op.getRhs()));
    dx[0] = (gradient * signs).value;
  }
  return success();
}

LogicalResult clamp(math::ClampFOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  E gradient{&builder, op.getLoc(), dy[0]};
  E x = gradient.wrap(op->getOperand(0)), low = gradient.wrap(op->getOperand(1)), high = gradient.wrap(op->getOperand(2));
  Value isLow = x.compare(arith::CmpFPredicate::OLT, low), isHigh = x.compare(arith::CmpFPredicate::OGT, high);
  if (wanted(0))
    dx[0] = gradient.unless(isLow).unless(isHigh).value;
  if (wanted(1))
    dx[1] = gradient.where(isLow).value;
  if (wanted(2))
    dx[2] = gradient.where(isHigh).value;
  return success();
}

} // namespace

void keel::registerMathDerivatives(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    using namespace math;
    attach<ExpOp, exponential>(context);
    attach<Exp2Op, exponential2>(context);
    attach<ExpM1Op, exponentialMinus1>(context);
    attach<LogOp, logarithm>(context);
    attach<Log2Op, logarithm2>(context);
    attach<Log10Op, logarithm10>(context);
    attach<Log1pOp, logarithm1p>(context);
    attach<SqrtOp, squareRoot>(context);
    attach<RsqrtOp, reciprocalSquareRoot>(context);
    attach<CbrtOp, cubeRoot>(context);
    attach<TanhOp, hyperbolicTangent>(context);
    attach<ErfOp, errorFunction>(context);
    attach<ErfcOp, complementaryErrorFunction>(context);
    attach<SinOp, sine>(context);
    attach<CosOp, cosine>(context);
    attach<TanOp, tangent>(context);
    attach<AsinOp, arcSine>(context);
    attach<AcosOp, arcCosine>(context);
    attach<AtanOp, arcTangent>(context);
    attach<SinhOp, hyperbolicSine>(context);
    attach<CoshOp, hyperbolicCosine>(context);
    attach<AsinhOp, areaSine>(context);
    attach<AcoshOp, areaCosine>(context);
    attach<AtanhOp, areaTangent>(context);
    attach<AbsFOp, magnitude>(context);
    attachSteps<FloorOp, CeilOp, RoundOp, RoundEvenOp, TruncOp>(context);
    PowFOp::attachInterface<Derivative<PowFOp, power>>(*context);
    FPowIOp::attachInterface<Derivative<FPowIOp, integerPower>>(*context);
    Atan2Op::attachInterface<Derivative<Atan2Op, arcTangent2>>(*context);
    FmaOp::attachInterface<Derivative<FmaOp, multiplyAdd>>(*context);
    CopySignOp::attachInterface<Derivative<CopySignOp, copySign>>(*context);
    ClampFOp::attachInterface<Derivative<ClampFOp, clamp>>(*context);
  });
}
