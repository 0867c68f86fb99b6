// The derivative of upstream's `linalg.softmax`.
#include "dialect/norm/SoftmaxDerivative.h"

#include "dialect/norm/Norm.h"
#include "dialect/norm/Normalize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace keel::norm;

namespace {
struct SoftmaxDerivative : DifferentiableOpInterface::ExternalModel<SoftmaxDerivative, linalg::SoftmaxOp> {
  LogicalResult buildGradient(Operation *op, OpBuilder &builder, ArrayRef<Value> resultGradients,
                              SmallVectorImpl<Value> &operandGradients) const {
    auto softmax = cast<linalg::SoftmaxOp>(op);
    operandGradients.assign(2, Value());
    Value dy = resultGradients.empty() ? Value() : resultGradients[0]; // On memrefs it has no result.
    if (!dy)
      return success();
    Emitter emit(builder, op->getLoc(), softmax->getResult(0));
    SmallVector<int64_t> kept = complementDims(emit.getRank(), {static_cast<int64_t>(softmax.getDimension())});
    Value sum = sumOfProduct(emit, dy, emit.space, kept);
    operandGradients[0] = emit.map({emit.over(dy), emit.over(emit.space), {sum, kept}}, emit.allDims(),
                                   emit.getElementType(), [](OpBuilder &b, Location loc, ValueRange in) -> Value {
                                     Value centred = arith::SubFOp::create(b, loc, in[0], in[2]);
                                     return arith::MulFOp::create(b, loc, in[1], centred);
                                   });
    return success();
  }
};
} // namespace

void keel::norm::registerSoftmaxDerivative(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    linalg::SoftmaxOp::attachInterface<SoftmaxDerivative>(*context);
  });
}
