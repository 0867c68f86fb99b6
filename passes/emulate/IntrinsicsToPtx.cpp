// No table says which instruction an intrinsic is: LLVM's NVPTX back end does. A probe function for each kind of call
// (its operands made and its results used by inline assembly) is compiled to PTX, and its body becomes the inline
// assembly that takes the call's place: operand order, modifiers and helper instructions are then what a GPU would get.
#include "passes/emulate/Rewrite.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <map>

using namespace llvm;
using namespace keel::emulation;

namespace {
// Calls that one probe serves: same intrinsic, same immediate operands.
struct Probe {
  Function *intrinsic;
  SmallVector<CallInst *> calls;
  std::string constraints, text;
  SmallVector<unsigned> operands; // the call's arguments that are registers
};

std::string keyOf(CallInst &call) {
  std::string key = call.getCalledFunction()->getName().str();
  for (auto [index, argument] : llvm::enumerate(call.args()))
    if (call.paramHasAttr(index, Attribute::ImmArg))
      key += "," + llvm::utostr(cast<ConstantInt>(argument)->getZExtValue());
  return key;
}

const char *constraintOf(const DataLayout &layout, Type *type) {
  switch (layout.getTypeSizeInBits(type).getFixedValue()) {
  case 1: return "b";
  case 16: return "h";
  case 32: return "r";
  case 64: return "l";
  case 128: return "q";
  default: return nullptr;
  }
}

// Builds the probes into a module of their own.
class ProbeBuilder {
public:
  ProbeBuilder(Module &module, const DataLayout &layout) : module(module), layout(layout), builder(module.getContext()) {}

  LogicalResult add(Probe &probe, unsigned number, mlir::Location loc) {
    CallInst &call = *probe.calls.front();
    probe.constraints.clear();
    probe.operands.clear();
    Function *function = Function::Create(FunctionType::get(builder.getVoidTy(), false), Function::ExternalLinkage,
                                          "probe" + Twine(number), module);
    builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "", function));
    auto *structure = dyn_cast<StructType>(call.getType());
    unsigned numResults = structure ? structure->getNumElements() : !call.getType()->isVoidTy();
    SmallVector<Value *> arguments;
    unsigned placeholder = numResults;
    std::string inputs;
    for (auto [index, argument] : llvm::enumerate(call.args())) {
      if (call.paramHasAttr(index, Attribute::ImmArg)) {
        arguments.push_back(argument);
        continue;
      }
      const char *constraint = constraintOf(layout, argument->getType());
      if (!constraint)
        return emitError(call, loc) << "an operand of " << probe.intrinsic->getName() << " fits no register";
      arguments.push_back(source(argument->getType(), constraint, placeholder++));
      inputs += std::string(",") + constraint;
      probe.operands.push_back(index);
    }
    auto *callee = module.getOrInsertFunction(probe.intrinsic->getName(), probe.intrinsic->getFunctionType()).getCallee();
    cast<Function>(callee)->setAttributes(probe.intrinsic->getAttributes());
    Value *result = builder.CreateCall(probe.intrinsic->getFunctionType(), callee, arguments);
    for (unsigned index = 0; index < numResults; ++index) {
      Value *element = structure ? builder.CreateExtractValue(result, index) : result;
      const char *constraint = constraintOf(layout, element->getType());
      if (!constraint)
        return emitError(call, loc) << "a result of " << probe.intrinsic->getName() << " fits no register";
      sink(element, constraint, index);
      probe.constraints += (probe.constraints.empty() ? "=" : ",=") + std::string(constraint);
    }
    probe.constraints += probe.constraints.empty() ? StringRef(inputs).ltrim(',').str() : inputs;
    builder.CreateRetVoid();
    return success();
  }

private:
  // Placeholders are spelled as words until the text is inline assembly itself.
  static std::string move(unsigned bits, StringRef to, StringRef from) {
    return ("mov." + (bits == 1 ? Twine("pred ") : "b" + Twine(bits) + " ") + to + ", " + from + ";").str();
  }
  Value *source(Type *type, const char *constraint, unsigned number) {
    unsigned bits = layout.getTypeSizeInBits(type);
    Type *integer = builder.getIntNTy(bits);
    auto *assembly = InlineAsm::get(FunctionType::get(integer, false), move(bits, "$0", "OPERAND" + std::to_string(number) + "_"),
                                    std::string("=") + constraint, /*hasSideEffects=*/true);
    Value *value = builder.CreateCall(assembly);
    return type->isPointerTy() ? builder.CreateIntToPtr(value, type) : builder.CreateBitCast(value, type);
  }
  void sink(Value *value, const char *constraint, unsigned number) {
    Type *type = value->getType();
    unsigned bits = layout.getTypeSizeInBits(type);
    Type *integer = builder.getIntNTy(bits);
    value = type->isPointerTy() ? builder.CreatePtrToInt(value, integer) : builder.CreateBitCast(value, integer);
    auto *assembly = InlineAsm::get(FunctionType::get(builder.getVoidTy(), {integer}, false),
                                    move(bits, "OPERAND" + std::to_string(number) + "_", "$0"), constraint, /*hasSideEffects=*/true);
    builder.CreateCall(assembly, {value});
  }

  Module &module;
  const DataLayout &layout;
  IRBuilder<> builder;
};
} // namespace

// The lines between the braces of a function in PTX text.
static StringRef bodyOf(StringRef assembly, unsigned number) {
  size_t name = assembly.find(("probe" + Twine(number) + "(").str());
  if (name == StringRef::npos)
    return "";
  size_t begin = assembly.find("\n{", name);
  size_t end = assembly.find("\n}", name);
  if (begin == StringRef::npos || end == StringRef::npos)
    return "";
  return assembly.slice(begin + 2, end);
}

// $ in names is $$ in inline assembly, operands are $0, $1, …
static std::string toInlineAssembly(StringRef body) {
  std::string text;
  for (StringRef line : llvm::split(body, '\n')) {
    line = line.split("//").first.trim();
    if (line.empty() || line == "ret;")
      continue;
    for (size_t at = 0; at < line.size(); ++at) {
      if (line.substr(at).starts_with("OPERAND")) {
        StringRef number = line.substr(at + 7).take_while(isDigit);
        text += ("$" + number).str();
        at += 7 + number.size();
      } else {
        text += line[at] == '$' ? "$$" : std::string(1, line[at]);
      }
    }
    text += "\n";
  }
  return text;
}

static void ignoreFatalError(void *, const char *, bool) {}

// The probes as PTX. What the chip does not have ends in a fatal error of the back end.
static FailureOr<std::string> compile(ArrayRef<Probe *> probes, LLVMContext &context, TargetMachine &machine, mlir::Location loc) {
  Module module("probes", context);
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  ProbeBuilder builder(module, module.getDataLayout());
  for (auto [number, probe] : llvm::enumerate(probes))
    if (failed(builder.add(*probe, number, loc)))
      return failure();
  SmallString<0> assembly;
  raw_svector_ostream stream(assembly);
  CrashRecoveryContext::Enable();
  CrashRecoveryContext recovery;
  ScopedFatalErrorHandler handler(ignoreFatalError);
  bool compiled = recovery.RunSafely([&] {
    llvm::legacy::PassManager passes;
    if (!machine.addPassesToEmitFile(passes, stream, nullptr, CodeGenFileType::AssemblyFile))
      passes.run(module);
  });
  if (!compiled)
    return failure();
  return assembly.str().str();
}

LogicalResult keel::emulation::intrinsicsToPtx(Module &module, StringRef chip, mlir::Location loc) {
  std::map<std::string, Probe> probes;
  for (Function &function : module) {
    if (!function.isDeclaration() || !function.getName().starts_with("llvm.nvvm."))
      continue;
    for (User *user : function.users())
      if (auto *call = dyn_cast<CallInst>(user)) {
        Probe &probe = probes[keyOf(*call)];
        probe.intrinsic = &function;
        probe.calls.push_back(call);
      }
  }
  if (probes.empty())
    return success();

  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  Triple triple("nvptx64-nvidia-cuda");
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return mlir::emitError(loc, "LLVM was built without its NVPTX back end, which device code needs: ") << message;
  // The version of PTX says what may be written down, the chip what there is.
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(triple, chip, "+ptx90", TargetOptions(), std::nullopt));

  SmallVector<Probe *> all;
  for (auto &[key, probe] : probes)
    all.push_back(&probe);
  FailureOr<std::string> assembly = compile(all, module.getContext(), *machine, loc);
  if (failed(assembly)) {
    // Which one?
    for (Probe *probe : all)
      if (failed(compile(probe, module.getContext(), *machine, loc)))
        return emitError(*probe->calls.front(), loc) << probe->intrinsic->getName() << " is no instruction of " << chip;
    return mlir::emitError(loc, "LLVM's NVPTX back end cannot compile the intrinsics for ") << chip;
  }

  for (auto [number, entry] : llvm::enumerate(probes)) {
    Probe &probe = entry.second;
    StringRef body = bodyOf(*assembly, number);
    if (body.empty())
      return emitError(*probe.calls.front(), loc) << "no instruction found for " << probe.intrinsic->getName();
    std::string text = toInlineAssembly(body);
    for (CallInst *call : probe.calls) {
      SmallVector<Value *> arguments;
      SmallVector<Type *> types;
      for (unsigned index : probe.operands) {
        arguments.push_back(call->getArgOperand(index));
        types.push_back(arguments.back()->getType());
      }
      auto *replacement = InlineAsm::get(FunctionType::get(call->getType(), types, false), text, probe.constraints, true);
      CallInst *replaced = CallInst::Create(replacement, arguments, "", call->getIterator());
      replaced->setDebugLoc(call->getDebugLoc());
      call->replaceAllUsesWith(replaced);
      call->eraseFromParent();
    }
    if (probe.intrinsic->use_empty())
      probe.intrinsic->eraseFromParent();
  }
  return success();
}
