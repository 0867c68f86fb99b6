// Arithmetic on bf16 as what it is defined to be: in f32, rounded once. Hosts without instructions for it would call
// functions that the C library does not have, and those with them flush subnormal numbers.
#include "passes/emulate/Rewrite.h"

#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;
using namespace keel::emulation;

static bool isBfloat(Type *type) { return type->getScalarType()->isBFloatTy(); }
static Type *withScalar(Type *type, Type *scalar) { return type->getWithNewType(scalar); }

static Value *toFloat(IRBuilder<> &builder, Value *value) {
  Type *type = value->getType();
  Value *bits = builder.CreateBitCast(value, withScalar(type, builder.getInt16Ty()));
  Value *wide = builder.CreateShl(builder.CreateZExt(bits, withScalar(type, builder.getInt32Ty())), 16);
  return builder.CreateBitCast(wide, withScalar(type, builder.getFloatTy()));
}

// To nearest, ties to even; every NaN becomes PTX's canonical one (PTX ISA 9.0, 5.2.3 and 9.7.9.21).
static Value *fromFloat(IRBuilder<> &builder, Value *value, Type *type) {
  Type *word = withScalar(type, builder.getInt32Ty()), *half = withScalar(type, builder.getInt16Ty());
  Value *bits = builder.CreateBitCast(value, word);
  Value *odd = builder.CreateAnd(builder.CreateLShr(bits, 16), ConstantInt::get(word, 1));
  Value *rounded = builder.CreateLShr(builder.CreateAdd(bits, builder.CreateAdd(odd, ConstantInt::get(word, 0x7fff))), 16);
  Value *isNan = builder.CreateFCmpUNO(value, value);
  Value *result = builder.CreateSelect(isNan, ConstantInt::get(word, 0x7fff), rounded);
  return builder.CreateBitCast(builder.CreateTrunc(result, half), type);
}

// The same operation on f32; null for what is no arithmetic.
static Value *createWide(IRBuilder<> &builder, Instruction &instruction) {
  Type *type = instruction.getType();
  auto operand = [&](unsigned index) { return toFloat(builder, instruction.getOperand(index)); };
  if (auto *binary = dyn_cast<BinaryOperator>(&instruction); binary && isBfloat(type))
    return fromFloat(builder, builder.CreateBinOp(binary->getOpcode(), operand(0), operand(1)), type);
  if (auto *unary = dyn_cast<UnaryOperator>(&instruction); unary && isBfloat(type)) {
    Type *half = withScalar(type, builder.getInt16Ty());
    Value *bits = builder.CreateBitCast(unary->getOperand(0), half);
    return builder.CreateBitCast(builder.CreateXor(bits, ConstantInt::get(half, 0x8000)), type);
  }
  if (auto *compare = dyn_cast<FCmpInst>(&instruction); compare && isBfloat(compare->getOperand(0)->getType()))
    return builder.CreateFCmp(compare->getPredicate(), operand(0), operand(1));
  if (auto *cast = dyn_cast<CastInst>(&instruction); cast && cast->getOpcode() != Instruction::BitCast) {
    if (isBfloat(cast->getSrcTy())) {
      Value *wide = operand(0);
      return wide->getType() == type ? wide : builder.CreateCast(cast->getOpcode(), wide, type);
    }
    if (!isBfloat(type))
      return nullptr;
    Type *single = withScalar(type, builder.getFloatTy());
    Value *wide = cast->getSrcTy() == single ? cast->getOperand(0) : builder.CreateCast(cast->getOpcode(), cast->getOperand(0), single);
    return fromFloat(builder, wide, type);
  }
  if (auto *call = dyn_cast<IntrinsicInst>(&instruction); call && isBfloat(type) && llvm::all_of(call->args(), [](Value *argument) { return isBfloat(argument->getType()); })) {
    SmallVector<Value *> arguments;
    for (Value *argument : call->args())
      arguments.push_back(toFloat(builder, argument));
    Type *single = withScalar(type, builder.getFloatTy());
    return fromFloat(builder, builder.CreateIntrinsic(single, call->getIntrinsicID(), arguments), type);
  }
  return nullptr;
}

void keel::emulation::expandBfloat(Function &function) {
  SmallVector<Instruction *> instructions;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block)
      instructions.push_back(&instruction);
  for (Instruction *instruction : instructions) {
    IRBuilder<> builder(instruction);
    if (auto *operation = dyn_cast<FPMathOperator>(instruction))
      builder.setFastMathFlags(operation->getFastMathFlags());
    if (Value *value = createWide(builder, *instruction)) {
      instruction->replaceAllUsesWith(value);
      instruction->eraseFromParent();
    }
  }
}
