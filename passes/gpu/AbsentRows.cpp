// What is zero where the main loop's product is.
#include "passes/gpu/AbsentRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace keel;

namespace {
class Vanishing {
public:
  explicit Vanishing(const Section &section) : section(section) {}

  /// Whether a tensor's elements are zero in rows in which the product is.
  bool of(Value tensor) {
    auto op = tensor.getDefiningOp<linalg::GenericOp>();
    if (!op)
      return false;
    auto [it, isNew] = known.try_emplace(tensor, false);
    if (!isNew)
      return it->second;
    Value number = op.getBody()->getTerminator()->getOperand(cast<OpResult>(tensor).getResultNumber());
    if (!section.loops.contains(op))
      return known[tensor] = matchPattern(number, m_AnyZeroFloat());
    bool vanishes =
        op == section.mainLoop ? of(op.getDpsInits()[0]) : !section.sums(op, Axis::Row) && yielded(op, number);
    return known[tensor] = vanishes;
  }

  /// The same of a number in an op's body.
  bool yielded(linalg::GenericOp op, Value number) {
    if (matchPattern(number, m_AnyZeroFloat()))
      return true;
    if (auto argument = dyn_cast<BlockArgument>(number))
      return argument.getOwner() == op.getBody() && of(op.getMatchingOpOperand(argument)->get());
    Operation *inner = number.getDefiningOp();
    auto all = [&](ValueRange numbers) { return llvm::all_of(numbers, [&](Value each) { return yielded(op, each); }); };
    if (isa<arith::MulFOp>(inner))
      return yielded(op, inner->getOperand(0)) || yielded(op, inner->getOperand(1));
    if (isa<arith::DivFOp>(inner))
      return yielded(op, inner->getOperand(0));
    if (isa<arith::SelectOp>(inner))
      return all(inner->getOperands().drop_front());
    return isa<arith::AddFOp, arith::SubFOp, arith::NegFOp, arith::ExtFOp, arith::TruncFOp, math::AbsFOp>(inner) &&
           all(inner->getOperands());
  }

private:
  const Section &section;
  DenseMap<Value, bool> known;
};
} // namespace

bool keel::addsNothingOfAbsentRows(Operation *sum, const Section &section) {
  auto op = dyn_cast<linalg::GenericOp>(sum);
  if (!op || !section.mainLoop)
    return false;
  Vanishing vanishing(section);
  for (auto [out, value] : llvm::zip(op.getRegionOutputArgs(), op.getBody()->getTerminator()->getOperands())) {
    auto add = value.getDefiningOp<arith::AddFOp>();
    if (!add || (add.getLhs() != out && add.getRhs() != out) ||
        !vanishing.yielded(op, add.getLhs() == out ? add.getRhs() : add.getLhs()))
      return false;
  }
  return true;
}
