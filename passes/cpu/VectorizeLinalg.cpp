// Every linalg op on buffers that is not a register-tiled contraction becomes loops over vectors. Named ops are
// generalized first, strided copies become generics, multiply-adds are fused by us so that they are fused the same way
// wherever the loop is unrolled.
#include "passes/cpu/Passes.h"
#include "passes/cpu/VectorizeLinalgPlan.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace keel {
#define GEN_PASS_DEF_VECTORIZELINALG
#include "passes/cpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel::vectorize;

namespace {

// a·b + c and a·b - c with a product used once, in f32 and f64.
void fuseMultiplyAdds(RewriterBase &rewriter, linalg::GenericOp op) {
  auto getProduct = [&](Value value) -> arith::MulFOp {
    auto product = value.getDefiningOp<arith::MulFOp>();
    return product && product->getBlock() == op.getBody() && product->hasOneUse() ? product : nullptr;
  };
  for (Operation &inner : llvm::make_early_inc_range(op.getBody()->without_terminator())) {
    if (!isa<arith::AddFOp, arith::SubFOp>(inner) || !isa<Float32Type, Float64Type>(inner.getResult(0).getType()))
      continue;
    Value lhs = inner.getOperand(0), rhs = inner.getOperand(1);
    bool isSub = isa<arith::SubFOp>(inner);
    auto product = getProduct(lhs);
    if (!product && isa<arith::AddFOp>(inner)) {
      product = getProduct(rhs);
      std::swap(lhs, rhs);
    }
    bool isNegated = !product && isSub && (product = getProduct(rhs));
    if (!product)
      continue;
    rewriter.setInsertionPoint(&inner);
    Location loc = inner.getLoc();
    Value factor = product.getLhs(), addend = rhs;
    if (isNegated) { // c - a·b
      factor = arith::NegFOp::create(rewriter, loc, factor);
      addend = lhs;
    } else if (isSub) {
      addend = arith::NegFOp::create(rewriter, loc, addend);
    }
    rewriter.replaceOpWithNewOp<math::FmaOp>(&inner, factor, product.getRhs(), addend);
    rewriter.eraseOp(product);
  }
}

// memref.copy between buffers without gaps is a memcpy; any other one is a generic.
void generalizeCopy(RewriterBase &rewriter, memref::CopyOp copy) {
  auto source = dyn_cast<MemRefType>(copy.getSource().getType());
  auto target = dyn_cast<MemRefType>(copy.getTarget().getType());
  if (!source || !target || (source.getLayout().isIdentity() && target.getLayout().isIdentity()))
    return;
  rewriter.setInsertionPoint(copy);
  AffineMap map = rewriter.getMultiDimIdentityMap(source.getRank());
  SmallVector<utils::IteratorType> iterators(source.getRank(), utils::IteratorType::parallel);
  linalg::GenericOp::create(rewriter, copy.getLoc(), copy.getSource(), copy.getTarget(), ArrayRef{map, map}, iterators,
                            [](OpBuilder &builder, Location loc, ValueRange values) {
                              linalg::YieldOp::create(builder, loc, values[0]);
                            });
  rewriter.eraseOp(copy);
}

struct VectorizeLinalg : keel::impl::VectorizeLinalgBase<VectorizeLinalg> {
  using VectorizeLinalgBase::VectorizeLinalgBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<memref::CopyOp> copies;
    getOperation()->walk([&](memref::CopyOp copy) { copies.push_back(copy); });
    for (memref::CopyOp copy : copies)
      generalizeCopy(rewriter, copy);

    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics())
        ops.push_back(op);
    });
    Options options{vectorBits, registers};
    for (linalg::LinalgOp op : ops) {
      auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
      if (!generic) {
        rewriter.setInsertionPoint(op);
        FailureOr<linalg::GenericOp> generalized = linalg::generalizeNamedOp(rewriter, op);
        if (failed(generalized)) {
          op.emitError() << "cannot be written as linalg.generic; expected a structured linalg op";
          return signalPassFailure();
        }
        generic = *generalized;
      }
      fuseMultiplyAdds(rewriter, generic);
      rewriter.setInsertionPoint(generic);
      FailureOr<Plan> plan = makePlan(rewriter, generic, options);
      if (failed(plan))
        return signalPassFailure();
      emitLoops(rewriter, *plan);
      rewriter.eraseOp(generic);
    }
  }
};

} // namespace
