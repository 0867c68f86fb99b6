// Fused means fused, read off the buffers and not off a remark: a pass that fails where a kernel goes over an operand
// twice, or holds a buffer that grows with the rows and is as wide as they are. For models with a dynamic batch: an
// extent that nothing bounds is the number of rows.
#include "dialect/keel/Keel.h"
#include "passes/schedule/Contraction.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;
using namespace keel;

namespace {
// A buffer that holds all rows may be so wide: a weight gradient's own columns, when it takes the pass before it along.
constexpr int64_t narrow = 32;
// A tile of so many elements is in the cache when it is read again (chooseRowBlock has the same figure).
constexpr int64_t tileElements = 16384;

/// Whether nothing bounds the extent: it grows with the rows, be it once for each block of them.
bool growsWithRows(Value extent) {
  if (getConstantIntValue(extent))
    return false;
  auto minimum = extent.getDefiningOp<affine::AffineMinOp>();
  return !minimum || llvm::none_of(minimum.getMap().getResults(), llvm::IsaPred<AffineConstantExpr>);
}

/// The elements of a tile; what is dynamic is a few rows, and counts as one.
int64_t countStatic(MemRefType type) {
  int64_t elements = 1;
  for (int64_t extent : type.getShape())
    elements *= ShapedType::isDynamic(extent) ? 1 : extent;
  return elements;
}

LogicalResult checkSize(Operation *buffer, MemRefType type, ValueRange dynamicSizes) {
  unsigned rows = llvm::count_if(dynamicSizes, growsWithRows);
  if (rows == 0 || (rows == 1 && countStatic(type) <= narrow))
    return success();
  return buffer->emitOpError("grows with the rows, and has ") << countStatic(type) << " elements for each";
}

/// One read of an operand, and the views that lead to what is read.
struct Read {
  OpOperand *use;
  SmallVector<Operation *> views; // from the operand on
};

bool readsOperand(linalg::LinalgOp op, OpOperand &use) {
  return op.isDpsInput(&use) || op.payloadUsesValueFromOperand(&use);
}

/// The reads of what an operand held when the kernel began, in program order: what the kernel writes first is its own.
SmallVector<Read> collectReads(ArrayRef<BlockArgument> operand) {
  SmallVector<Read> uses;
  std::function<void(Value, ArrayRef<Operation *>)> follow = [&](Value value, ArrayRef<Operation *> views) {
    for (OpOperand &use : value.getUses()) {
      if (isa<memref::DimOp>(use.getOwner()))
        continue;
      SmallVector<Operation *> longer(views);
      if (auto view = dyn_cast<ViewLikeOpInterface>(use.getOwner()); view && view.getViewSource() == value) {
        longer.push_back(view);
        follow(view.getViewDest(), longer);
      } else {
        uses.push_back({&use, std::move(longer)});
      }
    }
  };
  for (BlockArgument argument : operand)
    follow(argument, {});
  std::map<Operation *, unsigned> order;
  operand.front().getOwner()->walk<WalkOrder::PreOrder>([&](Operation *op) { order.emplace(op, order.size()); });
  auto place = [&](const Read &read) { return std::pair(order[read.use->getOwner()], read.use->getOperandNumber()); };
  llvm::sort(uses, [&](const Read &a, const Read &b) { return place(a) < place(b); });
  SmallVector<Read> reads;
  for (Read &read : uses) {
    auto op = dyn_cast<linalg::LinalgOp>(read.use->getOwner());
    if (!op || readsOperand(op, *read.use)) {
      reads.push_back(std::move(read));
      continue;
    }
    bool readsToo = llvm::any_of(uses, [&](Read &other) { return other.use->getOwner() == op && readsOperand(op, *other.use); });
    if (!readsToo)
      break;
  }
  return reads;
}

bool dependsOn(Value value, Value variable) {
  if (value == variable)
    return true;
  if (auto loop = scf::getForInductionVarOwner(value)) // the blocks of a part
    return dependsOn(loop.getLowerBound(), variable);
  Operation *op = value.getDefiningOp();
  return op && llvm::any_of(op->getOperands(), [&](Value operand) { return dependsOn(operand, variable); });
}

/// Whether each iteration of every loop around the read gets elements of its own: the loops' variables are in offsets.
bool isSwept(const Read &read) {
  for (Operation *loop = read.use->getOwner()->getParentOp(); !isa<KernelOp>(loop); loop = loop->getParentOp()) {
    auto like = dyn_cast<LoopLikeOpInterface>(loop);
    if (!like)
      return false;
    for (Value variable : like.getLoopInductionVars().value_or(SmallVector<Value>()))
      if (llvm::none_of(read.views, [&](Operation *op) {
            auto view = dyn_cast<OffsetSizeAndStrideOpInterface>(op);
            return view && llvm::any_of(view.getOffsets(), [&](Value offset) { return dependsOn(offset, variable); });
          }))
        return false;
  }
  return true;
}

/// Whether `b` reads the tile that `a` reads, or parts of it in a loop, in the same block.
bool isSameTile(const Read &a, const Read &b) {
  auto equal = [](Operation *x, Operation *y) {
    return x == y || OperationEquivalence::isEquivalentTo(x, y, OperationEquivalence::IgnoreLocations);
  };
  return a.use->getOwner()->getBlock()->findAncestorOpInBlock(*b.use->getOwner()) && a.views.size() <= b.views.size() &&
         llvm::all_of(llvm::zip_first(a.views, b.views), [&](auto pair) { return equal(std::get<0>(pair), std::get<1>(pair)); });
}

bool isMatmulOperand(const Read &read) {
  auto op = dyn_cast<linalg::LinalgOp>(read.use->getOwner());
  return op && op.isDpsInput(read.use) && matchContraction(op);
}

/// A value a column, perhaps by groups of columns.
bool isVector(Value operand) {
  while (auto view = operand.getDefiningOp<memref::ExpandShapeOp>())
    operand = view.getSrc();
  auto type = cast<MemRefType>(operand.getType());
  return type.hasStaticShape() && type.getRank() <= 1;
}

LogicalResult checkReads(KernelOp kernel, ArrayRef<BlockArgument> operand) {
  auto type = cast<MemRefType>(operand.front().getType());
  if (isVector(kernel->getOperand(operand.front().getArgNumber())))
    return success();
  SmallVector<Read> reads = collectReads(operand);
  auto fail = [&](const Twine &why, ArrayRef<Read> notes) {
    InFlightDiagnostic error = kernel.emitOpError() << "\"" << kernel.getName() << "\" operand #"
                                                    << operand.front().getArgNumber() << " of type " << type << ' ' << why;
    for (const Read &read : notes)
      error.attachNote(read.use->getOwner()->getLoc()) << "read here";
    return failure();
  };
  if (reads.size() > 1) {
    for (const Read &read : ArrayRef(reads).drop_front())
      if (!isSameTile(reads.front(), read))
        return fail("is gone over twice", {reads.front(), read});
    if (countStatic(cast<MemRefType>(reads.front().use->get().getType())) > tileElements)
      return fail("is read twice, and too large to be in the cache the second time", reads);
  }
  for (const Read &read : reads)
    if (!isSwept(read) && !isMatmulOperand(read))
      return fail("is read again in each iteration of a loop around", read);
  return success();
}

LogicalResult checkKernel(KernelOp kernel) {
  bool failed = false;
  kernel.getBody().walk([&](Operation *op) {
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      failed |= mlir::failed(checkSize(op, alloc.getType(), alloc.getDynamicSizes()));
    // Memory that the plan gave the kernel to work in.
    if (auto view = dyn_cast<memref::ViewOp>(op); view && isa<BlockArgument>(view.getSource()))
      failed |= mlir::failed(checkSize(op, view.getType(), view.getSizes()));
  });
  // One buffer given twice is one operand.
  llvm::MapVector<Value, SmallVector<BlockArgument>> operands;
  for (auto [operand, argument] : llvm::zip(kernel->getOperands(), kernel.getBlock()->getArguments()))
    if (auto type = dyn_cast<MemRefType>(argument.getType()); type && !type.getElementType().isInteger(8))
      operands[operand].push_back(argument);
  for (auto &[operand, arguments] : operands)
    failed |= mlir::failed(checkReads(kernel, arguments));
  return failure(failed);
}

struct CheckFused : PassWrapper<CheckFused, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckFused)
  StringRef getArgument() const override { return "check-fused"; }
  StringRef getDescription() const override { return "fail where a kernel goes over an operand twice or holds all rows"; }
  void runOnOperation() override {
    unsigned kernels = 0;
    bool failed = false;
    getOperation()->walk([&](KernelOp kernel) {
      ++kernels;
      failed |= mlir::failed(checkKernel(kernel));
    });
    if (kernels == 0)
      failed |= (getOperation()->emitError("there is no kernel to check"), true);
    if (failed)
      signalPassFailure();
  }
};
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "CheckFused", LLVM_VERSION_STRING, [] { PassRegistration<CheckFused>(); }};
}
