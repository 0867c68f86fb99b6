// Functions of f32, scalars and vectors alike, become polynomials of fused multiply-adds, measured against f64: exp,
// log and erf err by less than one unit in the last place, the others by less than two and a half. What has no
// polynomial here calls the C library, one lane at a time. Floats narrower than f32 are computed in f32.
//
// Argument reductions and the form of the polynomials are those of N. Juffa's single-precision functions (published in
// the CUDA and Stack Overflow communities); Cody and Waite, Software Manual for the Elementary Functions, 1980.
#include "passes/cpu/Passes.h"

#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace keel {
#define GEN_PASS_DEF_EXPANDMATH
#include "passes/cpu/Passes.h.inc"
} // namespace keel

using namespace mlir;

namespace {

/// Writes arithmetic on values of one type, f32 or a vector of it.
struct Expander {
  OpBuilder &builder;
  Location loc;
  Type type;

  Type withElement(Type element) {
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped ? shaped.clone(element) : element;
  }
  Type intType() { return withElement(builder.getI32Type()); }
  Value constant(TypedAttr scalar, Type to) {
    if (auto shaped = dyn_cast<ShapedType>(to))
      return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(shaped, Attribute(scalar)));
    return arith::ConstantOp::create(builder, loc, scalar);
  }
  Value real(float value) { return constant(builder.getF32FloatAttr(value), type); }
  Value integer(int32_t value) { return constant(builder.getI32IntegerAttr(value), intType()); }

  Value add(Value a, Value b) { return arith::AddFOp::create(builder, loc, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(builder, loc, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(builder, loc, a, b); }
  Value fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, loc, a, b, c); }
  Value neg(Value a) { return arith::NegFOp::create(builder, loc, a); }
  Value abs(Value a) { return math::AbsFOp::create(builder, loc, a); }
  Value copySign(Value a, Value sign) { return math::CopySignOp::create(builder, loc, a, sign); }
  Value select(arith::CmpFPredicate predicate, Value a, Value b, Value yes, Value no) {
    return arith::SelectOp::create(builder, loc, arith::CmpFOp::create(builder, loc, predicate, a, b), yes, no);
  }
  Value bits(Value a) { return arith::BitcastOp::create(builder, loc, intType(), a); }
  Value fromBits(Value a) { return arith::BitcastOp::create(builder, loc, type, a); }
  /// ((c0·x + c1)·x + c2)·x + ...
  Value horner(Value x, ArrayRef<float> coefficients) {
    Value sum = real(coefficients.front());
    for (float coefficient : coefficients.drop_front())
      sum = fma(sum, x, real(coefficient));
    return sum;
  }

  /// 2^k · p, k an integral value of at most ±252: in two steps, so that the result may be subnormal.
  Value scale(Value p, Value k) {
    Value half = arith::ShRSIOp::create(builder, loc, k, integer(1));
    Value rest = arith::SubIOp::create(builder, loc, k, half);
    auto power = [&](Value exponent) {
      Value biased = arith::AddIOp::create(builder, loc, exponent, integer(127));
      return fromBits(arith::ShLIOp::create(builder, loc, biased, integer(23)));
    };
    return mul(mul(p, power(half)), power(rest));
  }
  /// base^x: x = k/factor + r. Comparisons are false for a NaN, which stays one.
  Value expBase(Value x, float factor, float step, float stepRest, float low, float high, ArrayRef<float> polynomial) {
    x = select(arith::CmpFPredicate::OGT, x, real(high), real(high), x);
    x = select(arith::CmpFPredicate::OLT, x, real(low), real(low), x);
    // Adding 1.5·2^23 rounds to an integer, which is then in the low bits.
    Value magic = real(12582912.0f);
    Value shifted = fma(x, real(factor), magic);
    Value k = sub(shifted, magic);
    Value r = fma(k, real(-step), x);
    if (stepRest != 0)
      r = fma(k, real(-stepRest), r);
    Value p = horner(r, polynomial);
    return scale(p, arith::SubIOp::create(builder, loc, bits(shifted), integer(0x4B400000)));
  }
  Value exp(Value x) {
    return expBase(x, 1.44269502f, 0.693145752f, 1.42860677e-6f, -104.0f, 89.0f,
                   {1.37805939e-3f, 8.37312452e-3f, 4.16695364e-2f, 1.66664720e-1f, 4.99999851e-1f, 1.0f, 1.0f});
  }
  Value exp2(Value x) {
    return expBase(x, 1.0f, 1.0f, 0.0f, -151.0f, 129.0f,
                   {1.53758610e-4f, 1.33987039e-3f, 9.61838756e-3f, 5.55036329e-2f, 2.40226463e-1f, 6.93147182e-1f,
                    1.0f});
  }
  Value log(Value x) {
    using Predicate = arith::CmpFPredicate;
    // Subnormals are scaled up.
    Value tiny = real(1.17549435e-38f);
    Value scaled = select(Predicate::OLT, x, tiny, mul(x, real(8388608.0f)), x);
    Value offset = select(Predicate::OLT, x, tiny, real(-23.0f), real(0.0f));
    Value e = arith::AndIOp::create(builder, loc,
                                    arith::SubIOp::create(builder, loc, bits(scaled), integer(0x3f2aaaab)),
                                    integer(int32_t(0xff800000u)));
    Value m = fromBits(arith::SubIOp::create(builder, loc, bits(scaled), e));
    Value i = fma(arith::SIToFPOp::create(builder, loc, type, e), real(1.19209290e-7f), offset);
    Value f = sub(m, real(1.0f));
    Value s = mul(f, f);
    Value r = horner(s, {-0.130310059f, -0.121483512f, -0.166846126f, -0.249996200f});
    Value t = horner(s, {0.140869141f, 0.139814854f, 0.200120345f});
    r = fma(t, f, r);
    r = fma(r, f, real(0.333331972f));
    r = fma(r, f, real(-0.5f));
    r = fma(r, s, f);
    r = fma(i, real(0.693147182f), r);
    float infinity = std::numeric_limits<float>::infinity();
    r = select(Predicate::OLT, x, real(infinity), r, x); // +∞ and NaN
    r = select(Predicate::OLT, x, real(0.0f), real(std::numeric_limits<float>::quiet_NaN()), r);
    return select(Predicate::OEQ, x, real(0.0f), real(-infinity), r);
  }
  Value tanh(Value x) {
    Value magnitude = abs(x);
    Value e = exp(add(magnitude, magnitude));
    Value large = fma(real(-2.0f), div(real(1.0f), add(e, real(1.0f))), real(1.0f));
    Value s = mul(x, x);
    Value small = horner(s, {1.57394409e-2f, -5.23025580e-2f, 1.33152470e-1f, -3.33327681e-1f});
    small = fma(mul(small, s), x, x);
    return copySign(select(arith::CmpFPredicate::OGT, magnitude, real(0.599609375f), large, small), x);
  }
  Value erf(Value x) {
    Value t = abs(x), s = mul(x, x);
    Value r = fma(real(-1.72853470e-5f), t, real(3.83197126e-4f));
    Value u = fma(real(-3.88396438e-3f), t, real(2.42546219e-2f));
    r = fma(r, s, u);
    for (float coefficient : {-1.06777877e-1f, -6.34846687e-1f, -1.28717512e-1f})
      r = fma(r, t, real(coefficient));
    r = fma(r, t, neg(t));
    Value large = copySign(sub(real(1.0f), exp(r)), x);
    Value small = horner(s, {-5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f, -3.76125336e-1f,
                             1.28379166e-1f});
    small = fma(small, x, x);
    return select(arith::CmpFPredicate::OGT, t, real(0.927734375f), large, small);
  }
  // W. Kahan: the error of 1 + x cancels in log(u)·x / (u - 1).
  Value log1p(Value x) {
    Value one = real(1.0f), u = add(one, x);
    Value ratio = div(mul(log(u), x), sub(u, one));
    ratio = select(arith::CmpFPredicate::OEQ, u, x, log(u), ratio); // so large that 1 does not count, +∞
    return select(arith::CmpFPredicate::OEQ, u, one, x, ratio);
  }
  // 2·tanh(x/2) / (1 - tanh(x/2)) near 0, where e^x - 1 cancels.
  Value expm1(Value x) {
    Value t = tanh(mul(x, real(0.5f)));
    Value small = div(add(t, t), sub(real(1.0f), t));
    return select(arith::CmpFPredicate::OLT, abs(x), real(0.5f), small, sub(exp(x), real(1.0f)));
  }
};

// The constant all lanes of a value hold.
std::optional<double> getSplat(Value value) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return std::nullopt;
  if (auto splat = dyn_cast<SplatElementsAttr>(attribute))
    attribute = splat.getSplatValue<Attribute>();
  auto real = dyn_cast<FloatAttr>(attribute);
  return real ? std::optional(real.getValueAsDouble()) : std::nullopt;
}

Value expandPow(Expander &expand, Value base, Value exponent) {
  std::optional<double> power = getSplat(exponent);
  if (!power)
    return {};
  auto root = [&] { return math::SqrtOp::create(expand.builder, expand.loc, base); };
  Value square = expand.mul(base, base);
  if (*power == 2)
    return square;
  if (*power == 3)
    return expand.mul(square, base);
  if (*power == 4)
    return expand.mul(square, square);
  if (*power == 1)
    return base;
  if (*power == -1)
    return expand.div(expand.real(1.0f), base);
  if (*power == 0.5)
    return root();
  if (*power == -0.5)
    return expand.div(expand.real(1.0f), root());
  return {};
}

Value expandF32(OpBuilder &builder, Operation *op) {
  Expander expand{builder, op->getLoc(), op->getResult(0).getType()};
  Value x = op->getOperand(0);
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ExpOp) { return expand.exp(x); })
      .Case([&](math::Exp2Op) { return expand.exp2(x); })
      .Case([&](math::ExpM1Op) { return expand.expm1(x); })
      .Case([&](math::LogOp) { return expand.log(x); })
      .Case([&](math::Log2Op) { return expand.mul(expand.log(x), expand.real(1.44269504f)); })
      .Case([&](math::Log10Op) { return expand.mul(expand.log(x), expand.real(0.434294482f)); })
      .Case([&](math::Log1pOp) { return expand.log1p(x); })
      .Case([&](math::TanhOp) { return expand.tanh(x); })
      .Case([&](math::ErfOp) { return expand.erf(x); })
      .Case([&](math::PowFOp pow) { return expandPow(expand, pow.getLhs(), pow.getRhs()); })
      .Default(Value());
}

Type withElement(Type type, Type element) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? Type(shaped.clone(element)) : element;
}

// A function of a float narrower than f32: computed in f32.
void widen(Operation *op) {
  OpBuilder builder(op);
  Type narrow = op->getResult(0).getType(), wide = withElement(narrow, builder.getF32Type());
  for (OpOperand &operand : op->getOpOperands())
    if (operand.get().getType() == narrow)
      operand.set(arith::ExtFOp::create(builder, op->getLoc(), wide, operand.get()));
  op->getResult(0).setType(wide);
  builder.setInsertionPointAfter(op);
  auto result = arith::TruncFOp::create(builder, op->getLoc(), narrow, op->getResult(0));
  op->getResult(0).replaceAllUsesExcept(result, result);
}

// f64 to a type narrower than f32, by way of an f32 that is odd where it is inexact: only the second rounding counts then
// (S. Boldo and G. Melquiond, Emulation of FMA and correctly rounded sums, 2008). Otherwise it is a function of a library.
void narrowInSteps(arith::TruncFOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value x = op.getIn();
  Expander expand{builder, loc, withElement(x.getType(), builder.getF32Type())};
  Value nearest = arith::TruncFOp::create(builder, loc, expand.type, x);
  Value back = arith::ExtFOp::create(builder, loc, x.getType(), nearest), bits = expand.bits(nearest);
  auto compare = [&](arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(builder, loc, predicate, a, b);
  };
  Value toZero = arith::SelectOp::create(builder, loc, compare(arith::CmpFPredicate::OGT, expand.abs(back), expand.abs(x)),
                                         arith::SubIOp::create(builder, loc, bits, expand.integer(1)), bits);
  Value odd = arith::OrIOp::create(builder, loc, toZero, expand.integer(1));
  bits = arith::SelectOp::create(builder, loc, compare(arith::CmpFPredicate::ONE, back, x), odd, bits);
  op.getInMutable().assign(expand.fromBits(bits));
}

// Functions that the target has instructions for.
bool isInstruction(Operation *op) {
  return isa<math::FmaOp, math::SqrtOp, math::AbsFOp, math::AbsIOp, math::CopySignOp, math::FloorOp, math::CeilOp,
             math::RoundEvenOp, math::TruncOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp,
             math::IsFiniteOp, math::IsInfOp, math::IsNaNOp, math::IsNormalOp>(op);
}

struct ExpandMath : keel::impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    SmallVector<arith::TruncFOp> narrowings;
    getOperation()->walk([&](Operation *op) {
      if (isa_and_nonnull<math::MathDialect>(op->getDialect()))
        ops.push_back(op);
      auto narrowing = dyn_cast<arith::TruncFOp>(op);
      if (narrowing && getElementTypeOrSelf(narrowing.getIn()).isF64() && !getElementTypeOrSelf(narrowing.getType()).isF32())
        narrowings.push_back(narrowing);
    });
    llvm::for_each(narrowings, narrowInSteps);
    for (Operation *op : ops) {
      Type element = getElementTypeOrSelf(op->getResult(0).getType());
      if (isa<BFloat16Type, Float16Type>(element))
        widen(op);
      OpBuilder builder(op);
      Value result;
      if (auto rsqrt = dyn_cast<math::RsqrtOp>(op)) {
        Type type = rsqrt.getType();
        Expander expand{builder, op->getLoc(), type};
        Value one = expand.constant(builder.getFloatAttr(getElementTypeOrSelf(type), 1.0), type);
        result = expand.div(one, math::SqrtOp::create(builder, op->getLoc(), rsqrt.getOperand()));
      } else if (getElementTypeOrSelf(op->getResult(0).getType()).isF32()) {
        result = expandF32(builder, op);
      }
      if (!result)
        continue;
      op->getResult(0).replaceAllUsesWith(result);
      op->erase();
    }
    if (failed(expandBFloat16()) || failed(callLibrary()))
      signalPassFailure();
  }

  // bf16 has no arithmetic of its own, and its conversions are shifts.
  LogicalResult expandBFloat16() {
    MLIRContext *context = &getContext();
    Type bf16 = BFloat16Type::get(context);
    bool found = false;
    getOperation()->walk([&](Operation *op) {
      found |= llvm::any_of(op->getResultTypes(), [&](Type type) { return getElementTypeOrSelf(type) == bf16; });
    });
    if (!found)
      return success();
    TypeConverter converter;
    arith::populateEmulateUnsupportedFloatsConversions(converter, bf16, Float32Type::get(context));
    RewritePatternSet emulation(context);
    arith::populateEmulateUnsupportedFloatsPatterns(emulation, converter);
    ConversionTarget target(*context);
    arith::populateEmulateUnsupportedFloatsLegality(target, converter);
    if (failed(applyPartialConversion(getOperation(), target, std::move(emulation))))
      return failure();
    RewritePatternSet conversions(context);
    arith::populateExpandBFloat16Patterns(conversions);
    return applyPatternsGreedily(getOperation(), std::move(conversions));
  }

  LogicalResult callLibrary() {
    MLIRContext *context = &getContext();
    RewritePatternSet expansions(context);
    math::populateExpansionPatterns(expansions, {"ctlz", "fpowi"});
    (void)applyPatternsGreedily(getOperation(), std::move(expansions));
    ConversionTarget target(*context);
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addDynamicallyLegalDialect<math::MathDialect>(isInstruction);
    RewritePatternSet patterns(context);
    populateMathToLibmConversionPatterns(patterns);
    return applyPartialConversion(getOperation(), target, std::move(patterns));
  }
};

} // namespace
