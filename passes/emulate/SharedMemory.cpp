// Shared variables become offsets in the block's memory; a shared pointer is a host address whose low half is the
// address that PTX sees (see Abi.h).
#include "passes/emulate/Rewrite.h"

#include "llvm/IR/Operator.h"
#include "llvm/IR/ReplaceConstant.h"

using namespace llvm;
using namespace keel::emulation;

static bool isShared(Type *type) {
  return type->isPointerTy() && (type->getPointerAddressSpace() == 3 || type->getPointerAddressSpace() == 7);
}

FailureOr<SharedLayout> keel::emulation::layOutShared(Module &module, mlir::Location loc) {
  SharedLayout layout;
  SmallVector<GlobalVariable *> dynamic, variables;
  for (GlobalVariable &global : module.globals()) {
    if (global.getAddressSpace() != 3)
      continue;
    bool isDynamic = global.isDeclaration() || module.getDataLayout().getTypeAllocSize(global.getValueType()) == 0;
    (isDynamic ? dynamic : variables).push_back(&global);
    if (!isDynamic && global.hasInitializer() && !isa<UndefValue>(global.getInitializer()))
      return mlir::emitError(loc, "shared variable ") << global.getName() << " has an initial value; shared memory has none";
  }
  // The most aligned first: no gaps.
  auto alignmentOf = [&](GlobalVariable *global) {
    return global->getAlign().value_or(module.getDataLayout().getPrefTypeAlign(global->getValueType())).value();
  };
  llvm::sort(variables, [&](GlobalVariable *a, GlobalVariable *b) {
    return std::pair(alignmentOf(b), a->getName()) < std::pair(alignmentOf(a), b->getName());
  });
  for (GlobalVariable *global : variables) {
    layout.bytes = alignTo(layout.bytes, alignmentOf(global));
    layout.offsets[global] = layout.bytes;
    layout.bytes += module.getDataLayout().getTypeAllocSize(global->getValueType());
  }
  if (!dynamic.empty())
    layout.bytes = alignTo(layout.bytes, 128);
  for (GlobalVariable *global : dynamic)
    layout.offsets[global] = layout.bytes;
  // Their addresses are known to a running thread only.
  SmallVector<Constant *> constants;
  for (auto &[global, offset] : layout.offsets)
    constants.push_back(global);
  convertUsersOfConstantsToInstructions(constants);
  for (auto &[global, offset] : layout.offsets)
    for (User *user : global->users())
      if (!isa<Instruction>(user))
        return mlir::emitError(loc, "the address of shared variable ") << global->getName() << " is in the initial value of another variable";
  return layout;
}

Value *keel::emulation::createSharedPointer(IRBuilderBase &builder, Value *word, Type *type, EmulatorCalls &calls) {
  Value *low = builder.CreateAnd(builder.CreateZExtOrTrunc(word, builder.getInt64Ty()), 0xffffffffu);
  return builder.CreateIntToPtr(builder.CreateOr(calls.window(builder), low), type);
}

// Constant expressions that make a shared pointer from a number, or a number from one, as instructions.
static void expandConstants(Function &function) {
  SmallVector<Constant *> found;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block)
      for (Value *operand : instruction.operands())
        if (auto *constant = dyn_cast<ConstantExpr>(operand); constant && constant->getOpcode() == Instruction::IntToPtr && isShared(constant->getType()))
          found.push_back(constant);
  if (!found.empty())
    convertUsersOfConstantsToInstructions(found, &function, true, /*IncludeSelf=*/true);
}

void keel::emulation::lowerSharedAddresses(Function &function, const SharedLayout &layout, EmulatorCalls &calls) {
  expandConstants(function);
  // Casts between pointers and integers that the kernel itself makes; those of the variables' addresses are none of them.
  SmallVector<CastInst *> casts;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block)
      if (auto *cast = dyn_cast<CastInst>(&instruction);
          cast && ((isa<PtrToIntInst>(cast) && isShared(cast->getSrcTy())) || (isa<IntToPtrInst>(cast) && isShared(cast->getDestTy()))))
        casts.push_back(cast);
  IRBuilder<> entry(&*function.getEntryBlock().getFirstInsertionPt());
  entry.SetCurrentDebugLocation(DebugLoc());
  for (auto &[global, offset] : layout.offsets) {
    Value *address = nullptr;
    for (Use &use : llvm::make_early_inc_range(global->uses())) {
      auto *user = dyn_cast<Instruction>(use.getUser());
      if (!user || user->getFunction() != &function)
        continue;
      if (!address)
        address = entry.CreateIntToPtr(entry.CreateAdd(calls.shared(entry), entry.getInt64(offset)), global->getType(), global->getName());
      use.set(address);
    }
  }
  for (CastInst *cast : casts) {
    IRBuilder<> builder(cast);
    Value *value = nullptr;
    if (isa<PtrToIntInst>(cast)) {
      Value *address = builder.CreateAnd(builder.CreatePtrToInt(cast->getOperand(0), builder.getInt64Ty()), 0xffffffffu);
      value = builder.CreateZExtOrTrunc(address, cast->getType());
    } else {
      value = createSharedPointer(builder, cast->getOperand(0), cast->getType(), calls);
    }
    cast->replaceAllUsesWith(value);
    cast->eraseFromParent();
  }
}
