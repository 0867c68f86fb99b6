// Makes device code of every kernel, and a launch of it.
#include "passes/gpu/Generate.h"
#include "passes/gpu/Passes.h"
#include "passes/gpu/SumsInParts.h"

#include "dialect/norm/Norm.h"
#include "passes/fuse/Partition.h"
#include "passes/host/Host.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace keel {
#define GEN_PASS_DEF_GENERATEGPU
#include "passes/gpu/Passes.h.inc"

gpu::GPUModuleOp addDeviceModule(ModuleOp module) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto device = gpu::GPUModuleOp::create(builder, module.getLoc(), "device");
  SymbolTable(module).insert(device); // an entry may have the name
  return device;
}

namespace {

/// What launches keep for themselves from one to the next: counters, and words that blocks exchange.
constexpr StringLiteral ticketsSymbol = "keel.tickets", wordsSymbol = "keel.words";

struct GenerateGpu : impl::GenerateGpuBase<GenerateGpu> {
  using GenerateGpuBase::GenerateGpuBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<KernelOp> kernels;
    module.walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    if (kernels.empty())
      return; // a model may be device code, and launches of it
    for (auto other : module.getOps<gpu::GPUModuleOp>()) {
      other.emitError("a model has kernels or device code of its own, in a gpu.module, but not both");
      return signalPassFailure();
    }
    OpBuilder builder(module);
    for (KernelOp kernel : kernels) {
      auto own = kernel->getAttrOfType<StringAttr>(loopAttribute);
      StringRef wanted = own ? own.getValue() : StringRef(loop);
      if (!llvm::is_contained({"", "wgmma", "mma.sync"}, wanted)) {
        kernel.emitError("unknown main loop '") << wanted << "', expected wgmma or mma.sync";
        return signalPassFailure();
      }
      if (!wanted.empty())
        kernel->setAttr(loopAttribute, builder.getStringAttr(wanted));
    }
    gpu::GPUModuleOp device = addDeviceModule(module);
    deviceSymbol = device.getSymNameAttr();
    OpBuilder deviceBuilder = OpBuilder::atBlockEnd(device.getBody());
    auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
    LLVM::GlobalOp::create(deviceBuilder, module.getLoc(), bytes, /*isConstant=*/false, LLVM::Linkage::External,
                           sharedSymbol, Attribute(), /*alignment=*/1024, /*addrSpace=*/3);
    for (KernelOp kernel : kernels)
      if (failed(generate(kernel, deviceBuilder)))
        return signalPassFailure();
    provide(module, ticketsSymbol, numTickets, builder.getI32Type(), tickets);
    provide(module, wordsSymbol, numWords, builder.getI64Type(), words);
  }

private:
  LogicalResult generate(KernelOp kernel, OpBuilder &deviceBuilder) {
    OpBuilder builder(kernel);
    std::string why;
    std::optional<KernelSpace> space = findKernelSpace(kernel, why);
    if (!space) {
      FailureOr<LLVM::LLVMFuncOp> function = generateElementKernel(deviceBuilder, kernel);
      if (failed(function))
        return failure();
      launch(builder, kernel, {*function, {}}, buildElementLaunchSize(builder, kernel), {}, {});
      return success();
    }
    SmallVector<SumInParts> left;
    kernel = leaveSumsInParts(kernel, *space, [&](KernelOp reader) { return spaceOf(reader); }, left);
    if (!left.empty()) {
      space = findKernelSpace(kernel, why);
      builder.setInsertionPoint(kernel);
    }
    KernelSchedule schedule = choose(kernel, *space);
    explainRowCosts(kernel, *space, schedule, batch, sm, wgmma);
    DeviceFunction made = generateTileKernel(deviceBuilder, kernel, *space, schedule, numTickets, numWords, batch);
    if (Attribute times = kernel->getAttr(narrowAttribute))
      made.function->setAttr(narrowAttribute, times);
    LaunchSize size = buildLaunchSize(builder, kernel, *space, schedule);
    launch(builder, kernel, made, size.blocks, size.rowTiles, left);
    return success();
  }

  /// A kernel's schedule: one whose tiles were no good gets the first that is another.
  KernelSchedule choose(KernelOp kernel, const KernelSpace &space) {
    Builder builder(&getContext());
    auto narrowed = [&](int64_t times) {
      if (times)
        kernel->setAttr(narrowAttribute, builder.getI64IntegerAttr(times));
      return chooseSchedule(kernel, space, getDeviceOfCapability(sm), batch, wgmma);
    };
    int64_t times = llvm::count(narrow, kernel.getName());
    if (!times)
      return narrowed(0);
    std::string refused = narrowed(times - 1).describe(space);
    KernelSchedule schedule = narrowed(times);
    while (schedule.describe(space) == refused && times < mostNarrow)
      schedule = narrowed(++times);
    return schedule;
  }

  /// Of a kernel that comes later; null where it does not run over tiles.
  const KernelSpace *spaceOf(KernelOp kernel) {
    auto [known, isNew] = spaces.try_emplace(kernel);
    std::string why;
    if (isNew)
      known->second = findKernelSpace(kernel, why);
    return known->second ? &*known->second : nullptr;
  }

  void launch(OpBuilder &builder, KernelOp kernel, DeviceFunction made, Value blocks, ArrayRef<Value> rowTiles,
              ArrayRef<SumInParts> left) {
    SmallVector<Value> inputs(kernel.getInputs()), inits(kernel.getInits());
    auto addInput = [&](int64_t count, Type elementType, std::vector<Value> &placeholders) {
      if (!count)
        return;
      // Stands for all of them until their number is known.
      inputs.push_back(tensor::EmptyOp::create(builder, kernel.getLoc(), ArrayRef<int64_t>{1}, elementType));
      placeholders.push_back(inputs.back());
    };
    addInput(made.tickets, builder.getI32Type(), tickets);
    addInput(made.words, builder.getI64Type(), words);
    numTickets += made.tickets;
    numWords += made.words;
    for (const Workspace &workspace : made.workspaces) {
      SmallVector<OpFoldResult> sizes;
      for (int64_t extent : workspace.type.getShape())
        sizes.push_back(ShapedType::isDynamic(extent) ? OpFoldResult(rowTiles[workspace.section])
                                                      : OpFoldResult(builder.getIndexAttr(extent)));
      inits.push_back(tensor::EmptyOp::create(builder, kernel.getLoc(), sizes, workspace.type.getElementType()));
    }
    auto symbol =
        SymbolRefAttr::get(deviceSymbol, {FlatSymbolRefAttr::get(builder.getContext(), made.function.getSymName())});
    SmallVector<Type> types;
    for (Value init : inits)
      types.push_back(init.getType());
    auto launch = LaunchOp::create(builder, kernel.getLoc(), types, symbol, blocks, inputs, inits);
    kernel.replaceAllUsesWith(launch.getResults().take_front(kernel.getNumResults()));
    for (const SumInParts &sum : left) {
      auto parts = llvm::find_if(made.workspaces, [&](const Workspace &workspace) { return workspace.sum == sum.sum; });
      readParts(sum, launch.getResult(kernel.getNumResults() + (parts - made.workspaces.begin())));
    }
    kernel.erase();
  }

  /// Every entry that launches such a kernel gets the memory as a piece of state.
  static void provide(ModuleOp module, StringRef name, int64_t count, Type elementType,
                      std::vector<Value> &placeholders) {
    if (!count)
      return;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto type = RankedTensorType::get({count}, elementType);
    auto global = ml_program::GlobalOp::create(
        builder, module.getLoc(), name, type, /*is_mutable=*/true,
        InitAttr::get(builder.getContext(), InitKind::Zeros, builder.getDictionaryAttr({})),
        builder.getStringAttr("private"));
    global->setAttr(roleAttribute, builder.getStringAttr("derived"));
    DenseMap<Operation *, Value> arguments;
    for (Value placeholder : placeholders) {
      auto function = placeholder.getDefiningOp()->getParentOfType<func::FuncOp>();
      Value &argument = arguments[function.getOperation()];
      if (!argument) {
        // In place, behind bufferization's back: no two launches run at once, and each leaves zeros.
        DictionaryAttr attributes =
            builder.getDictionaryAttr({builder.getNamedAttr("bufferization.writable", builder.getBoolAttr(false)),
                                       builder.getNamedAttr(stateAttribute, FlatSymbolRefAttr::get(global)),
                                       builder.getNamedAttr(accessAttribute, builder.getI32IntegerAttr(3))});
        (void)function.insertArgument(0, type, attributes, module.getLoc());
        argument = function.getArgument(0);
      }
      placeholder.replaceAllUsesWith(argument);
      placeholder.getDefiningOp()->erase();
    }
    placeholders.clear();
  }

  StringAttr deviceSymbol;
  unsigned numTickets = 0;
  int64_t numWords = 0;
  std::vector<Value> tickets, words;
  std::map<Operation *, std::optional<KernelSpace>> spaces; // of kernels that read sums
};
} // namespace
} // namespace keel
