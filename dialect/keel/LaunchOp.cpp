// keel.launch: verification and one-shot bufferization.
#include "dialect/keel/DenseBuffers.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace keel;

//===----------------------------------------------------------------------===//
// Types, verification
//===----------------------------------------------------------------------===//

LogicalResult LaunchOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  for (Value init : adaptor.getInits())
    if (isa<TensorType>(init.getType()))
      types.push_back(init.getType());
  return success();
}

LogicalResult LaunchOp::verify() {
  if (getInits().empty())
    return emitOpError("has no inits: a kernel that writes nothing does nothing");
  for (Value init : getInits())
    if (!isa<RankedTensorType, MemRefType>(init.getType()))
      return emitOpError("writes to an init of type ") << init.getType() << ", expected a ranked tensor or a memref";
  for (Value operand : getKernelOperands()) {
    Type type = operand.getType();
    if (!isa<RankedTensorType, MemRefType, IndexType, IntegerType, FloatType>(type))
      return emitOpError("passes an operand of type ") << type << ", expected a ranked tensor, a memref or a scalar";
    auto memref = dyn_cast<MemRefType>(type);
    if (memref && !memref.getLayout().isIdentity())
      return emitOpError("passes an operand of type ") << type << ", expected the identity layout";
  }
  return success();
}

// The types of the kernel's parameters, as the operands ask for them.
static SmallVector<Type> getParameterTypes(LaunchOp launch) {
  MLIRContext *context = launch.getContext();
  Type word = IntegerType::get(context, 64), pointer = LLVM::LLVMPointerType::get(context, /*addressSpace=*/1);
  SmallVector<Type> types;
  int64_t numExtents = 0;
  for (Value operand : launch.getKernelOperands()) {
    auto shaped = dyn_cast<ShapedType>(operand.getType());
    types.push_back(shaped ? pointer : isa<FloatType>(operand.getType()) ? operand.getType() : word);
    if (shaped)
      numExtents += shaped.getNumDynamicDims();
  }
  types.append(numExtents, word);
  return types;
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<LLVM::LLVMFuncOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("launches ") << getKernelAttr() << ", but there is no llvm.func of that name";
  auto fail = [&]() -> InFlightDiagnostic {
    InFlightDiagnostic diagnostic = emitOpError();
    diagnostic.attachNote(kernel.getLoc()) << "the kernel is here";
    diagnostic << "launches " << getKernelAttr() << ", ";
    return diagnostic;
  };
  if (!isa<gpu::GPUModuleOp>(kernel->getParentOp()))
    return fail() << "which is not in a gpu.module";
  if (!kernel->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()))
    return fail() << "which is not marked " << NVVM::NVVMDialect::getKernelFuncAttrName();
  auto threads = kernel->getAttrOfType<IntegerAttr>(threadsAttribute);
  if (!threads || threads.getInt() < 32 || threads.getInt() > 1024 || threads.getInt() % 32)
    return fail() << "which needs the attribute " << threadsAttribute
                  << ", a multiple of 32 from 32 to 1024, found " << kernel->getAttr(threadsAttribute);
  auto shared = kernel->getAttrOfType<IntegerAttr>(sharedBytesAttribute);
  if (!shared || shared.getInt() < 0)
    return fail() << "which needs the attribute " << sharedBytesAttribute << ", 0 or more, found "
                  << kernel->getAttr(sharedBytesAttribute);
  SmallVector<Type> expected = getParameterTypes(*this);
  if (auto maps = kernel->getAttrOfType<ArrayAttr>(tensorMapsAttribute))
    for (auto map : maps.getAsRange<TensorMapAttr>()) {
      auto type = map.getOperand() < getKernelOperands().size()
                      ? dyn_cast<ShapedType>(getKernelOperands()[map.getOperand()].getType())
                      : ShapedType();
      if (!type || type.getRank() != 2 || !(type.getElementTypeBitWidth() == 16 || type.getElementType().isF32()))
        return fail() << "whose " << map << " needs an operand that is a matrix of f32 or 16-bit elements";
      expected.push_back(LLVM::LLVMPointerType::get(getContext()));
    }
  if (kernel.getArgumentTypes() != ArrayRef<Type>(expected))
    return fail() << "which takes (" << kernel.getArgumentTypes() << "), but these operands make (" << expected << ")";
  return success();
}

void LaunchOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  appendLaunchEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// Bufferization
//===----------------------------------------------------------------------===//

bool LaunchOp::bufferizesToMemoryRead(OpOperand &, const AnalysisState &) { return true; }

bool LaunchOp::bufferizesToMemoryWrite(OpOperand &operand, const AnalysisState &) { return isDpsInit(&operand); }

AliasingValueList LaunchOp::getAliasingValues(OpOperand &operand, const AnalysisState &) {
  if (isDpsInit(&operand))
    return {{getTiedOpResult(&operand), BufferRelation::Equivalent}};
  return {};
}

LogicalResult LaunchOp::bufferize(RewriterBase &rewriter, const BufferizationOptions &options, BufferizationState &state) {
  SmallVector<Value> inputs, inits;
  if (failed(appendDenseBuffers(*this, getInputs(), rewriter, options, state, inputs)) ||
      failed(appendDenseBuffers(*this, getInits(), rewriter, options, state, inits)))
    return failure();
  rewriter.setInsertionPoint(*this);
  auto launch = LaunchOp::create(rewriter, getLoc(), getKernelAttr(), getBlocks(), inputs, inits);
  launch->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  replaceOpWithBufferizedValues(rewriter, *this, inits);
  return success();
}
