// What upstream does not verify of a model and later passes rely on: initializers that fit their globals, entries that
// an artefact can describe, strategies that a normalization has.
#include "passes/host/Passes.h"

#include "dialect/keel/Keel.h"
#include "dialect/norm/Norm.h"
#include "dialect/norm/Strategy.h"
#include "passes/host/Host.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace keel {
#define GEN_PASS_DEF_VERIFYMODEL
#include "passes/host/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

static LogicalResult verifyGlobal(ml_program::GlobalOp global) {
  auto type = dyn_cast<RankedTensorType>(global.getType());
  if (!type || !type.hasStaticShape() || !isArtifactElementType(type.getElementType()))
    return global.emitError("global @")
           << global.getSymName() << " must be a tensor of static shape and an element type of i1, i8 to i64, ui8, f16, "
           << "bf16, f32 or f64, found " << global.getType();
  std::optional<Attribute> value = global.getValue();
  if (!value)
    return global.emitError("global @") << global.getSymName()
                                        << " has no initializer; give it data, #keel.init<...> or #ml_program.extern";
  if (isa<InitAttr>(*value)) {
    if (!isa<FloatType>(type.getElementType()) &&
        !llvm::is_contained({InitKind::Zeros, InitKind::Ones, InitKind::Constant}, cast<InitAttr>(*value).getKind()))
      return global.emitError("global @") << global.getSymName() << " of type " << type
                                          << " cannot start from a distribution of real numbers, found " << *value;
    return success();
  }
  Type initial;
  if (auto external = dyn_cast<ml_program::ExternAttr>(*value))
    // `#ml_program.extern<type>`, as upstream documents it, loses its type when parsed; `#ml_program.extern : type` not.
    initial = isa<NoneType>(external.getType()) ? type : external.getType();
  else if (auto elements = dyn_cast<ElementsAttr>(*value))
    initial = elements.getType();
  if (!initial)
    return global.emitError("global @") << global.getSymName()
                                        << " must start from data, #keel.init<...> or #ml_program.extern, found "
                                        << *value;
  if (initial != type)
    return global.emitError("global @")
           << global.getSymName() << " of type " << type << " has an initializer of type " << initial;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(*value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    int64_t bits = type.getElementTypeBitWidth();
    uint64_t expected = type.getNumElements() * llvm::divideCeil(bits, 8);
    if (!blob)
      return global.emitError("global @") << global.getSymName() << " names the resource '"
                                          << resource.getRawHandle().getKey() << "', which the file does not hold";
    if (blob->getData().size() != expected)
      return global.emitError("global @")
             << global.getSymName() << " needs " << expected << " bytes of data, the resource '"
             << resource.getRawHandle().getKey() << "' holds " << blob->getData().size();
  }
  return success();
}

static LogicalResult verifyBoundaryType(func::FuncOp function, StringRef what, unsigned index, Type type) {
  Type element = type;
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    for (auto [dimension, extent] : llvm::enumerate(tensor.getShape()))
      if (ShapedType::isDynamic(extent) && dimension != 0)
        return function.emitError("function @")
               << function.getSymName() << ": only the leading dimension of " << what << " " << index
               << " may be dynamic (the batch), found " << type;
    element = tensor.getElementType();
  }
  if (!isArtifactElementType(element) && !type.isIndex())
    return function.emitError("function @")
           << function.getSymName() << ": " << what << " " << index
           << " must be a ranked tensor or a scalar of i1, i8 to i64, ui8, f16, bf16, f32 or f64, found " << type;
  return success();
}

/// Sums along a group are complete where it is made, and batch norm has no sums along rows.
static LogicalResult verifyStrategy(Operation *op) {
  auto strategy = op->getAttrOfType<StringAttr>(norm::strategyAttribute);
  if (strategy && isa<norm::GroupNormOp>(op) && (strategy == "statistics" || strategy == "deferred"))
    return op->emitError("keel.strategy ")
           << strategy << " is not for groups: row-complete, cluster or row-block-barrier";
  if (strategy && isa<norm::BatchNormOp>(op))
    return op->emitError("keel.strategy ")
           << strategy << " says how sums along rows are done, and batch norm's statistics are over the batch";
  return success();
}

namespace {
struct VerifyModel : keel::impl::VerifyModelBase<VerifyModel> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto global : module.getOps<ml_program::GlobalOp>())
      if (failed(verifyGlobal(global)))
        return signalPassFailure();
    SmallVector<func::FuncOp> entries = getEntries(module);
    if (entries.empty()) {
      module.emitError("the model has no public function to compile, expected @forward, @loss or an entry of any name");
      return signalPassFailure();
    }
    if (module.walk([](Operation *op) { return WalkResult(verifyStrategy(op)); }).wasInterrupted())
      return signalPassFailure();
    for (func::FuncOp function : entries) {
      for (auto [index, type] : llvm::enumerate(function.getArgumentTypes()))
        if (failed(verifyBoundaryType(function, "argument", index, type)))
          return signalPassFailure();
      for (auto [index, type] : llvm::enumerate(function.getResultTypes()))
        if (failed(verifyBoundaryType(function, "result", index, type)))
          return signalPassFailure();
    }
  }
};
} // namespace
