// Recognises contractions by indexing maps and body; see Contraction.h.
#include "passes/schedule/Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace keel;

// The block argument that `value` is, but for extensions.
static BlockArgument getArgument(Value value) {
  while (auto extension = value.getDefiningOp<arith::ExtFOp>())
    value = extension.getIn();
  return dyn_cast<BlockArgument>(value);
}

bool keel::isSumOfProducts(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || op->getNumRegions() != 1)
    return false;
  Block *block = op.getBlock();
  auto yield = cast<linalg::YieldOp>(block->getTerminator());
  auto sum = yield.getNumOperands() == 1 ? yield.getOperand(0).getDefiningOp<arith::AddFOp>() : nullptr;
  if (!sum)
    return false;
  Value product = sum.getLhs() == block->getArgument(2) ? sum.getRhs() : sum.getLhs();
  Value carried = sum.getLhs() == block->getArgument(2) ? sum.getLhs() : sum.getRhs();
  auto multiply = product.getDefiningOp<arith::MulFOp>();
  if (carried != block->getArgument(2) || !multiply)
    return false;
  BlockArgument left = getArgument(multiply.getLhs()), right = getArgument(multiply.getRhs());
  return left && right && left.getOwner() == block && right.getOwner() == block &&
         left.getArgNumber() + right.getArgNumber() == 1;
}

// The extent of each loop, from an operand dimension that it alone indexes; empty where one has none.
static SmallVector<int64_t> getExtents(linalg::LinalgOp op) {
  SmallVector<int64_t> extents(op.getNumLoops(), -1);
  for (OpOperand &operand : op->getOpOperands())
    for (auto [position, expr] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        int64_t size = cast<ShapedType>(operand.get().getType()).getDimSize(position);
        int64_t &extent = extents[dim.getPosition()];
        if (extent == -1 || ShapedType::isDynamic(extent))
          extent = size;
      }
  if (llvm::is_contained(extents, -1))
    return {};
  return extents;
}

// The n loop and width of a packed B, whose map holds n floordiv width and, last, n mod width.
static int64_t getPanel(AffineMap map) {
  if (map.getNumResults() < 2)
    return 0;
  auto mod = dyn_cast<AffineBinaryOpExpr>(map.getResults().back());
  if (!mod || mod.getKind() != AffineExprKind::Mod || !isa<AffineDimExpr>(mod.getLHS()))
    return 0;
  auto width = dyn_cast<AffineConstantExpr>(mod.getRHS());
  if (!width || !llvm::is_contained(map.getResults(), mod.getLHS().floorDiv(width.getValue())))
    return 0;
  return width.getValue();
}

std::optional<Contraction> keel::matchContraction(linalg::LinalgOp op) {
  if (!isSumOfProducts(op))
    return std::nullopt;
  for (OpOperand &operand : op->getOpOperands())
    if (!isa<ShapedType>(operand.get().getType()))
      return std::nullopt;
  Contraction result;
  result.op = op;
  result.a = op.getDpsInputOperand(0);
  result.b = op.getDpsInputOperand(1);
  result.c = op.getDpsInitOperand(0);
  result.aMap = op.getMatchingIndexingMap(result.a);
  result.bMap = op.getMatchingIndexingMap(result.b);
  result.cMap = op.getMatchingIndexingMap(result.c);
  result.extents = getExtents(op);
  if (result.extents.empty() || !result.cMap.isProjectedPermutation(/*allowZeroInResults=*/true))
    return std::nullopt;

  SmallVector<unsigned> parallel; // of extent other than one, in C's order
  for (AffineExpr expr : result.cMap.getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && result.extents[dim.getPosition()] != 1)
      parallel.push_back(dim.getPosition());
  auto isIn = [](AffineMap map, unsigned loop) { return map.isFunctionOfDim(loop); };
  if (!parallel.empty() && isIn(result.aMap, parallel.back())) {
    std::swap(result.a, result.b);
    std::swap(result.aMap, result.bMap);
  }
  for (unsigned loop : parallel) {
    bool inA = isIn(result.aMap, loop), inB = isIn(result.bMap, loop);
    if (!inA && !inB)
      return std::nullopt;
    (inA && inB ? result.batch : inA ? result.m : result.n).push_back(loop);
  }
  // The last one is in A and in B: nothing to reuse along it.
  if (!parallel.empty() && (result.n.empty() || result.n.back() != parallel.back()))
    return std::nullopt;
  auto addReduction = [&](AffineExpr expr) {
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      if (expr.isFunctionOfDim(loop) && !isIn(result.cMap, loop) && result.extents[loop] != 1 &&
          !llvm::is_contained(result.k, loop))
        result.k.push_back(loop);
  };
  for (AffineExpr expr : result.aMap.getResults())
    addReduction(expr);
  for (AffineExpr expr : result.bMap.getResults())
    addReduction(expr);
  for (unsigned loop : result.k)
    if (!isIn(result.aMap, loop) || !isIn(result.bMap, loop))
      return std::nullopt;
  result.panel = getPanel(result.bMap);
  return result;
}

AffineMap keel::getPanelMap(const Contraction &contraction, unsigned n, int64_t panel) {
  MLIRContext *context = contraction.bMap.getContext();
  AffineExpr column = getAffineDimExpr(n, context);
  SmallVector<AffineExpr> results;
  for (AffineExpr expr : contraction.bMap.getResults())
    if (expr != column)
      results.push_back(expr);
  results.insert(results.end() - 1, column.floorDiv(panel));
  results.push_back(column % panel);
  return AffineMap::get(contraction.bMap.getNumDims(), 0, results, context);
}
