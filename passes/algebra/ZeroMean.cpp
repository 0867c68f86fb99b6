// Zero mean through residual streams: every reader a layer norm, every producer a linear form of centred state.
#include "passes/algebra/ZeroMean.h"

#include "dialect/norm/Norm.h"
#include "passes/algebra/LinearLayer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

using namespace mlir;
using namespace keel;
using namespace keel::algebra;

namespace {

std::string at(Location loc) {
  auto file = loc->findInstanceOf<FileLineColLoc>();
  return file ? (" (line " + Twine(file.getLine()) + ")").str() : "";
}

/// Why a reader that is no linear form notices a shift.
std::string describeReader(Operation *reader) {
  if (isa<func::ReturnOp>(reader))
    return "is a result of the function";
  if (isa<norm::RmsNormOp>(reader))
    return "is read by 'norm.rms_norm', which does not subtract the mean";
  if (isa<norm::DropoutOp>(reader))
    return "goes through elementwise dropout";
  if (isa<norm::LayerNormOp>(reader))
    return "is read by 'norm.layer_norm' over other axes";
  if (auto call = dyn_cast<func::CallOp>(reader))
    return ("is passed to @" + call.getCallee() + " (inline it first)").str();
  if (isa<ml_program::GlobalStoreOp>(reader))
    return "is stored to a global";
  return ("is read by '" + reader->getName().getStringRef() + "'").str();
}

std::string describeProducer(Value value, const std::string &obstacle) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return "one of its terms is an argument of the function, not state";
  if (isa<norm::DropoutOp>(def))
    return "one of its terms went through elementwise dropout" + at(def->getLoc());
  return "one of its terms, from '" + def->getName().getStringRef().str() + "'" + at(def->getLoc()) + ", " + obstacle;
}

} // namespace

std::string ZeroMeanAnalysis::shiftObstacle(Value value, int64_t dim) {
  auto key = std::make_pair(value, dim);
  auto found = shiftObstacles.find(key);
  if (found != shiftObstacles.end())
    return found->second;
  std::string obstacle = computeShiftObstacle(value, dim);
  return shiftObstacles[key] = std::move(obstacle);
}

std::string ZeroMeanAnalysis::computeShiftObstacle(Value value, int64_t dim) {
  for (OpOperand &use : value.getUses()) {
    if (auto norm = dyn_cast<norm::LayerNormOp>(use.getOwner());
        norm && use.get() == norm.getInput() && norm.getAxes() == ArrayRef<int64_t>{dim})
      continue;
    Reading reading = followAxis(use, dim);
    std::string obstacle = reading.obstacle;
    if (!obstacle.empty()) {
      bool isPlain = obstacle.find("contracted") == std::string::npos;
      obstacle = isPlain ? describeReader(use.getOwner()) : obstacle;
    } else if (reading.result) {
      LinearForm form = getLinearForm(reading.result, reading.dim);
      if (!form.holds())
        obstacle = form.obstacle;
      else
        obstacle = shiftObstacle(reading.result, reading.dim);
      // What the result is followed by carries its own place.
      if (form.holds() && !obstacle.empty())
        return obstacle;
    }
    if (!obstacle.empty())
      return obstacle + at(use.getOwner()->getLoc());
  }
  return "";
}

bool ZeroMeanAnalysis::isBroadcast(Value value) {
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumDpsInputs() != 1)
    return false;
  auto source = dyn_cast<RankedTensorType>(op.getDpsInputOperand(0)->get().getType());
  return source && source.getRank() < cast<RankedTensorType>(value.getType()).getRank();
}

/// `use` reads scale ⊙ z: then z's weights can be scaled before they are centred.
bool ZeroMeanAnalysis::visitLayerScale(OpOperand &use, int64_t dim, ZeroMeanPlan &plan) {
  Operation *product = use.get().getDefiningOp();
  if (!product || !isPairwise<arith::MulFOp>(product))
    return false;
  for (int64_t i : {0, 1}) {
    OpOperand &scaled = product->getOpOperand(i), &factor = product->getOpOperand(1 - i);
    std::optional<SmallVector<int64_t>> scaledDims = operandDims(scaled), factorDims = operandDims(factor);
    if (!scaledDims || !factorDims || scaled.get().getType() != use.get().getType() ||
        !llvm::equal(*scaledDims, llvm::seq<int64_t>(scaledDims->size())))
      continue;
    auto along = llvm::find(*factorDims, dim);
    if (along == factorDims->end() || state.dependsOnStateAlone(scaled.get()))
      continue;
    Value scale = vectorAlong(factor.get(), along - factorDims->begin());
    if (!scale || !state.dependsOnStateAlone(scale) ||
        getElementTypeOrSelf(scale) != getElementTypeOrSelf(scaled.get()))
      continue;
    plan.scaled.push_back(&scaled);
    visit(scaled, dim, scale, plan);
    return true;
  }
  return false;
}

void ZeroMeanAnalysis::visit(OpOperand &use, int64_t dim, Value scale, ZeroMeanPlan &plan) {
  Value value = use.get();
  auto center = value.getDefiningOp<norm::CenterOp>();
  bool isCentred = !scale && center && center.getAxes() == ArrayRef<int64_t>{dim};
  if (!plan.holds() || isCentred)
    return;
  if (state.dependsOnStateAlone(value) && !isBroadcast(value) && !getLinearForm(value, dim).isZero()) {
    plan.centrings.push_back({{&use, dim}, scale});
    return;
  }
  LinearForm form = getLinearForm(value, dim);
  if (form.isZero() || !plan.visited.insert({value, dim}).second)
    return;
  // A scaled value must have no reader but the product; any other may be read by whatever ignores a shift.
  if (scale) {
    if (!isSoleReader(use)) {
      plan.obstacle = "what LayerScale scales has other readers" + at(value.getLoc());
      return;
    }
  } else if (std::string obstacle = shiftObstacle(value, dim); !obstacle.empty()) {
    plan.obstacle = "it " + obstacle;
    return;
  }
  if (!form.holds()) {
    if (!scale && visitLayerScale(use, dim, plan))
      return;
    plan.obstacle = describeProducer(value, form.obstacle);
    return;
  }
  for (Term term : form.terms)
    visit(*term.operand, term.dim, scale, plan);
}

ZeroMeanPlan ZeroMeanAnalysis::plan(OpOperand &use, int64_t dim) {
  ZeroMeanPlan plan;
  visit(use, dim, {}, plan);
  return plan;
}
