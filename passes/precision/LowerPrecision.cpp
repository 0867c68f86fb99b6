// Contractions read bf16, f16 or tf32; everything else stays f32. A value is rounded once, where it is made, and all its
// readers see the rounded one, so that forward and backward agree.
#include "passes/precision/Passes.h"
#include "passes/precision/SavedValues.h"

#include "dialect/keel/Keel.h"
#include "passes/algebra/StateDependence.h"
#include "passes/fuse/RowLoop.h"
#include "passes/schedule/Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_LOWERPRECISION
#include "passes/precision/Passes.h.inc"

namespace {

bool isF32Tensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

/// A sum of products of f32, as matmuls and convolutions are.
bool isContraction(linalg::LinalgOp op) {
  return isMainLoop(op) && isSumOfProducts(op) && getElementTypeOrSelf(op->getResult(0)).isF32();
}

/// The extents of `value`, from the tensor that its maker writes into where that is known.
SmallVector<OpFoldResult> getSizes(OpBuilder &builder, Value value) {
  Value destination = value;
  while (auto op = destination.getDefiningOp<DestinationStyleOpInterface>())
    destination = op.getTiedOpOperand(cast<OpResult>(destination))->get();
  if (auto empty = destination.getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes();
  return tensor::getMixedSizes(builder, value.getLoc(), value);
}

/// Converts element by element.
template <typename Cast> Value convert(OpBuilder &builder, Value value, Type element) {
  Location loc = value.getLoc();
  auto type = cast<RankedTensorType>(value.getType()).clone(element);
  Value empty = tensor::EmptyOp::create(builder, loc, getSizes(builder, value), element);
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> parallel(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, type, value, empty, ArrayRef{identity, identity}, parallel,
                                   [&](OpBuilder &b, Location at, ValueRange in) {
                                     linalg::YieldOp::create(b, at, Cast::create(b, at, element, in[0]).getResult());
                                   })
      .getResult(0);
}

/// Rounds the operands of one function's contractions.
class Rounder {
public:
  Rounder(func::FuncOp function, FloatType narrow) : function(function), narrow(narrow), builder(function) {}

  void run() {
    SmallVector<linalg::LinalgOp> ops;
    function.walk([&](linalg::LinalgOp op) {
      if (isContraction(op))
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      contractions.insert(op);
      for (Value input : op.getDpsInputs())
        if (isF32Tensor(input))
          values.insert(input);
    }
    if (!ops.empty())
      for (Value value : findValuesReadAfterSums(function))
        if (isF32Tensor(value) && !isGiven(value))
          values.insert(value);
    for (Value value : findSavedValues(function, ops, values, [&](Value given) { return isGiven(given); }))
      if (isF32Tensor(value))
        values.insert(value);
    // Grows: what moves the elements of another value makes that one rounded.
    for (unsigned i = 0; i < values.size(); ++i)
      getRounded(values[i]);
    for (Value value : values)
      replaceReaders(value, rounded[value]);
  }

private:
  /// Arguments and what depends on state alone: it was not made here, and keeps its digits for others.
  bool isGiven(Value value) { return isa<BlockArgument>(value) || state.dependsOnStateAlone(value); }

  Value getRounded(Value value) {
    if (Value known = rounded.lookup(value))
      return known;
    Value result = moveRounded(value);
    if (!result) {
      builder.setInsertionPointAfterValue(value);
      result = convert<arith::TruncFOp>(builder, value, narrow);
      makers.insert(result.getDefiningOp());
    }
    return rounded[value] = result;
  }

  /// Where `value` is other values' elements in other places: the same of the rounded ones. Null if it is not.
  Value moveRounded(Value value) {
    Operation *op = value.getDefiningOp();
    auto pad = dyn_cast_or_null<tensor::PadOp>(op);
    if (!op || (!pad && !isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op)))
      return {};
    FloatAttr padding;
    if (pad && (!pad.getConstantPaddingValue() || !matchPattern(pad.getConstantPaddingValue(), m_Constant(&padding))))
      return {};
    Value source = op->getOperand(0);
    if (!isF32Tensor(source))
      return {};
    values.insert(source);
    Value roundedSource = getRounded(source);
    builder.setInsertionPoint(op);
    Value constant;
    if (pad)
      constant = arith::ConstantOp::create(builder, op->getLoc(),
                                           builder.getFloatAttr(narrow, padding.getValueAsDouble()));
    Operation *moved = builder.clone(*op);
    moved->setOperand(0, roundedSource);
    moved->getResult(0).setType(cast<RankedTensorType>(value.getType()).clone(narrow));
    if (pad) {
      Block &body = moved->getRegion(0).front();
      body.getTerminator()->setOperand(0, constant);
    }
    makers.insert(moved);
    return moved->getResult(0);
  }

  void replaceReaders(Value value, Value replacement) {
    Value widened;
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
      Operation *reader = use.getOwner();
      if (makers.contains(reader) || (isGiven(value) && !contractions.contains(reader)))
        continue;
      auto generic = dyn_cast<linalg::GenericOp>(reader);
      if (generic && generic.isDpsInput(&use)) {
        readRounded(generic, use, replacement);
        continue;
      }
      // What leaves the function or a loop, a start of a sum, and extents stay as they are.
      auto style = dyn_cast<DestinationStyleOpInterface>(reader);
      if (reader->hasTrait<OpTrait::IsTerminator>() || isa<ml_program::GlobalStoreOp, tensor::DimOp>(reader) ||
          (style && style.isDpsInit(&use)))
        continue;
      if (!widened) {
        builder.setInsertionPointAfterValue(replacement);
        widened = convert<arith::ExtFOp>(builder, replacement, builder.getF32Type());
      }
      use.set(widened);
    }
  }

  /// The operand becomes `replacement`, which the body extends.
  void readRounded(linalg::GenericOp reader, OpOperand &operand, Value replacement) {
    BlockArgument argument = reader.getMatchingBlockArgument(&operand);
    operand.set(replacement);
    argument.setType(narrow);
    if (argument.use_empty())
      return;
    builder.setInsertionPointToStart(reader.getBody());
    Value wide = arith::ExtFOp::create(builder, reader.getLoc(), builder.getF32Type(), argument);
    argument.replaceAllUsesExcept(wide, wide.getDefiningOp());
  }

  func::FuncOp function;
  FloatType narrow;
  OpBuilder builder;
  algebra::StateDependence state;
  llvm::SmallPtrSet<Operation *, 16> contractions, makers;
  llvm::SetVector<Value> values;
  DenseMap<Value, Value> rounded;
};

/// Whether operand `input` of a matrix product is a matrix of state, both of whose sides are long, and whose rows are
/// not what is summed over.
bool liesAcross(linalg::GenericOp op, OpOperand &input, algebra::StateDependence &state) {
  constexpr int64_t narrowest = 64;
  AffineMap map = op.getMatchingIndexingMap(&input);
  auto type = dyn_cast<RankedTensorType>(input.get().getType());
  if (op.getNumLoops() != 3 || !map.isProjectedPermutation() || map.getNumResults() != 2 || !type ||
      !type.hasStaticShape() || llvm::any_of(type.getShape(), [](int64_t extent) { return extent < narrowest; }))
    return false;
  unsigned last = cast<AffineDimExpr>(map.getResult(1)).getPosition();
  return op.getIteratorTypesArray()[last] == utils::IteratorType::parallel && state.dependsOnStateAlone(input.get());
}

/// To tf32: to nearest, ties away from zero, as cvt.rna does. What is no number stays.
Value roundToTensorFloat(OpBuilder &b, Location loc, Value value) {
  auto constant = [&](int32_t bits) {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(bits)).getResult();
  };
  constexpr int32_t lastBits = 13;
  Value bits = arith::BitcastOp::create(b, loc, b.getI32Type(), value);
  bits = arith::AddIOp::create(b, loc, bits, constant(1 << (lastBits - 1)));
  bits = arith::AndIOp::create(b, loc, bits, constant(-(1 << lastBits)));
  Value rounded = arith::BitcastOp::create(b, loc, b.getF32Type(), bits);
  Value isNumber = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, value, value);
  return arith::SelectOp::create(b, loc, isNumber, rounded, value);
}

/// The operand is read from its transpose, rounded, which is derived state.
void transpose(linalg::GenericOp op, OpOperand &input) {
  OpBuilder builder(op);
  Value matrix = input.get();
  auto type = cast<RankedTensorType>(matrix.getType());
  builder.setInsertionPointAfterValue(matrix);
  Value empty = tensor::EmptyOp::create(builder, matrix.getLoc(), {type.getDimSize(1), type.getDimSize(0)},
                                        type.getElementType());
  AffineMap identity = builder.getMultiDimIdentityMap(2);
  AffineMap swapped = AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, builder.getContext());
  SmallVector<utils::IteratorType> parallel(2, utils::IteratorType::parallel);
  auto moved =
      linalg::GenericOp::create(builder, matrix.getLoc(), empty.getType(), matrix, empty, ArrayRef{swapped, identity},
                                parallel, [](OpBuilder &b, Location at, ValueRange in) {
                                  linalg::YieldOp::create(b, at, roundToTensorFloat(b, at, in[0]));
                                });
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  AffineMap &map = maps[input.getOperandNumber()];
  map = AffineMap::get(map.getNumDims(), 0, {map.getResult(1), map.getResult(0)}, builder.getContext());
  input.set(moved.getResult(0));
  op.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
}

struct LowerPrecision : impl::LowerPrecisionBase<LowerPrecision> {
  using LowerPrecisionBase::LowerPrecisionBase;

  void runOnOperation() override {
    if (precision == "f32")
      return;
    MLIRContext *context = &getContext();
    if (precision == "tf32") {
      getOperation().walk([&](linalg::LinalgOp op) {
        if (isContraction(op))
          op->setAttr(precisionAttribute, StringAttr::get(context, precision));
      });
      if (!alongDepth)
        return;
      algebra::StateDependence state;
      getOperation().walk([&](linalg::GenericOp op) {
        if (op->hasAttr(precisionAttribute))
          for (OpOperand *input : op.getDpsInputOperands())
            if (liesAcross(op, *input, state))
              transpose(op, *input);
      });
      return;
    }
    if (precision != "bf16" && precision != "f16") {
      getOperation().emitError("unknown precision '") << precision << "'; expected f32, tf32, bf16 or f16";
      return signalPassFailure();
    }
    FloatType narrow = precision == "bf16" ? FloatType(BFloat16Type::get(context)) : Float16Type::get(context);
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration() && function.getBody().hasOneBlock())
        Rounder(function, narrow).run();
    // Extents come from what a value is made of: the value itself will be a kernel's.
    RewritePatternSet patterns(context);
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace keel
