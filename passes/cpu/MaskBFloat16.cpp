// Masked loads and stores of bf16 go as integers: x86 without bf16 arithmetic takes them apart into conversions that are
// library calls.
#include "passes/cpu/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace keel {
#define GEN_PASS_DEF_MASKBFLOAT16
#include "passes/cpu/Passes.h.inc"
} // namespace keel

using namespace mlir;

namespace {
struct MaskBFloat16 : keel::impl::MaskBFloat16Base<MaskBFloat16> {
  // The type with i16 in the place of bf16; null for another type.
  static VectorType getIntegers(Type type) {
    auto vector = dyn_cast<VectorType>(type);
    if (!vector || !vector.getElementType().isBF16())
      return {};
    return vector.clone(IntegerType::get(type.getContext(), 16));
  }

  static void castOperand(OpOperand &operand) {
    OpBuilder builder(operand.getOwner());
    if (VectorType integers = getIntegers(operand.get().getType()))
      operand.set(LLVM::BitcastOp::create(builder, operand.getOwner()->getLoc(), integers, operand.get()));
  }

  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<LLVM::MaskedLoadOp, LLVM::MaskedStoreOp>(op))
        return;
      for (OpOperand &operand : op->getOpOperands())
        castOperand(operand);
      for (Value result : op->getResults())
        if (VectorType integers = getIntegers(result.getType())) {
          OpBuilder builder(op->getContext());
          builder.setInsertionPointAfter(op);
          Type floats = result.getType();
          result.setType(integers);
          Value cast = LLVM::BitcastOp::create(builder, op->getLoc(), floats, result);
          result.replaceAllUsesExcept(cast, cast.getDefiningOp());
        }
    });
  }
};
} // namespace
