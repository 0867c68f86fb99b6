// What moves bf16 numbers around moves integers. The last step before code generation: LLVM's passes turn it back.
#include "passes/artifact/MoveBfloats.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/ValueHandle.h"

using namespace llvm;

static Type *asInteger(Type *type) {
  Type *scalar = type->getScalarType();
  return scalar->isBFloatTy() ? type->getWithNewType(Type::getInt16Ty(type->getContext())) : nullptr;
}

static Value *asInteger(IRBuilder<> &builder, Value *value) {
  Type *integer = asInteger(value->getType());
  return integer ? builder.CreateBitCast(value, integer) : value;
}

/// Gathers and masked moves, which LLVM's vectorizers make: the same intrinsic on integers.
static void moveMasked(IRBuilder<> &builder, IntrinsicInst &move) {
  bool isStore = is_contained({Intrinsic::masked_store, Intrinsic::masked_scatter}, move.getIntrinsicID());
  bool isLoad = is_contained({Intrinsic::masked_load, Intrinsic::masked_gather}, move.getIntrinsicID());
  Type *integer = asInteger(isStore ? move.getArgOperand(0)->getType() : move.getType());
  if (!integer || !(isStore || isLoad))
    return;
  SmallVector<Value *> arguments;
  for (Value *argument : move.args())
    arguments.push_back(asInteger(builder, argument));
  Type *pointers = move.getArgOperand(isStore)->getType();
  CallInst *copy = builder.CreateIntrinsic(move.getIntrinsicID(), {integer, pointers}, arguments);
  copy->setAttributes(move.getAttributes());
  if (isLoad)
    move.replaceAllUsesWith(builder.CreateBitCast(copy, move.getType()));
  move.eraseFromParent();
}

static void moveAsInteger(Instruction &instruction) {
  IRBuilder<> builder(&instruction);
  if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction))
    return moveMasked(builder, *intrinsic);
  if (auto *store = dyn_cast<StoreInst>(&instruction)) {
    if (asInteger(store->getValueOperand()->getType()))
      store->setOperand(0, asInteger(builder, store->getValueOperand()));
    return;
  }
  Type *type = instruction.getType(), *integer = asInteger(type);
  bool moves = isa<LoadInst, SelectInst, ShuffleVectorInst, InsertElementInst, ExtractElementInst, PHINode, FreezeInst>(instruction);
  if (!integer || !moves)
    return;
  Instruction *copy = instruction.clone();
  copy->insertBefore(instruction.getIterator());
  for (Use &use : copy->operands()) {
    if (!asInteger(use->getType()))
      continue;
    if (auto *phi = dyn_cast<PHINode>(copy))
      builder.SetInsertPoint(phi->getIncomingBlock(use)->getTerminator());
    else
      builder.SetInsertPoint(copy);
    use.set(asInteger(builder, use.get()));
  }
  copy->mutateType(integer);
  builder.SetInsertPoint(instruction.getParent(), isa<PHINode>(instruction) ? instruction.getParent()->getFirstInsertionPt()
                                                                            : std::next(copy->getIterator()));
  instruction.replaceAllUsesWith(builder.CreateBitCast(copy, type));
  instruction.eraseFromParent();
}

/// A number that one block takes for an integer, and another hands on as bf16, would be converted between them.
static void shortenChain(BitCastInst &cast) {
  auto *before = dyn_cast<BitCastInst>(cast.getOperand(0));
  if (!before)
    return;
  Value *source = before->getOperand(0);
  if (source->getType() == cast.getType()) {
    cast.replaceAllUsesWith(source);
    cast.eraseFromParent();
  } else {
    cast.setOperand(0, source);
  }
  if (before->use_empty())
    before->eraseFromParent();
}

void keel::moveBfloatsAsIntegers(Module &module) {
  for (Function &function : module) {
    for (BasicBlock &block : function)
      for (Instruction &instruction : make_early_inc_range(block))
        moveAsInteger(instruction);
    SmallVector<WeakVH> casts;
    for (BasicBlock &block : function)
      for (Instruction &instruction : block)
        if (isa<BitCastInst>(instruction))
          casts.push_back(&instruction);
    for (WeakVH &cast : casts)
      if (cast)
        shortenChain(*llvm::cast<BitCastInst>(cast));
  }
}
