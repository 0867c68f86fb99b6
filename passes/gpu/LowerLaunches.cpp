// Launches become calls of the runtime; the host's side of an entry touches no memory of the device.
#include "passes/gpu/Passes.h"

#include "dialect/keel/Keel.h"
#include "passes/artifact/Artifact.h"
#include "passes/artifact/PointersToMemrefs.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"

namespace keel {
#define GEN_PASS_DEF_LOWERLAUNCHES
#include "passes/gpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

// An operand's words: what it is, then (behind all operands) its dynamic extents.
static Value getWord(OpBuilder &builder, Location loc, Value operand, SmallVectorImpl<Value> &extents) {
  Type i64 = builder.getI64Type();
  Type type = operand.getType();
  if (isa<MemRefType>(type)) {
    Value pointer = takeMemrefApart(builder, loc, operand, extents);
    return LLVM::PtrToIntOp::create(builder, loc, i64, pointer);
  }
  if (type.isIndex())
    return arith::IndexCastOp::create(builder, loc, i64, operand);
  if (isa<FloatType>(type)) {
    type = builder.getIntegerType(type.getIntOrFloatBitWidth());
    operand = arith::BitcastOp::create(builder, loc, type, operand);
    return type == i64 ? operand : arith::ExtUIOp::create(builder, loc, i64, operand).getResult();
  }
  if (type == i64)
    return operand;
  // The kernel's parameter is an i64.
  if (type.isInteger(1))
    return arith::ExtUIOp::create(builder, loc, i64, operand);
  return arith::ExtSIOp::create(builder, loc, i64, operand);
}

static void lowerLaunch(LaunchOp launch, LLVM::LLVMFuncOp entry, int64_t index) {
  OpBuilder builder(launch);
  Location loc = launch.getLoc();
  MLIRContext *context = builder.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = builder.getI64Type(), i32 = builder.getI32Type();
  SmallVector<Value> words, extents;
  for (Value operand : launch.getKernelOperands())
    words.push_back(getWord(builder, loc, operand, extents));
  words.append(extents);

  // Allocated at the function's start: a launch may be in a loop.
  OpBuilder start = OpBuilder::atBlockBegin(&entry.getBody().front());
  Value count = LLVM::ConstantOp::create(start, loc, i64, int64_t(words.size()));
  Value arguments = LLVM::AllocaOp::create(start, loc, pointer, i64, count, /*alignment=*/8);
  for (auto [position, word] : llvm::enumerate(words)) {
    Value address =
        LLVM::GEPOp::create(builder, loc, pointer, i64, arguments, ArrayRef<LLVM::GEPArg>{int32_t(position)});
    LLVM::StoreOp::create(builder, loc, word, address);
  }
  Value env = entry.getArgument(0);
  Value function = loadField(builder, loc, env, getEnvType(context), 2, pointer);
  Value kernel = LLVM::ConstantOp::create(builder, loc, i32, index);
  Value blocks = arith::IndexCastOp::create(builder, loc, i32, launch.getBlocks());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), {pointer, i32, i32, pointer});
  LLVM::CallOp::create(builder, loc, type, ValueRange{function, env, kernel, blocks, arguments});
  launch.erase();
}

// What the driver needs to encode a tensor map: the word of the matrix' address, and its extents, -1 - n for the one in
// word n.
static DictionaryAttr describe(LaunchOp launch, TensorMapAttr map) {
  Builder builder(launch);
  OperandRange operands = launch.getKernelOperands();
  int64_t word = operands.size();
  for (Value before : operands.take_front(map.getOperand()))
    if (auto shaped = dyn_cast<ShapedType>(before.getType()))
      word += shaped.getNumDynamicDims();
  auto type = cast<ShapedType>(operands[map.getOperand()].getType());
  SmallVector<int64_t> extents;
  for (int64_t extent : type.getShape())
    extents.push_back(ShapedType::isDynamic(extent) ? -1 - word++ : extent);
  int32_t box[] = {int32_t(map.getRows()), int32_t(map.getColumns())};
  return builder.getDictionaryAttr({builder.getNamedAttr("argument", builder.getI32IntegerAttr(map.getOperand())),
                                    builder.getNamedAttr("type", TypeAttr::get(type.getElementType())),
                                    builder.getNamedAttr("box", builder.getDenseI32ArrayAttr(box)),
                                    builder.getNamedAttr("extents", builder.getDenseI64ArrayAttr(extents))});
}

// What the metadata says of the launch's kernel.
static DictionaryAttr describe(LaunchOp launch, LLVM::LLVMFuncOp kernel) {
  Builder builder(launch);
  SmallVector<Attribute> maps;
  if (auto list = kernel->getAttrOfType<ArrayAttr>(tensorMapsAttribute))
    for (auto map : list.getAsRange<TensorMapAttr>())
      maps.push_back(describe(launch, map));
  SmallVector<NamedAttribute> fields = {
      builder.getNamedAttr("name", kernel.getSymNameAttr()),
      builder.getNamedAttr("location", builder.getStringAttr(getPlace(launch.getLoc()))),
      builder.getNamedAttr("symbol", kernel.getSymNameAttr()),
      builder.getNamedAttr("threads", kernel->getAttr(threadsAttribute)),
      builder.getNamedAttr("shared_bytes", kernel->getAttr(sharedBytesAttribute)),
      builder.getNamedAttr("num_arguments", builder.getI32IntegerAttr(kernel.getNumArguments() - maps.size())),
      builder.getNamedAttr("parameters",
                           builder.getTypeArrayAttr(SmallVector<Type>(launch.getKernelOperands().getTypes())))};
  if (Attribute cluster = kernel->getAttr(clusterAttribute))
    fields.push_back(builder.getNamedAttr("cluster", cluster));
  if (kernel->hasAttr(waitsAttribute))
    fields.push_back(builder.getNamedAttr("waits", builder.getI32IntegerAttr(1)));
  if (Attribute stays = kernel->getAttr(staysAttribute))
    fields.push_back(builder.getNamedAttr("stays", stays));
  if (!maps.empty())
    fields.push_back(builder.getNamedAttr("tensor_maps", builder.getArrayAttr(maps)));
  if (Attribute schedule = kernel->getAttr(scheduleAttribute))
    fields.push_back(builder.getNamedAttr("schedule", schedule));
  return builder.getDictionaryAttr(fields);
}

// Buffers are the device's: the host computes addresses and extents, and hands them on.
static LogicalResult checkHost(LLVM::LLVMFuncOp entry) {
  WalkResult walk = entry.walk([](Operation *op) {
    if (isa<LaunchOp>(op)) {
      for (Value operand : op->getOperands())
        if (operand.getDefiningOp<memref::GetGlobalOp>()) {
          op->emitError("launches a kernel on a constant of type ")
              << operand.getType() << ", which is in the host's memory; keep it in an ml_program.global";
          return WalkResult::interrupt();
        }
      return WalkResult::advance();
    }
    bool touches = llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>) && !isMemoryEffectFree(op);
    if (!touches && !isa<KernelOp, memref::AllocOp>(op))
      return WalkResult::advance();
    if (isa<memref::LoadOp>(op)) {
      op->emitError(
          "a number that the device computes decides what the host does (a condition, a bound, an index), but "
          "nothing waits for the device inside an entry; choose between results with arith.select, or compile "
          "for a CPU");
      return WalkResult::interrupt();
    }
    op->emitError("'")
        << op->getName()
        << "' is left on the host's side of an entry for a GPU, whose memory the host cannot touch; it must "
           "be part of a kernel that became device code";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

namespace {
struct LowerLaunches : keel::impl::LowerLaunchesBase<LowerLaunches> {
  void runOnOperation() override {
    SymbolTableCollection symbols;
    for (auto entry : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (!entry->hasAttr(entryAttribute))
        continue;
      if (failed(checkHost(entry)))
        return signalPassFailure();
      SmallVector<LaunchOp> launches;
      entry.walk([&](LaunchOp launch) { launches.push_back(launch); });
      SmallVector<Attribute> kernels;
      for (LaunchOp launch : launches) {
        auto kernel = symbols.lookupNearestSymbolFrom<LLVM::LLVMFuncOp>(launch, launch.getKernelAttr());
        kernels.push_back(describe(launch, kernel));
        lowerLaunch(launch, entry, kernels.size() - 1);
      }
      entry->setAttr(kernelsAttribute, ArrayAttr::get(&getContext(), kernels));
    }
  }
};
} // namespace
