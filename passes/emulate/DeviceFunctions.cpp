// Functions get the thread as their first parameter and pass it on; what a device module only declares is the C
// library's (mathematics) or the emulator's (printing, assertions).
#include "passes/emulate/Rewrite.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;
using namespace keel::emulation;

// What a parameter is. What is promised of the memory behind it no longer holds: the emulator sees its address.
static AttributeSet keepAttributes(LLVMContext &context, AttributeSet attributes) {
  AttrBuilder kept(context);
  for (Attribute::AttrKind kind : {Attribute::ByVal, Attribute::StructRet, Attribute::Alignment, Attribute::ZExt, Attribute::SExt})
    if (attributes.hasAttribute(kind))
      kept.addAttribute(attributes.getAttribute(kind));
  return AttributeSet::get(context, kept);
}

LogicalResult keel::emulation::addThreadParameter(Module &module, mlir::Location loc) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  auto withThread = [&](FunctionType *type) {
    SmallVector<Type *> parameters = {pointer};
    llvm::append_range(parameters, type->params());
    return FunctionType::get(type->getReturnType(), parameters, type->isVarArg());
  };
  SmallVector<Function *> functions;
  for (Function &function : module)
    if (!function.isDeclaration())
      functions.push_back(&function);
  DenseMap<Function *, Function *> replaced;
  for (Function *old : functions) {
    Function *function = Function::Create(withThread(old->getFunctionType()), GlobalValue::InternalLinkage, 0, "", &module);
    function->takeName(old);
    function->copyAttributesFrom(old);
    function->setLinkage(GlobalValue::InternalLinkage);
    function->setVisibility(GlobalValue::DefaultVisibility);
    function->setDSOLocal(true);
    AttributeList attributes = old->getAttributes();
    SmallVector<AttributeSet> parameters = {AttributeSet()};
    for (unsigned index = 0; index < old->arg_size(); ++index)
      parameters.push_back(keepAttributes(context, attributes.getParamAttrs(index)));
    function->setAttributes(AttributeList::get(context, AttributeSet(), AttributeSet(), parameters));
    function->addFnAttr("keel-device-name", function->getName());
    function->addFnAttr(Attribute::NoUnwind);
    function->splice(function->begin(), old);
    for (auto [index, argument] : llvm::enumerate(old->args())) {
      argument.replaceAllUsesWith(function->getArg(index + 1));
      function->getArg(index + 1)->takeName(&argument);
    }
    function->getArg(0)->setName("thread");
    function->setSubprogram(old->getSubprogram());
    old->setSubprogram(nullptr);
    replaced[old] = function;
  }
  // Calls, of known functions and through pointers.
  for (auto [old, function] : replaced)
    for (BasicBlock &block : *function)
      for (Instruction &instruction : llvm::make_early_inc_range(block)) {
        auto *call = dyn_cast<CallBase>(&instruction);
        if (!call || call->isInlineAsm())
          continue;
        if (!isa<CallInst>(call))
          return emitError(*call, loc) << "device code has no " << call->getOpcodeName();
        Function *callee = call->getCalledFunction();
        if (callee && callee->isDeclaration() && !replaced.contains(callee))
          continue;
        SmallVector<Value *> arguments = {function->getArg(0)};
        llvm::append_range(arguments, call->args());
        Value *target = callee ? replaced.lookup(callee) : call->getCalledOperand();
        CallInst *made = CallInst::Create(withThread(call->getFunctionType()), target, arguments, "", call->getIterator());
        SmallVector<AttributeSet> parameters = {AttributeSet()};
        for (unsigned index = 0; index < call->arg_size(); ++index)
          parameters.push_back(keepAttributes(context, call->getAttributes().getParamAttrs(index)));
        made->setAttributes(AttributeList::get(context, AttributeSet(), AttributeSet(), parameters));
        made->setDebugLoc(call->getDebugLoc());
        call->replaceAllUsesWith(made);
        call->eraseFromParent();
      }
  for (auto [old, function] : replaced) {
    old->replaceAllUsesWith(function); // addresses
    old->eraseFromParent();
  }
  return success();
}

// The C library's function for a function of libdevice; "" where there is none of the same meaning.
static std::string findMathFunction(StringRef name) {
  if (!name.consume_front("__nv_"))
    return "";
  name.consume_front("fast_"); // as exact as the slow one
  StringRef base = name;
  for (StringRef known : {"exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "logb", "sin", "cos", "tan", "asin", "acos", "atan",
                          "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "tgamma", "lgamma", "pow", "fmod", "remainder",
                          "hypot", "atan2", "cbrt", "rint", "nearbyint", "round", "trunc", "ceil", "floor", "sqrt", "fabs", "fma", "fmin",
                          "fmax", "fdim", "copysign", "ldexp", "scalbn", "ilogb", "nextafter", "frexp", "modf", "sincos", "j0", "j1", "y0", "y1"})
    if (base == known || (base.ends_with("f") && base.drop_back() == known))
      return base.str();
  return "";
}

// 1/√x, which the C library lacks, and reflection (fast arithmetic is off; the architecture was compiled for already).
static Value *createSimple(IRBuilder<> &builder, StringRef name, CallInst &call) {
  if (name == "__nv_rsqrtf" || name == "__nv_rsqrt") {
    Value *root = builder.CreateUnaryIntrinsic(Intrinsic::sqrt, call.getArgOperand(0));
    return builder.CreateFDiv(ConstantFP::get(call.getType(), 1.0), root);
  }
  if (name == "__nvvm_reflect" || name == "llvm.nvvm.reflect")
    return ConstantInt::get(call.getType(), 0);
  return nullptr;
}

LogicalResult keel::emulation::lowerDeclaredCalls(Function &function, EmulatorCalls &calls, mlir::Location loc) {
  SmallVector<CallInst *> found;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block)
      if (auto *call = dyn_cast<CallInst>(&instruction); call && call->getCalledFunction() && call->getCalledFunction()->isDeclaration())
        found.push_back(call);
  for (CallInst *call : found) {
    Function *callee = call->getCalledFunction();
    StringRef name = callee->getName();
    IRBuilder<> builder(call);
    if (callee->getIntrinsicID() == Intrinsic::trap || callee->getIntrinsicID() == Intrinsic::debugtrap) {
      calls.instruction(builder, "trap", "trap", {}, 0, call->getDebugLoc());
      call->eraseFromParent();
      continue;
    }
    if (callee->isIntrinsic())
      continue;
    if (Value *value = createSimple(builder, name, *call)) {
      call->replaceAllUsesWith(value);
      call->eraseFromParent();
      continue;
    }
    if (std::string math = findMathFunction(name); !math.empty()) {
      FunctionCallee target = function.getParent()->getOrInsertFunction(math, callee->getFunctionType());
      call->setCalledFunction(target);
      call->setAttributes(AttributeList());
      call->setCallingConv(CallingConv::C);
      continue;
    }
    if (!llvm::is_contained({"vprintf", "__assertfail"}, name))
      return emitError(*call, loc) << "function " << name << " is declared only; device code must define what it calls"
                                   << (name.starts_with("__nv_") ? " (link CUDA's libdevice)" : "");
    SmallVector<Value *> words;
    for (Value *argument : call->args())
      llvm::append_range(words, toWords(builder, argument));
    unsigned numOut = call->getType()->isVoidTy() ? 0 : getNumWords(function.getParent()->getDataLayout(), call->getType());
    SmallVector<Value *> out = calls.instruction(builder, ("call." + name).str(), name, words, numOut, call->getDebugLoc());
    if (numOut)
      call->replaceAllUsesWith(fromWords(builder, out, call->getType()));
    call->eraseFromParent();
  }
  return success();
}
