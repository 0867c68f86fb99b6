// Naive lowering, JIT compilation, and calls through memref descriptors.
#include "test/reference/ReferenceExecutor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace keel;

static constexpr StringLiteral toBuffers =
    "math-expand-ops{ops=clampf},decompose-norm{keep-moments=false},convert-elementwise-to-linalg,cse,"
    "func.func(linalg-generalize-named-ops),one-shot-bufferize{bufferize-function-boundaries allow-return-allocs-from-loops "
    "function-boundary-type-conversion=identity-layout-map}";
static constexpr StringLiteral toLlvm =
    "func.func(convert-linalg-to-loops),lower-affine,expand-strided-metadata,lower-affine,"
    "arith-expand{include-bf16=true},convert-scf-to-cf,convert-math-to-llvm,convert-math-to-libm,"
    "finalize-memref-to-llvm,convert-func-to-llvm,convert-index-to-llvm,convert-arith-to-llvm,convert-cf-to-llvm,"
    "reconcile-unrealized-casts";

static LogicalResult runPasses(ModuleOp module, StringRef pipeline) {
  PassManager manager = PassManager::on<ModuleOp>(module.getContext());
  return success(succeeded(parsePassPipeline(pipeline, manager)) && succeeded(manager.run(module)));
}

namespace {
struct DecomposeAggregate : OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op, PatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(rewriter);
    if (failed(results))
      return failure();
    rewriter.replaceOp(op, *results);
    return success();
  }
};
} // namespace

/// What no upstream pass lowers to loops by itself: softmax, concatenations, copies between layouts.
static LogicalResult decompose(ModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  patterns.add<DecomposeAggregate>(module.getContext());
  tensor::populateDecomposeTensorConcatPatterns(patterns);
  return applyPatternsGreedily(module, std::move(patterns));
}
static void copiesToLoops(ModuleOp module) {
  module.walk([](memref::CopyOp copy) {
    OpBuilder builder(copy);
    linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  });
}

/// State has become arguments, or the functions use none.
static LogicalResult dropState(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) -> WalkResult {
    if (isa<ml_program::GlobalLoadOp, ml_program::GlobalLoadConstOp, ml_program::GlobalStoreOp>(op))
      return op->emitOpError("uses state, which the reference does not keep; run --state-to-arguments first");
    return WalkResult::advance();
  });
  for (auto global : llvm::make_early_inc_range(module.getOps<ml_program::GlobalOp>()))
    if (!result.wasInterrupted())
      global.erase();
  return failure(result.wasInterrupted());
}

int64_t ReferenceValue::getElementSize(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

int64_t ReferenceValue::getNumElements() const { return ShapedType::getNumElements(shape); }

FailureOr<std::unique_ptr<ReferenceExecutor>> ReferenceExecutor::compile(ModuleOp original, StringRef passes,
                                                                         ArrayRef<StringRef> functions) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  registerBuiltinDialectTranslation(*original.getContext());
  registerLLVMDialectTranslation(*original.getContext());
  OwningOpRef<ModuleOp> module(original.clone());
  if (!passes.empty() && failed(runPasses(*module, passes)))
    return failure();
  auto executor = std::make_unique<ReferenceExecutor>();
  for (StringRef name : functions) {
    auto function = module->lookupSymbol<func::FuncOp>(name);
    if (!function)
      return module->emitError("no function @") << name;
    function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(), UnitAttr::get(module->getContext()));
    executor->types[name] = function.getFunctionType();
  }
  if (failed(dropState(*module)) || failed(decompose(*module)) || failed(runPasses(*module, toBuffers)))
    return failure();
  copiesToLoops(*module);
  if (failed(runPasses(*module, toLlvm)))
    return failure();
  ExecutionEngineOptions options;
  auto engine = ExecutionEngine::create(*module, options);
  if (!engine)
    return module->emitError("cannot be compiled: ") << llvm::toString(engine.takeError());
  executor->engine = std::move(*engine);
  return executor;
}

/// Rank r: allocated and aligned pointer, offset, r sizes, r strides.
static std::vector<int64_t> describe(const ReferenceValue &value, char *data) {
  std::vector<int64_t> words{reinterpret_cast<int64_t>(data), reinterpret_cast<int64_t>(data), 0};
  words.insert(words.end(), value.shape.begin(), value.shape.end());
  SmallVector<int64_t> strides(value.shape.size(), 1);
  for (int64_t axis = static_cast<int64_t>(strides.size()) - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * value.shape[axis + 1];
  words.insert(words.end(), strides.begin(), strides.end());
  return words;
}

static ReferenceValue readResult(Type type, const char *&cursor) {
  ReferenceValue value{type, {}, {}};
  auto tensor = dyn_cast<RankedTensorType>(type);
  size_t element = ReferenceValue::getElementSize(type), alignment = tensor ? 8 : element;
  cursor = reinterpret_cast<const char *>(llvm::alignTo(reinterpret_cast<uintptr_t>(cursor), alignment));
  if (!tensor) {
    value.data.assign(cursor, cursor + element);
    cursor += element;
    return value;
  }
  const int64_t *words = reinterpret_cast<const int64_t *>(cursor);
  value.shape.assign(words + 3, words + 3 + tensor.getRank());
  const char *data = reinterpret_cast<const char *>(words[1]) + words[2] * element;
  value.data.assign(data, data + value.getNumElements() * element);
  cursor += 8 * (3 + 2 * tensor.getRank());
  return value;
}

FailureOr<std::vector<ReferenceValue>> ReferenceExecutor::call(StringRef function, ArrayRef<ReferenceValue> arguments) {
  FunctionType type = getType(function);
  // Buffers and descriptors keep their addresses for the call.
  std::vector<std::vector<char>> buffers;
  std::vector<std::vector<int64_t>> descriptors;
  std::vector<void *> pointers(arguments.size());
  for (const ReferenceValue &argument : arguments)
    buffers.push_back(argument.data);
  for (auto [index, argument] : llvm::enumerate(arguments))
    descriptors.push_back(describe(argument, buffers[index].data()));
  size_t resultBytes = 0;
  for (Type result : type.getResults()) {
    auto tensor = dyn_cast<RankedTensorType>(result);
    resultBytes += tensor ? 8 * (3 + 2 * tensor.getRank()) : 8;
  }
  std::vector<int64_t> results(resultBytes / 8 + 1);
  void *resultPointer = results.data();

  bool returnsScalar = type.getNumResults() == 1 && !isa<RankedTensorType>(type.getResult(0));
  SmallVector<void *> packed;
  if (type.getNumResults() > 0 && !returnsScalar)
    packed.push_back(&resultPointer);
  for (auto [index, argument] : llvm::enumerate(arguments)) {
    pointers[index] = descriptors[index].data();
    packed.push_back(isa<RankedTensorType>(argument.type) ? static_cast<void *>(&pointers[index])
                                                          : buffers[index].data());
  }
  if (returnsScalar)
    packed.push_back(results.data());
  if (llvm::Error error = engine->invokePacked(("_mlir_ciface_" + function).str(), packed)) {
    llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
    return failure();
  }
  std::vector<ReferenceValue> values;
  const char *cursor = reinterpret_cast<const char *>(results.data());
  for (Type result : type.getResults())
    values.push_back(readResult(result, cursor));
  return values;
}
