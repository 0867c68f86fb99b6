// Imports are referred to while they are still being counted: by their index from a placeholder, which the array replaces.
#include "passes/emulate/EmulatorCalls.h"

#include "passes/emulate/Mutation.h"

#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/MDBuilder.h"

using namespace llvm;
using namespace keel::emulation;

static StringRef nameOf(const Function &function) {
  Attribute original = function.getFnAttribute("keel-device-name");
  return original.isValid() ? original.getValueAsString() : function.getName();
}

EmulatorCalls::EmulatorCalls(Module &module, bool withMutants) : module(module), withMutants(withMutants) {
  LLVMContext &context = module.getContext();
  pointer = PointerType::getUnqual(context);
  word = Type::getInt64Ty(context);
  half = Type::getInt32Ty(context);
  importType = StructType::get(context, {pointer, pointer, pointer});
  siteType = StructType::get(context, {pointer, pointer, pointer, pointer, half, half});
  static_assert(sizeof(keel_emulator_import) == 24 && sizeof(keel_emulator_site) == 40, "the types above");
  placeholder = new GlobalVariable(module, ArrayType::get(importType, 0), false, GlobalValue::ExternalLinkage, nullptr, "imports");
}

Constant *EmulatorCalls::string(StringRef text) {
  Constant *&entry = strings[text];
  if (!entry) {
    Constant *data = ConstantDataArray::getString(module.getContext(), text);
    auto *global = new GlobalVariable(module, data->getType(), true, GlobalValue::PrivateLinkage, data, "text");
    global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    entry = global;
  }
  return entry;
}

Constant *EmulatorCalls::import(StringRef name) {
  auto [entry, isNew] = indices.try_emplace(name, imports.size());
  if (isNew)
    imports.push_back(name.str());
  Constant *index = ConstantInt::get(word, entry->second);
  return ConstantExpr::getInBoundsGetElementPtr(importType, placeholder, ArrayRef<Constant *>{index});
}

Value *EmulatorCalls::function(IRBuilderBase &builder, Value *import) {
  Value *address = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), import, offsetof(keel_emulator_import, function));
  LoadInst *load = builder.CreateAlignedLoad(pointer, address, Align(8));
  load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(module.getContext(), {}));
  return load;
}

Constant *EmulatorCalls::site(IRBuilderBase &builder, Constant *import, StringRef text, unsigned numIn, unsigned numOut, DebugLoc loc) {
  Constant *fields[] = {string(nameOf(*builder.GetInsertBlock()->getParent())), string(describe(loc)), string(text), import, ConstantInt::get(half, numIn),
                        ConstantInt::get(half, numOut)};
  return new GlobalVariable(module, siteType, true, GlobalValue::PrivateLinkage, ConstantStruct::get(siteType, fields), "site");
}

// One pair of buffers serves all of a function's calls: nothing outlives a call.
EmulatorCalls::Buffers &EmulatorCalls::buffersFor(Function &function, unsigned numIn, unsigned numOut) {
  Buffers &entry = buffers[&function];
  entry.numIn = std::max(entry.numIn, numIn);
  entry.numOut = std::max(entry.numOut, numOut); // at least two, says the ABI
  auto make = [&](AllocaInst *&buffer, unsigned count, StringRef name) {
    if (!buffer)
      buffer = new AllocaInst(ArrayType::get(word, count), 0, nullptr, Align(16), name, function.getEntryBlock().begin());
    buffer->setAllocatedType(ArrayType::get(word, count));
  };
  make(entry.in, entry.numIn, "in");
  make(entry.out, entry.numOut, "out");
  return entry;
}

void EmulatorCalls::enter(bool isFirst) {
  isFirstCopy = isFirst;
  if (isFirst)
    firstOfFunction = mutants.size();
  current = firstOfFunction;
}

Value *EmulatorCalls::mutant(IRBuilderBase &builder, StringRef kind, StringRef text, DebugLoc loc) {
  if (isFirstCopy)
    mutants.push_back({kind.str(), nameOf(*builder.GetInsertBlock()->getParent()).str(), describe(loc), text.str()});
  return builder.CreateICmpEQ(field(builder, half, offsetof(keel_emulated_thread, mutant)), ConstantInt::get(half, ++current));
}

SmallVector<Value *> EmulatorCalls::instruction(IRBuilderBase &builder, StringRef name, StringRef text, ArrayRef<Value *> in,
                                                unsigned numOut, DebugLoc loc) {
  Function *caller = builder.GetInsertBlock()->getParent();
  Buffers &buffers = buffersFor(*caller, in.size(), numOut);
  SmallVector<Value *> words(in);
  if (withMutants)
    for (const Disturbance &change : disturb(name, in.size())) {
      Value *&changed = words[change.operand];
      Value *isMutant = mutant(builder, change.kind, text, loc);
      Value *other = builder.CreateAdd(builder.CreateXor(changed, builder.getInt64(change.flipped)), builder.getInt64(change.added));
      changed = builder.CreateSelect(isMutant, other, changed);
    }
  for (auto [index, value] : llvm::enumerate(words))
    builder.CreateAlignedStore(value, builder.CreateConstInBoundsGEP1_64(word, buffers.in, index), Align(8));
  Constant *original = import(name);
  Value *entry = original, *what = site(builder, original, text, in.size(), numOut, loc);
  if (std::optional<std::string> weakened = withMutants ? weaken(name) : std::nullopt) {
    Value *isMutant = mutant(builder, "synchronisation", text, loc);
    Constant *other = import(*weakened);
    what = builder.CreateSelect(isMutant, site(builder, other, text, in.size(), numOut, loc), what);
    entry = builder.CreateSelect(isMutant, other, entry);
  }
  auto *type = FunctionType::get(builder.getVoidTy(), {pointer, pointer, pointer, pointer}, false);
  CallInst *call = builder.CreateCall(type, function(builder, entry), {caller->getArg(0), buffers.in, buffers.out, what});
  call->setDoesNotThrow();
  SmallVector<Value *> results;
  for (unsigned index = 0; index < numOut; ++index)
    results.push_back(builder.CreateAlignedLoad(word, builder.CreateConstInBoundsGEP1_64(word, buffers.out, index), Align(8)));
  return results;
}

Value *EmulatorCalls::access(IRBuilderBase &builder, Value *address, uint64_t bytes, bool isStore, Align alignment, StringRef text,
                             DebugLoc loc) {
  Function *caller = builder.GetInsertBlock()->getParent();
  unsigned space = address->getType()->getPointerAddressSpace();
  Constant *entry = import("access");
  Constant *what = site(builder, entry, text, 0, 0, loc);
  uint32_t code = KEEL_EMULATED_WHAT(bytes, isStore, space == 7 ? 3 : space, std::min(Log2(alignment), 15u));
  auto *type = FunctionType::get(pointer, {pointer, word, half, pointer}, false);
  CallInst *call = builder.CreateCall(type, function(builder, entry),
                                      {caller->getArg(0), builder.CreatePtrToInt(address, word), ConstantInt::get(half, code), what});
  call->setDoesNotThrow();
  return call;
}

Value *EmulatorCalls::field(IRBuilderBase &builder, Type *type, unsigned offset) {
  Value *thread = builder.GetInsertBlock()->getParent()->getArg(0);
  LoadInst *load = builder.CreateAlignedLoad(type, builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), thread, offset),
                                             Align(type->getIntegerBitWidth() / 8));
  load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(module.getContext(), {}));
  return load;
}

Value *EmulatorCalls::shared(IRBuilderBase &builder) { return field(builder, word, offsetof(keel_emulated_thread, shared)); }
Value *EmulatorCalls::window(IRBuilderBase &builder) { return field(builder, word, offsetof(keel_emulated_thread, window)); }
Value *EmulatorCalls::checked(IRBuilderBase &builder) { return field(builder, half, offsetof(keel_emulated_thread, checked)); }
Value *EmulatorCalls::specialRegister(IRBuilderBase &builder, keel_emulated_register which) {
  return field(builder, half, offsetof(keel_emulated_thread, registers) + 4 * which);
}

std::string EmulatorCalls::finish(StringRef symbol) {
  if (imports.empty()) {
    placeholder->eraseFromParent();
    return "";
  }
  SmallVector<Constant *> entries;
  Constant *null = ConstantPointerNull::get(cast<PointerType>(pointer));
  for (const std::string &name : imports)
    entries.push_back(ConstantStruct::get(importType, {string(name), null, null}));
  auto *type = ArrayType::get(importType, entries.size());
  auto *array = new GlobalVariable(module, type, false, GlobalValue::ExternalLinkage, ConstantArray::get(type, entries), symbol);
  array->setVisibility(GlobalValue::HiddenVisibility);
  placeholder->replaceAllUsesWith(array);
  placeholder->eraseFromParent();
  return array->getName().str();
}

Value *keel::emulation::toWord(IRBuilderBase &builder, Value *value) {
  Type *type = value->getType();
  const DataLayout &layout = builder.GetInsertBlock()->getModule()->getDataLayout();
  if (type->isPointerTy())
    return builder.CreatePtrToInt(value, builder.getInt64Ty());
  if (!type->isIntegerTy()) {
    uint64_t bits = layout.getTypeSizeInBits(type);
    value = builder.CreateBitCast(value, builder.getIntNTy(bits));
  }
  return builder.CreateZExtOrTrunc(value, builder.getInt64Ty());
}

unsigned keel::emulation::getNumWords(const DataLayout &layout, Type *type) {
  if (!type->isIntOrIntVectorTy() && !type->isFPOrFPVectorTy() && !type->isPointerTy())
    return 0;
  return divideCeil(layout.getTypeSizeInBits(type).getFixedValue(), 64);
}

SmallVector<Value *> keel::emulation::toWords(IRBuilderBase &builder, Value *value) {
  const DataLayout &layout = builder.GetInsertBlock()->getModule()->getDataLayout();
  unsigned numWords = getNumWords(layout, value->getType());
  if (numWords <= 1)
    return numWords ? SmallVector<Value *>{toWord(builder, value)} : SmallVector<Value *>{};
  uint64_t bits = layout.getTypeSizeInBits(value->getType());
  Value *integer = builder.CreateBitCast(value, builder.getIntNTy(bits));
  SmallVector<Value *> words;
  for (unsigned index = 0; index < numWords; ++index)
    words.push_back(builder.CreateZExtOrTrunc(builder.CreateLShr(integer, uint64_t(64) * index), builder.getInt64Ty()));
  return words;
}

Value *keel::emulation::fromWords(IRBuilderBase &builder, ArrayRef<Value *> words, Type *type) {
  const DataLayout &layout = builder.GetInsertBlock()->getModule()->getDataLayout();
  if (type->isPointerTy())
    return builder.CreateIntToPtr(words[0], type);
  uint64_t bits = layout.getTypeSizeInBits(type);
  Value *integer = builder.CreateZExtOrTrunc(words[0], builder.getIntNTy(bits));
  for (auto [index, value] : llvm::enumerate(words.drop_front()))
    integer = builder.CreateOr(integer, builder.CreateShl(builder.CreateZExt(value, integer->getType()), uint64_t(64) * (index + 1)));
  return type->isIntegerTy() ? integer : builder.CreateBitCast(integer, type);
}

std::string keel::emulation::describe(const DebugLoc &loc) {
  if (!loc)
    return "";
  // What headers wrap is where the kernel calls them.
  const DILocation *outermost = loc.get();
  while (const DILocation *around = outermost->getInlinedAt())
    outermost = around;
  const DILocation *best = loc.get();
  while (best->getFilename() != outermost->getFilename())
    best = best->getInlinedAt();
  return (best->getFilename() + ":" + Twine(best->getLine()) + ":" + Twine(best->getColumn())).str();
}
