// Buffers of operands, dense.
#include "dialect/keel/DenseBuffers.h"

using namespace mlir;

LogicalResult keel::appendDenseBuffers(Operation *op, ValueRange operands, RewriterBase &rewriter,
                                       const bufferization::BufferizationOptions &options,
                                       bufferization::BufferizationState &state, SmallVectorImpl<Value> &buffers) {
  for (Value value : operands) {
    auto tensor = dyn_cast<TensorType>(value.getType());
    if (!tensor) {
      buffers.push_back(value);
      continue;
    }
    FailureOr<Value> buffer = bufferization::getBuffer(rewriter, value, options, state);
    if (failed(buffer))
      return failure();
    if (buffer->getType() != bufferization::getMemRefTypeWithStaticIdentityLayout(tensor))
      return op->emitOpError("operand's buffer must have the identity layout, found ") << buffer->getType();
    buffers.push_back(*buffer);
  }
  return success();
}

void keel::appendLaunchEffects(DestinationStyleOpInterface op,
                               SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}
