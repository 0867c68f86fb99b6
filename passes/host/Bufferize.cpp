// Tensors become buffers, the whole module at once. Results are written into buffers of the caller: each gets a
// destination argument before the analysis, so that the op that makes a result can work in place in it. State is
// updated in place the same way.
#include "passes/host/Passes.h"

#include "dialect/keel/Keel.h"
#include "passes/host/Host.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace keel {
#define GEN_PASS_DEF_BUFFERIZE
#include "passes/host/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

static constexpr StringLiteral writableAttribute = bufferization::BufferizationDialect::kWritableAttrName;

//===----------------------------------------------------------------------===//
// Destinations
//===----------------------------------------------------------------------===//

// The value whose buffer `value` would share if every op worked in place.
static Value getInPlaceOrigin(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    Operation *op = result.getOwner();
    if (auto destinationStyle = dyn_cast<DestinationStyleOpInterface>(op)) {
      value = destinationStyle.getTiedOpOperand(result)->get();
    } else if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
      value = op->getOperand(0);
    } else if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
      OpOperand *init = loop.getTiedLoopInit(result);
      if (!init)
        return value;
      value = init->get();
    } else {
      return value;
    }
  }
  return value;
}

// A copy that empty tensor elimination leaves alone.
static Value createCopyKernel(OpBuilder &builder, Location loc, Value from, Value to) {
  OpBuilder::InsertionGuard guard(builder);
  auto kernel = KernelOp::create(builder, loc, "copy", from, to);
  builder.setInsertionPointToEnd(kernel.getBlock());
  int64_t rank = cast<RankedTensorType>(to.getType()).getRank();
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  BlockArgument source = kernel.getBlock()->getArgument(0), destination = kernel.getBlock()->getArgument(1);
  auto copy = linalg::GenericOp::create(builder, loc, destination.getType(), source, destination, maps, iterators,
                                        [](OpBuilder &nested, Location nestedLoc, ValueRange values) {
                                          linalg::YieldOp::create(nested, nestedLoc, values[0]);
                                        });
  YieldOp::create(builder, loc, copy.getResults());
  return kernel.getResult(0);
}

// Adds the argument that receives a result, and the copy into it. Empty tensor elimination and the analysis remove the
// copy where the result can be computed in place.
static LogicalResult addDestinations(func::FuncOp function) {
  Block &block = function.getBody().front();
  Operation *terminator = block.getTerminator();
  OpBuilder builder(terminator);
  SmallVector<BlockArgument> destinations;
  DenseMap<StringRef, BlockArgument> state;
  for (unsigned index = 0; index < function.getNumArguments(); ++index)
    if (auto symbol = function.getArgAttrOfType<FlatSymbolRefAttr>(index, stateAttribute))
      state[symbol.getValue()] = block.getArgument(index);

  unsigned numOutputs = 0;
  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned index = operand.getOperandNumber();
    if (auto symbol = function.getResultAttrOfType<FlatSymbolRefAttr>(index, stateAttribute)) {
      destinations.push_back(state[symbol.getValue()]);
      continue;
    }
    DictionaryAttr attributes =
        builder.getDictionaryAttr({builder.getNamedAttr(outputAttribute, builder.getI32IntegerAttr(numOutputs++)),
                                   builder.getNamedAttr(writableAttribute, builder.getBoolAttr(true))});
    if (failed(function.insertArgument(function.getNumArguments(), operand.get().getType(), attributes, function.getLoc())))
      return failure();
    destinations.push_back(block.getArguments().back());
  }

  // Values that lie in some written state's own buffer are read before any state is written: they get a copy.
  for (auto [operand, destination] : llvm::zip(terminator->getOpOperands(), destinations)) {
    auto origin = dyn_cast<BlockArgument>(getInPlaceOrigin(operand.get()));
    if (!origin || origin == destination || !isa<RankedTensorType>(operand.get().getType()))
      continue;
    if (llvm::is_contained(destinations, origin)) {
      SmallVector<Value> dynamicSizes; // dynamic sizes follow from the copied tensor
      operand.set(bufferization::AllocTensorOp::create(builder, operand.get().getLoc(),
                                                       cast<RankedTensorType>(operand.get().getType()), dynamicSizes,
                                                       operand.get()));
    }
  }
  SmallVector<Value> originals(terminator->getOperands());
  DenseMap<Value, Value> written;
  auto write = [&](OpOperand &operand, Value destination) {
    if (getInPlaceOrigin(operand.get()) == destination)
      return;
    // A value that goes to two places is copied from the first to the second.
    Value original = operand.get();
    if (Value copy = written.lookup(original))
      operand.set(copy);
    // A scalar is stored, not copied.
    auto elements = operand.get().getDefiningOp<tensor::FromElementsOp>();
    if (elements && elements.getType().getRank() == 0) {
      operand.set(tensor::InsertOp::create(builder, elements.getLoc(), elements.getElements().front(), destination,
                                           ValueRange()));
      return;
    }
    // What comes out of control flow is copied: a buffer that a loop carries is no place for anything else meanwhile.
    if (isa_and_nonnull<RegionBranchOpInterface>(operand.get().getDefiningOp()))
      operand.set(createCopyKernel(builder, operand.get().getLoc(), operand.get(), destination));
    else
      operand.set(bufferization::MaterializeInDestinationOp::create(builder, operand.get().getLoc(), operand.get(),
                                                                    destination)
                      .getResult());
    written[original] = operand.get();
  };
  // A branch may yield what is a result itself: it is copied while only its own place has been written.
  for (bool fromBranch : {true, false})
    for (auto [operand, destination] : llvm::zip(terminator->getOpOperands(), destinations))
      if (isa_and_nonnull<RegionBranchOpInterface>(originals[operand.getOperandNumber()].getDefiningOp()) == fromBranch)
        write(operand, destination);
  return success();
}

// Values that only share a start are not in each other's way: CSE made one empty tensor of many, and empty tensor
// elimination would put them all into one destination.
static void separateEmptyTensors(func::FuncOp function) {
  SmallVector<tensor::EmptyOp> empties;
  function.walk([&](tensor::EmptyOp empty) { empties.push_back(empty); });
  for (tensor::EmptyOp empty : empties) {
    OpBuilder builder(empty);
    while (!empty->use_empty() && !empty->hasOneUse())
      empty->use_begin()->set(builder.clone(*empty)->getResult(0));
  }
}

// What a host-level loop carries stays in one buffer: the arena places a buffer once, not once an iteration.
static void carryInPlace(func::FuncOp function) {
  function.walk([&](scf::ForOp loop) {
    if (loop->getParentOfType<KernelOp>())
      return;
    OpBuilder builder(loop.getBody()->getTerminator());
    for (auto [operand, carried] : llvm::zip(loop.getBody()->getTerminator()->getOpOperands(), loop.getRegionIterArgs())) {
      if (!isa<RankedTensorType>(carried.getType()) || getInPlaceOrigin(operand.get()) == carried)
        continue;
      Location loc = operand.get().getLoc();
      // Only a value that goes nowhere else can be computed in the carried buffer.
      if (operand.get().hasOneUse())
        operand.set(
            bufferization::MaterializeInDestinationOp::create(builder, loc, operand.get(), carried).getResult());
      else
        operand.set(createCopyKernel(builder, loc, operand.get(), carried));
    }
  });
}

//===----------------------------------------------------------------------===//
// After bufferization
//===----------------------------------------------------------------------===//

// Every result now lies in a destination argument, or is copied there; the function returns nothing.
static void dropResults(func::FuncOp function) {
  Operation *terminator = function.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  DenseMap<StringRef, Value> state;
  DenseMap<int, Value> outputs;
  for (BlockArgument argument : function.getArguments()) {
    if (auto symbol = function.getArgAttrOfType<FlatSymbolRefAttr>(argument.getArgNumber(), stateAttribute))
      state[symbol.getValue()] = argument;
    if (auto output = function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), outputAttribute))
      outputs[output.getInt()] = argument;
  }
  int numOutputs = 0;
  for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
    auto symbol = function.getResultAttrOfType<FlatSymbolRefAttr>(index, stateAttribute);
    Value destination = symbol ? state[symbol.getValue()] : outputs[numOutputs++];
    Value source = value;
    while (auto cast = source.getDefiningOp<memref::CastOp>())
      source = cast.getSource();
    if (source != destination)
      memref::CopyOp::create(builder, value.getLoc(), value, destination);
  }
  terminator->setOperands({});
  (void)function.eraseResults(llvm::BitVector(function.getNumResults(), true));
}

// A copy is a linalg op like any other to what follows. The copies that remain at the host level run as kernels: the
// host level itself touches no data.
static void lowerCopies(func::FuncOp function) {
  SmallVector<memref::CopyOp> copies;
  function.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    OpBuilder builder(copy);
    Value from = copy.getSource(), to = copy.getTarget();
    if (!copy->getParentOfType<KernelOp>()) {
      auto kernel = KernelOp::create(builder, copy.getLoc(), "copy", from, to);
      builder.setInsertionPointToEnd(kernel.getBlock());
      builder.setInsertionPoint(YieldOp::create(builder, copy.getLoc()));
      from = kernel.getBlock()->getArgument(0);
      to = kernel.getBlock()->getArgument(1);
    }
    linalg::makeMemRefCopyOp(builder, copy.getLoc(), from, to);
    copy.erase();
  }
}

// Upstream says that an op was not bufferized, but not which, nor what would be. A loop in parallel outside of kernels
// would launch kernels on slices.
static LogicalResult checkOps(func::FuncOp function, const bufferization::BufferizationOptions &options) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  WalkResult walk = function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    bool onTensors = llvm::any_of(op->getOperandTypes(), isTensor) || llvm::any_of(op->getResultTypes(), isTensor);
    bool isKnown = options.dynCastBufferizableOp(op) || !options.isOpAllowed(op);
    if (!onTensors || (isKnown && (!isa<scf::ForallOp>(op) || op->getParentOfType<KernelOp>())))
      return WalkResult::advance();
    op->emitError("'") << op->getName()
                       << "' on tensors is not compiled; a model is made of linalg, tensor, norm, arith "
                       << "and math ops, and of scf.for, scf.while and scf.if";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

namespace {
struct Bufferize : keel::impl::BufferizeBase<Bufferize> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    IRRewriter rewriter(&getContext());
    bufferization::OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = true;
    options.setFunctionBoundaryTypeConversion(bufferization::LayoutMapOption::IdentityLayoutMap);
    // The globals stay as they are: the artefact's metadata is made of them.
    options.opFilter.denyDialect<ml_program::MLProgramDialect>();
    // New buffers are dense: a kernel's operands must have the identity layout.
    options.unknownTypeConverterFn = [](TensorType type, Attribute space, const bufferization::BufferizationOptions &) {
      return bufferization::getMemRefTypeWithStaticIdentityLayout(type, space);
    };
    options.memCpyFn = [](OpBuilder &builder, Location loc, Value from, Value to) {
      memref::CopyOp::create(builder, loc, from, to);
      return success();
    };
    for (func::FuncOp function : module.getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      if (failed(checkOps(function, options)))
        return signalPassFailure();
      if (!llvm::all_of(function.getResultTypes(), llvm::IsaPred<RankedTensorType>)) {
        function.emitError("expected results that are tensors, found ")
            << function.getResultTypes() << "; run --state-to-arguments first";
        return signalPassFailure();
      }
      if (failed(addDestinations(function)))
        return signalPassFailure();
      carryInPlace(function);
      separateEmptyTensors(function);
    }
    if (failed(bufferization::eliminateEmptyTensors(rewriter, module)))
      return signalPassFailure();

    bufferization::BufferizationState state;
    if (failed(bufferization::runOneShotModuleBufferize(module, options, state)))
      return signalPassFailure();

    for (func::FuncOp function : module.getOps<func::FuncOp>())
      if (!function.isExternal())
        dropResults(function);
    OpPassManager cleanup(ModuleOp::getOperationName());
    // CSE finds that two subviews are one; canonicalization then drops the copy of a buffer to itself.
    cleanup.addPass(createCSEPass());
    cleanup.addPass(createCanonicalizerPass());
    cleanup.addPass(createCSEPass());
    if (failed(runPipeline(cleanup, module)))
      return signalPassFailure();
    for (func::FuncOp function : module.getOps<func::FuncOp>())
      lowerCopies(function);
  }
};
} // namespace
