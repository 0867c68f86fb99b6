// Gives contractions their B operand in panels, packed by kernels of their own.
#include "passes/schedule/PackOperands.h"
#include "dialect/keel/Keel.h"
#include "passes/schedule/Contraction.h"
#include "passes/schedule/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_PACKOPERANDS
#include "passes/schedule/Passes.h.inc"

namespace {

// A's rows must be many enough to pay for the copy.
constexpr int64_t minRows = 32;

struct PackOperands : impl::PackOperandsBase<PackOperands> {
  using PackOperandsBase::PackOperandsBase;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](KernelOp kernel) {
      for (auto op : kernel.getBlock()->getOps<linalg::GenericOp>())
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::GenericOp op : ops)
      if (std::optional<Contraction> contraction = matchContraction(op))
        if (int64_t panel = choosePanel(*contraction))
          pack(rewriter, *contraction, panel);
  }

  // The columns of a panel; 0: B stays as it is.
  int64_t choosePanel(const Contraction &contraction) {
    auto argument = dyn_cast<BlockArgument>(contraction.b->get());
    auto kernel = cast<KernelOp>(contraction.op->getParentOp());
    auto type = dyn_cast<RankedTensorType>(contraction.b->get().getType());
    // One plain (k, n) or (n, k) matrix, of known size: a packed tensor's inner extents are part of the code.
    if (!type || !argument || argument.getArgNumber() >= kernel.getInputs().size() || type.getRank() != 2 ||
        !type.hasStaticShape() || contraction.panel || contraction.n.size() != 1 || contraction.k.size() != 1 ||
        !contraction.bMap.isProjectedPermutation())
      return 0;
    int64_t rows = 1;
    for (unsigned m : contraction.m)
      rows = ShapedType::isDynamic(contraction.extents[m]) ? minRows : rows * contraction.extents[m];
    if (rows < minRows)
      return 0;
    int64_t bytes = type.getElementTypeBitWidth() / 8, n = contraction.extents[contraction.n[0]];
    if (isTransposed(contraction)) {
      if (type.getNumElements() < 1024)
        return 0;
    } else if (n * bytes < minStride || type.getDimSize(0) < 64) {
      // Rows of B that are near each other are read as they are: they share cache sets and pages.
      return 0;
    }
    int64_t lanes =
        vectorBits / std::max<int64_t>(32, contraction.getElementType(contraction.c).getIntOrFloatBitWidth());
    return std::min<int64_t>((registers >= 32 ? 4 : 2) * lanes, llvm::divideCeil(n, lanes) * lanes);
  }

  static bool isTransposed(const Contraction &contraction) {
    return contraction.bMap.getResult(0).isFunctionOfDim(contraction.n[0]);
  }

  void pack(IRRewriter &rewriter, const Contraction &contraction, int64_t panel) {
    auto kernel = cast<KernelOp>(contraction.op->getParentOp());
    auto argument = cast<BlockArgument>(contraction.b->get());
    Value source = kernel.getInputs()[argument.getArgNumber()];
    Value packed = getPacked(rewriter, source, isTransposed(contraction), panel, kernel);

    // The packed tensor joins the kernel's inputs; the plain one leaves if nothing else reads it.
    unsigned position = kernel.getInputs().size();
    kernel.getInputsMutable().append(packed);
    BlockArgument packedArgument =
        kernel.getBlock()->insertArgument(position, packed.getType(), contraction.op->getLoc());
    auto generic = cast<linalg::GenericOp>(contraction.b->getOwner());
    SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
    maps[contraction.b->getOperandNumber()] = getPanelMap(contraction, contraction.n[0], panel);
    rewriter.modifyOpInPlace(generic, [&] {
      contraction.b->set(packedArgument);
      generic.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    });
    if (argument.use_empty()) {
      unsigned number = argument.getArgNumber();
      kernel.getBlock()->eraseArgument(number);
      kernel.getInputsMutable().erase(number);
    }
  }

  // The kernel that packs `source`, shared by all that read it in the same layout.
  Value getPacked(IRRewriter &rewriter, Value source, bool transposed, int64_t panel, KernelOp user) {
    Value &packed = packs[{source, panel * 2 + transposed}];
    if (packed)
      return packed;
    auto type = cast<RankedTensorType>(source.getType());
    int64_t n = type.getDimSize(transposed ? 0 : 1), k = type.getDimSize(transposed ? 1 : 0);
    Location loc = source.getLoc();
    std::string name = "pack_";
    if (auto load = source.getDefiningOp<ml_program::GlobalLoadOp>())
      name += load.getGlobal().getLeafReference().getValue();
    else
      name += user.getName();
    if (transposed)
      name += "_transposed";

    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointAfterValue(source);
    Value empty =
        tensor::EmptyOp::create(rewriter, loc, {int64_t(llvm::divideCeil(n, panel)), k, panel}, type.getElementType());
    auto kernel = KernelOp::create(rewriter, loc, name, source, empty);
    rewriter.setInsertionPointToStart(kernel.getBlock());
    Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
    int64_t columns = transposed ? 0 : 1; // of source
    SmallVector<int64_t> order = transposed ? SmallVector<int64_t>{0, 1} : SmallVector<int64_t>{1, 0};
    auto pack = linalg::PackOp::create(rewriter, loc, kernel.getInputArguments()[0], kernel.getInitArguments()[0],
                                       columns, ArrayRef<OpFoldResult>{rewriter.getIndexAttr(panel)}, zero, order);
    YieldOp::create(rewriter, loc, pack->getResults());
    return packed = kernel->getResult(0);
  }

  // Source and layout to the packed tensor.
  DenseMap<std::pair<Value, int64_t>, Value> packs;
  // Bytes between B's rows from which they are packed.
  static constexpr int64_t minStride = 2048;
};

} // namespace
} // namespace keel
