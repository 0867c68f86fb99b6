// keel.kernel and keel.yield: syntax, verification and one-shot bufferization.
#include "dialect/keel/DenseBuffers.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/Bufferize.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

#define GET_OP_CLASSES
#include "dialect/keel/KeelOps.cpp.inc"

using namespace mlir;
using namespace mlir::bufferization;
using namespace keel;

//===----------------------------------------------------------------------===//
// Building, syntax, verification
//===----------------------------------------------------------------------===//

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name, ValueRange inputs, ValueRange inits) {
  OpBuilder::InsertionGuard guard(builder);
  state.addAttribute("name", builder.getStringAttr(name));
  state.addOperands(inputs);
  state.addOperands(inits);
  state.addAttribute("operandSegmentSizes", builder.getDenseI32ArrayAttr({int32_t(inputs.size()), int32_t(inits.size())}));
  for (Value init : inits)
    if (isa<TensorType>(init.getType()))
      state.addTypes(init.getType());
  Block *block = builder.createBlock(state.addRegion());
  for (Value value : state.operands)
    block->addArgument(value.getType(), value.getLoc());
}

// keyword(%argument = %operand, ... : type, ...)
static ParseResult parseBindings(OpAsmParser &parser, StringRef keyword, SmallVectorImpl<OpAsmParser::Argument> &arguments,
                                 SmallVectorImpl<Value> &operands) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  SmallVector<OpAsmParser::UnresolvedOperand> unresolved;
  size_t first = arguments.size();
  SMLoc location = parser.getCurrentLocation();
  SmallVector<Type> types;
  auto parseBinding = [&] {
    return failure(parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
                   parser.parseOperand(unresolved.emplace_back()));
  };
  if (parser.parseLParen() || parser.parseCommaSeparatedList(parseBinding) || parser.parseColonTypeList(types) ||
      parser.parseRParen() || parser.resolveOperands(unresolved, types, location, operands))
    return failure();
  for (auto [argument, type] : llvm::zip(MutableArrayRef(arguments).drop_front(first), types))
    argument.type = type;
  return success();
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Value> operands;
  if (parser.parseAttribute(name, "name", result.attributes) || parseBindings(parser, "ins", arguments, operands))
    return failure();
  size_t numInputs = operands.size();
  if (parseBindings(parser, "outs", arguments, operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), arguments))
    return failure();
  result.addOperands(operands);
  for (Value init : ArrayRef(operands).drop_front(numInputs))
    if (isa<TensorType>(init.getType()))
      result.addTypes(init.getType());
  result.addAttribute("operandSegmentSizes", parser.getBuilder().getDenseI32ArrayAttr(
                                                 {int32_t(numInputs), int32_t(operands.size() - numInputs)}));
  return success();
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << " " << getNameAttr();
  auto printBindings = [&](StringRef keyword, ValueRange arguments, ValueRange operands) {
    if (operands.empty())
      return;
    printer << " " << keyword << "(";
    llvm::interleaveComma(llvm::zip(arguments, operands), printer,
                          [&](auto pair) { printer << std::get<0>(pair) << " = " << std::get<1>(pair); });
    printer << " : " << operands.getTypes() << ")";
  };
  printBindings("ins", getInputArguments(), getInputs());
  printBindings("outs", getInitArguments(), getInits());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"name", "operandSegmentSizes"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult KernelOp::verify() {
  Block *block = getBlock();
  if (block->getNumArguments() != getNumOperands())
    return emitOpError("has ") << getNumOperands() << " operands, but its body takes " << block->getNumArguments();
  for (auto [argument, operand] : llvm::zip(block->getArguments(), getOperands()))
    if (argument.getType() != operand.getType())
      return emitOpError("binds an operand of type ") << operand.getType() << " to a body argument of type "
                                                      << argument.getType();
  auto yield = dyn_cast<YieldOp>(block->getTerminator());
  if (!yield)
    return emitOpError("must end with keel.yield");
  if (yield.getValues().getTypes() != getResultTypes())
    return emitOpError("yields ") << yield.getValues().getTypes() << ", but its results are " << getResultTypes();
  return success();
}

void KernelOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  appendLaunchEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// Bufferization
//===----------------------------------------------------------------------===//

bool KernelOp::bufferizesToMemoryRead(OpOperand &operand, const AnalysisState &) {
  // An init is read only if the body uses it as more than a destination; say so conservatively unless it is unused.
  return !isDpsInit(&operand) || !getBlock()->getArgument(operand.getOperandNumber()).use_empty();
}

bool KernelOp::bufferizesToMemoryWrite(OpOperand &operand, const AnalysisState &) { return isDpsInit(&operand); }

AliasingValueList KernelOp::getAliasingValues(OpOperand &operand, const AnalysisState &) {
  if (isDpsInit(&operand))
    return {{getTiedOpResult(&operand), BufferRelation::Equivalent}};
  return {};
}

bool KernelOp::isWritable(Value value, const AnalysisState &) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getArgNumber() >= getInputs().size();
  return true;
}

FailureOr<BufferLikeType> KernelOp::getBufferType(Value value, const BufferizationOptions &, const BufferizationState &,
                                                  SmallVector<Value> &) {
  return cast<BufferLikeType>(cast<Type>(getMemRefTypeWithStaticIdentityLayout(cast<TensorType>(value.getType()))));
}

LogicalResult KernelOp::bufferize(RewriterBase &rewriter, const BufferizationOptions &options, BufferizationState &state) {
  SmallVector<Value> inputs, inits;
  if (failed(appendDenseBuffers(*this, getInputs(), rewriter, options, state, inputs)) ||
      failed(appendDenseBuffers(*this, getInits(), rewriter, options, state, inits)))
    return failure();

  rewriter.setInsertionPoint(*this);
  auto kernel = KernelOp::create(rewriter, getLoc(), getName(), inputs, inits);
  kernel->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  rewriter.eraseBlock(kernel.getBlock());
  rewriter.inlineRegionBefore(getBody(), kernel.getBody(), kernel.getBody().begin());
  if (failed(bufferizeBlockSignature(kernel.getBlock(), rewriter, options, state)))
    return failure();
  replaceOpWithBufferizedValues(rewriter, *this, inits);
  return success();
}

bool YieldOp::bufferizesToMemoryRead(OpOperand &, const AnalysisState &) { return true; }
bool YieldOp::bufferizesToMemoryWrite(OpOperand &, const AnalysisState &) { return false; }
AliasingValueList YieldOp::getAliasingValues(OpOperand &, const AnalysisState &) { return {}; }
bool YieldOp::mustBufferizeInPlace(OpOperand &, const AnalysisState &) { return true; }

LogicalResult YieldOp::bufferize(RewriterBase &rewriter, const BufferizationOptions &options, BufferizationState &state) {
  auto kernel = cast<KernelOp>((*this)->getParentOp());
  rewriter.setInsertionPoint(*this);
  for (auto [value, init] : llvm::zip(getValues(), kernel.getInitArguments())) {
    FailureOr<Value> from = getBuffer(rewriter, value, options, state);
    FailureOr<Value> to = getBuffer(rewriter, init, options, state);
    if (failed(from) || failed(to))
      return failure();
    // The body did not write in place: a correct but slower program.
    if (*from != *to && failed(options.createMemCpy(rewriter, getLoc(), *from, *to)))
      return failure();
  }
  YieldOp::create(rewriter, getLoc(), ValueRange());
  rewriter.eraseOp(*this);
  return success();
}
