// The description that a shared library of emulated kernels exports, as constants in its module.
#include "passes/emulate/Emulate.h"

#include "runtime/emulator/Abi.h"

#include "llvm/IR/IRBuilder.h"

using namespace llvm;

void keel::addEmulatorQuery(EmulatedModule &emulated) {
  Module &module = *emulated.module;
  LLVMContext &context = module.getContext();
  IRBuilder<> builder(context);
  Type *pointer = builder.getPtrTy();
  auto number = [&](uint32_t value) { return builder.getInt32(value); };
  auto string = [&](StringRef text) -> Constant * {
    Constant *data = ConstantDataArray::getString(context, text);
    return new GlobalVariable(module, data->getType(), true, GlobalValue::PrivateLinkage, data, "text");
  };
  auto array = [&](Type *type, ArrayRef<Constant *> elements) -> Constant * {
    if (elements.empty())
      return ConstantPointerNull::get(builder.getPtrTy());
    auto *arrayType = ArrayType::get(type, elements.size());
    return new GlobalVariable(module, arrayType, true, GlobalValue::PrivateLinkage, ConstantArray::get(arrayType, elements), "table");
  };
  Type *half = builder.getInt32Ty(), *word = builder.getInt64Ty();

  auto *kernelType = StructType::get(context, {pointer, pointer, pointer, half, half, half, half});
  static_assert(sizeof(keel_emulator_kernel) == 40, "the type above");
  SmallVector<Constant *> kernels;
  for (const EmulatedKernel &kernel : emulated.kernels)
    kernels.push_back(ConstantStruct::get(kernelType, {string(kernel.name), string(kernel.location), module.getFunction(kernel.symbol),
                                                       number(kernel.numArguments), number(kernel.threads), number(kernel.sharedBytes),
                                                       number(kernel.cluster)}));
  auto *globalType = StructType::get(context, {pointer, pointer, word, half});
  static_assert(sizeof(keel_emulator_global) == 32, "the type above");
  SmallVector<Constant *> globals;
  for (const EmulatedGlobal &global : emulated.globals) {
    Constant *address = ConstantExpr::getPointerBitCastOrAddrSpaceCast(module.getNamedGlobal(global.symbol), pointer);
    globals.push_back(ConstantStruct::get(globalType, {string(global.name), address, builder.getInt64(global.bytes), number(global.isInitialised)}));
  }

  auto *moduleType = StructType::get(context, {half, half, half, half, half, pointer, pointer, pointer});
  static_assert(sizeof(keel_emulator_module) == 48, "the type above");
  Constant *imports = emulated.imports.empty() ? ConstantPointerNull::get(builder.getPtrTy()) : static_cast<Constant *>(module.getNamedGlobal(emulated.imports));
  Constant *description = ConstantStruct::get(moduleType, {number(KEEL_EMULATOR_MAGIC), number(KEEL_EMULATOR_VERSION), number(emulated.numImports),
                                                           number(kernels.size()), number(globals.size()), imports,
                                                           array(kernelType, kernels), array(globalType, globals)});
  auto *variable = new GlobalVariable(module, moduleType, true, GlobalValue::PrivateLinkage, description, "module");
  Function *query = Function::Create(FunctionType::get(pointer, false), GlobalValue::ExternalLinkage, "keel_emulator_query", module);
  builder.SetInsertPoint(BasicBlock::Create(context, "", query));
  builder.CreateRet(variable);
}
