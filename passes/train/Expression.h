// Formulas over float values (scalars, or tensors element by element) as C++ expressions that emit arith and math ops.
#pragma once

#include "passes/train/Backward.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace keel {

struct Expression {
  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;

  Expression wrap(mlir::Value other) const { return {builder, loc, other}; }
  Expression constant(double number) const { return wrap(constantLike(*builder, loc, value, number)); }

  template <typename OpTy>
  Expression apply() const {
    return wrap(OpTy::create(*builder, loc, value));
  }
  template <typename OpTy>
  Expression apply(Expression other) const {
    return wrap(OpTy::create(*builder, loc, value, other.value));
  }

  Expression operator-() const { return apply<mlir::arith::NegFOp>(); }
  Expression operator+(Expression other) const { return apply<mlir::arith::AddFOp>(other); }
  Expression operator-(Expression other) const { return apply<mlir::arith::SubFOp>(other); }
  Expression operator*(Expression other) const { return apply<mlir::arith::MulFOp>(other); }
  Expression operator/(Expression other) const { return apply<mlir::arith::DivFOp>(other); }
  Expression operator+(double number) const { return *this + constant(number); }
  Expression operator-(double number) const { return *this - constant(number); }
  Expression operator*(double number) const { return *this * constant(number); }
  Expression operator/(double number) const { return *this / constant(number); }

  mlir::Value compare(mlir::arith::CmpFPredicate predicate, Expression other) const {
    return mlir::arith::CmpFOp::create(*builder, loc, predicate, value, other.value);
  }
  /// This expression where `condition` holds, else zero.
  Expression where(mlir::Value condition) const {
    return wrap(mlir::arith::SelectOp::create(*builder, loc, condition, value, constant(0.0).value));
  }
  /// This expression where `condition` does not hold, else zero.
  Expression unless(mlir::Value condition) const {
    return wrap(mlir::arith::SelectOp::create(*builder, loc, condition, constant(0.0).value, value));
  }
};

} // namespace keel
