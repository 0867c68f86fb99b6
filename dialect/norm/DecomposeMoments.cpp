// Decomposition of norm.moments: two passes.
#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"
#include "dialect/norm/Normalize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace keel::norm;

FailureOr<SmallVector<Value>> MomentsOp::decompose(OpBuilder &builder) {
  Emitter emit(builder, getLoc(), getInput());
  SmallVector<int64_t> kept = complementDims(emit.getRank(), getAxes());
  Value sum = sumOf(emit, getInput(), kept);
  Value mean = emit.map({{sum, kept}, emit.count(getAxes())}, kept, emit.accumulation,
                        [&](OpBuilder &b, Location loc, ValueRange in) -> Value {
                          // Over nothing the mean is 0, not 0/0.
                          Value one = constantOf(b, loc, emit.accumulation, 1.0);
                          Value count = arith::MaximumFOp::create(b, loc, in[1], one);
                          return arith::DivFOp::create(b, loc, in[0], count);
                        });
  Value m2 = emit.reduce({emit.over(getInput()), {mean, kept}}, kept, 0.0,
                         [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                           Value deviation = arith::SubFOp::create(b, loc, in[0], in[1]);
                           Value square = arith::MulFOp::create(b, loc, deviation, deviation);
                           return arith::AddFOp::create(b, loc, in[2], square);
                         });
  RankedTensorType type = getMean().getType();
  return SmallVector<Value>{castTensor(builder, getLoc(), mean, type), castTensor(builder, getLoc(), m2, type)};
}
