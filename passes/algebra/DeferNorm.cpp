// Linear layers read rows before they are normalized, and their results are scaled by the rows' deviation instead.
#include "passes/algebra/Passes.h"
#include "passes/algebra/ScaleFolder.h"

#include "dialect/norm/Emit.h"
#include "dialect/norm/Norm.h"
#include "dialect/norm/Normalize.h"
#include "dialect/norm/Strategy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_DEFERNORM
#include "passes/algebra/Passes.h.inc"

namespace {
using namespace algebra;
using norm::Emitter;

constexpr auto kRemark = remark::RemarkOpts::name("DeferNorm").category("algebra");

bool isDeferred(Operation *op) {
  auto strategy = op->getAttrOfType<StringAttr>(norm::strategyAttribute);
  return strategy && strategy == "deferred";
}

Value multiply(OpBuilder &builder, Location loc, Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }

/// A row's reciprocal deviation, of rows whose mean is zero or does not count.
template <typename Op> Value deviationOf(Op op) {
  OpBuilder builder(op);
  norm::InheritStrategy inherit(op, builder);
  Emitter rows(builder, op.getLoc(), op.getInput());
  SmallVector<int64_t> axes = llvm::to_vector(op.getAxes()), kept = norm::complementDims(rows.getRank(), axes);
  Value sum = rows.reduce({rows.over(op.getInput())}, kept, 0.0, [](OpBuilder &b, Location at, ValueRange in) -> Value {
    return arith::AddFOp::create(b, at, in[1], multiply(b, at, in[0], in[0]));
  });
  return norm::reciprocalDeviation(rows, sum, rows.count(axes), kept, op.getEpsilon().convertToDouble());
}

/// The layer's result: of the rows as they are, times the rows' deviations, plus what it started from.
void rebuild(NormReader reader, Value rows, Value deviation, int64_t axis, bool centre) {
  OpBuilder builder(reader.op);
  Location loc = reader.op.getLoc();
  if (centre) {
    // The rows have zero mean, so the gradient of the weights has it too.
    Value weights = reader.weights->get();
    reader.weights->set(norm::CenterOp::create(builder, loc, weights.getType(), weights,
                                               builder.getDenseI64ArrayAttr({reader.inputDim}), builder.getUnitAttr()));
  }
  OpOperand *init = reader.op.getDpsInitOperand(0);
  Value start = init->get(), result = reader.op->getResult(0);
  Emitter emit(builder, loc, start);
  init->set(emit.map({0.0}, emit.allDims(), emit.getElementType(), [](OpBuilder &, Location, ValueRange in) { return in[0]; }));
  AffineMap inputMap = reader.op.getMatchingIndexingMap(reader.input), resultMap = reader.op.getMatchingIndexingMap(init);
  SmallVector<int64_t> rowDims;
  for (auto [dim, loop] : llvm::enumerate(inputMap.getResults()))
    if (int64_t(dim) != axis)
      rowDims.push_back(*resultMap.getResultPosition(loop));
  reader.input->set(rows);
  builder.setInsertionPointAfter(reader.op);
  Value scaled = emit.map({emit.over(result), {deviation, rowDims}, emit.over(start)}, emit.allDims(), emit.getElementType(),
                          [](OpBuilder &b, Location at, ValueRange in) -> Value {
                            return arith::AddFOp::create(b, at, multiply(b, at, in[0], in[1]), in[2]);
                          });
  result.replaceAllUsesExcept(scaled, scaled.getDefiningOp());
}

template <typename Op> void defer(Op op, bool isCentred) {
  auto missed = [&](StringRef why) { remark::missed(op.getLoc(), kRemark) << ("not deferred: " + why).str(); };
  if (op.getAxes().size() != 1)
    return missed("it goes over several axes");
  if (!isCentred)
    return missed("the mean of its rows is not zero by construction");
  if (llvm::any_of(op.getResult().getUsers(), [](Operation *user) { return isa<tensor::DimOp>(user); }))
    return missed("its shape is read");
  std::optional<SmallVector<NormReader>> readers = foldScale(op, "DeferNorm");
  if (!readers)
    return;
  for (NormReader &reader : *readers) {
    AffineMap input = reader.op.getMatchingIndexingMap(reader.input);
    AffineMap result = reader.op.getMatchingIndexingMap(reader.op.getDpsInitOperand(0));
    for (auto [dim, loop] : llvm::enumerate(input.getResults()))
      if (int64_t(dim) != op.getAxes()[0] && !result.getResultPosition(loop))
        return missed("a layer sums over its rows");
  }
  Value deviation = deviationOf(op), rows = op.getInput();
  int64_t axis = op.getAxes()[0];
  for (NormReader &reader : *readers)
    rebuild(reader, rows, deviation, axis, isa<norm::LayerNormOp>(op));
  op.erase();
  remark::passed(deviation.getLoc(), kRemark) << "deferred: linear layers read the rows as they are and scale their results";
}

struct DeferNorm : impl::DeferNormBase<DeferNorm> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isDeferred(op))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (auto layer = dyn_cast<norm::LayerNormOp>(op))
        defer(layer, layer.getZeroMeanInput());
      else if (auto rms = dyn_cast<norm::RmsNormOp>(op))
        defer(rms, /*isCentred=*/true);
  }
};
} // namespace
} // namespace keel
