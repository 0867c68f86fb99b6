// Copies that bufferization left between buffers of the device become launches of a copy kernel.
#include "passes/gpu/Generate.h"
#include "passes/gpu/Passes.h"

#include "dialect/keel/Keel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace keel {
#define GEN_PASS_DEF_LAUNCHCOPIES
#include "passes/gpu/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

static constexpr int64_t threads = 256, elementsOfThread = 4;

// Whether a kernel does nothing but copy its input to its init, dense both.
static bool isDenseCopy(KernelOp kernel) {
  if (kernel.getInputs().size() != 1 || kernel.getInits().size() != 1 ||
      kernel.getInputs()[0].getType() != kernel.getInits()[0].getType() ||
      !isa<MemRefType>(kernel.getInits()[0].getType()) ||
      llvm::range_size(kernel.getBlock()->without_terminator()) != 1)
    return false;
  Operation *op = &kernel.getBlock()->front();
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return op->getOperands() == ValueRange(kernel.getBlock()->getArguments()) &&
         (isa<linalg::CopyOp, memref::CopyOp>(op) ||
          (generic && llvm::all_of(generic.getIndexingMapsArray(), [](AffineMap map) { return map.isIdentity(); }) &&
           cast<linalg::YieldOp>(generic.getBody()->getTerminator()).getValues()[0] ==
               generic.getBody()->getArgument(0)));
}

// The widest unit (up to 16 bytes) that divides the size whatever the dynamic extents are.
static Type getUnit(MemRefType type) {
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  Type unit = IntegerType::get(type.getContext(), bytes * 8);
  for (int64_t extent : type.getShape())
    bytes *= ShapedType::isDynamic(extent) ? 1 : extent;
  if (bytes % 16 == 0)
    return VectorType::get({4}, IntegerType::get(type.getContext(), 32));
  return unit;
}

// copy(from, to, extents of both): unit i of the grid's threads, then those a grid further, and so on.
static LLVM::LLVMFuncOp createCopy(gpu::GPUModuleOp module, StringRef name, MemRefType type, int64_t units) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = module.getLoc();
  MLIRContext *context = builder.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context, 1), i64 = builder.getI64Type(), index = builder.getIndexType();
  SmallVector<Type> parameters = {pointer, pointer};
  parameters.append(2 * type.getNumDynamicDims(), i64);
  auto function = LLVM::LLVMFuncOp::create(builder, loc, name,
                                           LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), parameters));
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function->setAttr(threadsAttribute, builder.getI32IntegerAttr(threads));
  function->setAttr(sharedBytesAttribute, builder.getI32IntegerAttr(0));
  function->setAttr(scheduleAttribute, builder.getStringAttr("copy"));
  Block *block = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);

  Value count = arith::ConstantIndexOp::create(builder, loc, units);
  for (Value extent : block->getArguments().slice(2, type.getNumDynamicDims()))
    count = arith::MulIOp::create(builder, loc, count, arith::IndexCastOp::create(builder, loc, index, extent));
  Value blockSize = arith::ConstantIndexOp::create(builder, loc, threads);
  Value first = arith::AddIOp::create(
      builder, loc,
      arith::MulIOp::create(builder, loc, gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x), blockSize),
      gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x));
  Value step = arith::MulIOp::create(builder, loc, gpu::GridDimOp::create(builder, loc, gpu::Dimension::x), blockSize);
  auto loop = scf::ForOp::create(builder, loc, first, count, step);
  builder.setInsertionPointToStart(loop.getBody());
  Type unit = getUnit(type);
  Value position = arith::IndexCastOp::create(builder, loc, i64, loop.getInductionVar());
  auto address = [&](Value base) {
    return LLVM::GEPOp::create(builder, loc, pointer, unit, base, ArrayRef<LLVM::GEPArg>{position});
  };
  Value value = LLVM::LoadOp::create(builder, loc, unit, address(block->getArgument(0)));
  LLVM::StoreOp::create(builder, loc, value, address(block->getArgument(1)));
  builder.setInsertionPointToEnd(block);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  return function;
}

namespace {
struct LaunchCopies : keel::impl::LaunchCopiesBase<LaunchCopies> {
  void runOnOperation() override {
    SmallVector<KernelOp> copies;
    getOperation().walk([&](KernelOp kernel) {
      if (isDenseCopy(kernel))
        copies.push_back(kernel);
    });
    if (copies.empty())
      return;
    auto modules = getOperation().getOps<gpu::GPUModuleOp>();
    gpu::GPUModuleOp device = modules.empty() ? addDeviceModule(getOperation()) : *modules.begin();
    DenseMap<Type, LLVM::LLVMFuncOp> functions;
    for (KernelOp kernel : copies)
      replace(kernel, device, functions);
  }

  void replace(KernelOp kernel, gpu::GPUModuleOp device, DenseMap<Type, LLVM::LLVMFuncOp> &functions) {
    OpBuilder builder(kernel);
    Location loc = kernel.getLoc();
    Value to = kernel.getInits()[0];
    auto type = cast<MemRefType>(to.getType());
    int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8), units = 1;
    for (int64_t extent : type.getShape())
      units *= ShapedType::isDynamic(extent) ? 1 : extent;
    if (isa<VectorType>(getUnit(type)))
      units = units * bytes / 16;
    LLVM::LLVMFuncOp &function = functions[type];
    if (!function) {
      // A name that is free.
      std::string name = "copy";
      for (unsigned suffix = 1; device.lookupSymbol(name); ++suffix)
        name = "copy_" + std::to_string(suffix);
      function = createCopy(device, name, type, units);
    }
    Value count = arith::ConstantIndexOp::create(builder, loc, units);
    for (int64_t dimension = 0; dimension < type.getRank(); ++dimension)
      if (type.isDynamicDim(dimension))
        count = arith::MulIOp::create(builder, loc, count, memref::DimOp::create(builder, loc, to, dimension));
    Value perBlock = arith::ConstantIndexOp::create(builder, loc, threads * elementsOfThread);
    Value blocks = arith::CeilDivUIOp::create(builder, loc, count, perBlock);
    auto symbol = SymbolRefAttr::get(device.getSymNameAttr(), {FlatSymbolRefAttr::get(function)});
    LaunchOp::create(builder, loc, symbol, blocks, kernel.getInputs(), kernel.getInits());
    kernel.erase();
  }
};
} // namespace
