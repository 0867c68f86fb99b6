// Derivatives of arith ops on floats, scalar or element by element.
#include "passes/train/Derivatives.h"
#include "passes/train/Expression.h"

using namespace mlir;
using namespace keel;

namespace {

using Results = ArrayRef<Value>;
using Inputs = SmallVectorImpl<Value>;

template <typename OpTy>
Expression express(OpTy op, OpBuilder &builder, Value value) {
  return {&builder, op.getLoc(), value};
}

LogicalResult addition(arith::AddFOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  dx[0] = dx[1] = dy[0];
  return success();
}

LogicalResult subtraction(arith::SubFOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  dx[0] = dy[0];
  if (wanted(1))
    dx[1] = (-express(op, builder, dy[0])).value;
  return success();
}

LogicalResult product(arith::MulFOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  Expression gradient = express(op, builder, dy[0]);
  for (unsigned i : {0, 1})
    if (wanted(i))
      dx[i] = (gradient * gradient.wrap(op->getOperand(1 - i))).value;
  return success();
}

LogicalResult quotient(arith::DivFOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  Expression gradient = express(op, builder, dy[0]), share = gradient / gradient.wrap(op.getRhs());
  dx[0] = share.value;
  if (wanted(1))
    dx[1] = (-(share * gradient.wrap(op.getResult()))).value;
  return success();
}

// x − trunc(x / y)·y
LogicalResult floatRemainder(arith::RemFOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  Expression gradient = express(op, builder, dy[0]);
  dx[0] = dy[0];
  if (wanted(1)) {
    Expression x = gradient.wrap(op.getLhs()), y = gradient.wrap(op.getRhs()), r = gradient.wrap(op.getResult());
    dx[1] = (gradient * ((r - x) / y)).value;
  }
  return success();
}

LogicalResult negation(arith::NegFOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  dx[0] = (-express(op, builder, dy[0])).value;
  return success();
}

// Strictly greater (or less) takes the gradient, so that relu(x) = max(x, 0) has the slope 0 at 0, as everywhere.
template <typename OpTy, arith::CmpFPredicate predicate>
LogicalResult extremum(OpTy op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  Expression gradient = express(op, builder, dy[0]);
  Expression left = gradient.wrap(op.getLhs()), right = gradient.wrap(op.getRhs());
  if (!wanted(0)) {
    dx[1] = gradient.where(right.compare(predicate, left)).value;
    return success();
  }
  Value isLeft = left.compare(predicate, right);
  dx[0] = gradient.where(isLeft).value;
  if (wanted(1))
    dx[1] = gradient.unless(isLeft).value;
  return success();
}

LogicalResult selection(arith::SelectOp op, OpBuilder &builder, Results dy, Wanted wanted, Inputs &dx) {
  Expression gradient = express(op, builder, dy[0]);
  if (wanted(1))
    dx[1] = gradient.where(op.getCondition()).value;
  if (wanted(2))
    dx[2] = gradient.unless(op.getCondition()).value;
  return success();
}

LogicalResult extension(arith::ExtFOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  dx[0] = arith::TruncFOp::create(builder, op.getLoc(), op.getIn().getType(), dy[0]);
  return success();
}

LogicalResult truncation(arith::TruncFOp op, OpBuilder &builder, Results dy, Wanted, Inputs &dx) {
  dx[0] = arith::ExtFOp::create(builder, op.getLoc(), op.getIn().getType(), dy[0]);
  return success();
}

} // namespace

void keel::registerArithDerivatives(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    using namespace arith;
    constexpr CmpFPredicate greater = CmpFPredicate::OGT, less = CmpFPredicate::OLT;
    AddFOp::attachInterface<Derivative<AddFOp, addition>>(*context);
    SubFOp::attachInterface<Derivative<SubFOp, subtraction>>(*context);
    MulFOp::attachInterface<Derivative<MulFOp, product>>(*context);
    DivFOp::attachInterface<Derivative<DivFOp, quotient>>(*context);
    RemFOp::attachInterface<Derivative<RemFOp, floatRemainder>>(*context);
    NegFOp::attachInterface<Derivative<NegFOp, negation>>(*context);
    MaximumFOp::attachInterface<Derivative<MaximumFOp, extremum<MaximumFOp, greater>>>(*context);
    MaxNumFOp::attachInterface<Derivative<MaxNumFOp, extremum<MaxNumFOp, greater>>>(*context);
    MinimumFOp::attachInterface<Derivative<MinimumFOp, extremum<MinimumFOp, less>>>(*context);
    MinNumFOp::attachInterface<Derivative<MinNumFOp, extremum<MinNumFOp, less>>>(*context);
    SelectOp::attachInterface<Derivative<SelectOp, selection>>(*context);
    ExtFOp::attachInterface<Derivative<ExtFOp, extension>>(*context);
    TruncFOp::attachInterface<Derivative<TruncFOp, truncation>>(*context);
  });
}
