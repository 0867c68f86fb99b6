// Chooses how each normalization of a matrix product's rows is done, by the cost model.
#include "passes/gpu/Passes.h"

#include "dialect/norm/Norm.h"
#include "dialect/norm/Strategy.h"
#include "passes/algebra/ScaleFolder.h"
#include "passes/cost/StrategyCost.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace keel {
#define GEN_PASS_DEF_CHOOSESTRATEGY
#include "passes/gpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

/// The product that makes a value, but for elementwise ops.
static linalg::LinalgOp findProduct(Value value) {
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  if (!op || linalg::isaContractionOpInterface(op) || !linalg::isElementwise(op))
    return op && linalg::isaContractionOpInterface(op) ? op : linalg::LinalgOp();
  for (OpOperand *input : op.getDpsInputOperands())
    if (input->get().getType() == value.getType())
      if (linalg::LinalgOp product = findProduct(input->get()))
        return product;
  return {};
}

/// The first product that reads a value, but for elementwise ops.
static linalg::LinalgOp findReader(Value value) {
  for (OpOperand &use : value.getUses()) {
    auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    if (!op || !op.isDpsInput(&use))
      continue;
    if (linalg::isaContractionOpInterface(op))
      return op;
    if (linalg::isElementwise(op) && op->getResultTypes()[0] == value.getType())
      if (linalg::LinalgOp reader = findReader(op->getResult(0)))
        return reader;
  }
  return {};
}

/// What a product sums over.
static int64_t depthOf(linalg::LinalgOp product) {
  int64_t depth = 1;
  for (auto [extent, iterator] : llvm::zip(product.getStaticLoopRanges(), product.getIteratorTypesArray()))
    if (iterator == utils::IteratorType::reduction)
      depth = ShapedType::isDynamic(extent) ? extent : depth * extent;
  return depth;
}

namespace {
struct ChooseStrategy : keel::impl::ChooseStrategyBase<ChooseStrategy> {
  using ChooseStrategyBase::ChooseStrategyBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<Operation *> norms;
      function.walk([&](Operation *op) {
        if (isa<norm::LayerNormOp, norm::RmsNormOp>(op) && !op->hasAttr(norm::strategyAttribute))
          norms.push_back(op);
      });
      for (Operation *op : norms)
        choose(op, function);
    }
  }

  void choose(Operation *op, func::FuncOp function) {
    std::optional<NormalizedRows> rows;
    if (auto layer = dyn_cast<norm::LayerNormOp>(op))
      rows = describe(layer, layer.getZeroMeanInput());
    else
      rows = describe(cast<norm::RmsNormOp>(op), /*isCentred=*/true);
    if (!rows)
      return;
    // The network's gradient is that of its loss. What other entries need of the weights, each step of training would compute anew.
    rows->isTrained = isTrained && function.getSymName() == "loss";
    rows->canDefer &= rows->isTrained == isTrained;
    StrategyLimits limits{tileColumns, clusterColumns, rowColumns, operandReuse, /*hasWgmma=*/clusterColumns > 0};
    const DeviceDescription &device = getDeviceOfCapability(sm);
    SmallVector<StrategyCost> costs = estimateStrategies(*rows, limits, device);
    Strategy chosen = chooseStrategy(costs);
    // Between cluster and barrier the kernel's own tiles decide, and longer rows than both take have no choice.
    if (chosen == Strategy::Deferred || (chosen == Strategy::Statistics && costs.front().strategy != chosen))
      op->setAttr(norm::strategyAttribute, StringAttr::get(op->getContext(), nameOf(chosen)));
    std::string text;
    for (const StrategyCost &cost : costs)
      text += llvm::formatv("{0}{1} {2:F1} us", text.empty() ? "" : ", ", nameOf(cost.strategy), 1e6 * cost.seconds).str();
    bool isComplete = chosen != Strategy::Statistics && chosen != Strategy::Deferred;
    remark::analysis(op->getLoc(), remark::RemarkOpts::name("strategy").category("gpu").function(function.getSymName()))
        << (Twine(rows->columns) + " columns on " + device.name + ", expected: " + text + "; " +
            (isComplete ? "complete in the matmul's kernel" : nameOf(chosen)))
               .str();
  }

  /// Nothing where no product makes the rows, or their length is not known.
  template <typename Op> std::optional<NormalizedRows> describe(Op op, bool isCentred) {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    linalg::LinalgOp product = findProduct(op.getInput());
    if (!product || op.getAxes() != ArrayRef<int64_t>{type.getRank() - 1} || type.isDynamicDim(type.getRank() - 1))
      return std::nullopt;
    NormalizedRows rows;
    for (int64_t extent : type.getShape().drop_back())
      rows.rows *= ShapedType::isDynamic(extent) ? batch : extent;
    rows.columns = type.getShape().back();
    rows.depth = depthOf(product);
    if (ShapedType::isDynamic(rows.depth))
      return std::nullopt;
    rows.reads = precision == "f32"    ? KernelWork::Reads::F32
                 : precision == "tf32" ? KernelWork::Reads::Tf32
                                       : KernelWork::Reads::Half;
    rows.isCentred = isCentred;
    if (linalg::LinalgOp reader = findReader(op.getResult()))
      if (int64_t columns = cast<ShapedType>(reader->getResultTypes()[0]).getShape().back(); !ShapedType::isDynamic(columns))
        rows.readerColumns = columns;
    rows.canDefer = isCentred && rows.readerColumns && algebra::canFoldScale(op);
    return rows;
  }
};
} // namespace
