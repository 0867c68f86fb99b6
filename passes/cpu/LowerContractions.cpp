// Lowers linalg contractions on memrefs to loops over register tiles.
#include "passes/cpu/ContractionEmitter.h"
#include "passes/cpu/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

namespace keel {
#define GEN_PASS_DEF_LOWERCONTRACTIONS
#include "passes/cpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

namespace {

// The op just before the contraction that writes all of C, if no other access to memory is between the two.
linalg::LinalgOp findWriter(const Contraction &contraction) {
  Operation *op = contraction.op->getPrevNode();
  while (op && isMemoryEffectFree(op))
    op = op->getPrevNode();
  auto writer = dyn_cast_or_null<linalg::LinalgOp>(op);
  if (!writer || writer.getNumDpsInits() != 1 || writer.getDpsInits()[0] != contraction.c->get() ||
      writer.getNumDpsInputs() > 1 || !writer.hasPureBufferSemantics() ||
      writer.getNumParallelLoops() != writer.getNumLoops() ||
      !writer.getMatchingIndexingMap(writer.getDpsInitOperand(0)).isPermutation())
    return nullptr;
  return writer;
}

// What `writer` puts into C: a scalar, or elements of another memref.
std::optional<InitialValue> getInitialValue(linalg::LinalgOp writer, const Contraction &contraction) {
  Value yielded = writer.getBlock()->getTerminator()->getOperand(0);
  if (writer.getBlock()->getOperations().size() != 1)
    return std::nullopt;
  auto argument = dyn_cast<BlockArgument>(yielded);
  if (!argument || argument.getOwner() != writer.getBlock())
    return InitialValue{InitialValue::Scalar, yielded, {}};
  if (argument.getArgNumber() != 0 || writer.getNumDpsInputs() != 1)
    return std::nullopt;
  OpOperand *input = writer.getDpsInputOperand(0);
  if (!isa<MemRefType>(input->get().getType()))
    return InitialValue{InitialValue::Scalar, input->get(), {}};
  // The writer's loops, from C's indices, from the contraction's loops.
  AffineMap loops = inversePermutation(writer.getMatchingIndexingMap(writer.getDpsInitOperand(0)));
  AffineMap map = writer.getMatchingIndexingMap(input).compose(loops).compose(contraction.cMap);
  if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
    return std::nullopt;
  if (contraction.n.empty() || !map.isFunctionOfDim(contraction.n.back()))
    return InitialValue{InitialValue::Read, input->get(), map};
  // Vectors along n are read, so n must be the contiguous dimension.
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!last || last.getPosition() != contraction.n.back() ||
      failed(cast<MemRefType>(input->get().getType()).getStridesAndOffset(strides, offset)) || strides.back() != 1)
    return std::nullopt;
  return InitialValue{InitialValue::Read, input->get(), map};
}

struct LowerContractions : keel::impl::LowerContractionsBase<LowerContractions> {
  using LowerContractionsBase::LowerContractionsBase;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics())
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops)
      if (std::optional<Contraction> contraction = matchContraction(op))
        lower(*contraction, rewriter);
  }

  void lower(const Contraction &contraction, IRRewriter &rewriter) {
    ContractionEmitter emitter(rewriter, contraction, {vectorBits, registers});
    if (!emitter.isSupported())
      return;
    if (linalg::LinalgOp writer = emitter.takesInitialValue() ? findWriter(contraction) : nullptr)
      if (std::optional<InitialValue> initial = getInitialValue(writer, contraction)) {
        emitter.setInitialValue(*initial);
        rewriter.eraseOp(writer);
      }
    emitter.emit();
    rewriter.eraseOp(contraction.op);
  }
};

} // namespace
