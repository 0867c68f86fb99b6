// A product and a sum that are two instructions on the device stay two on the host, whose code generator may otherwise
// fuse them: the same bits.
#include "passes/emulate/Rewrite.h"

#include "llvm/IR/InstIterator.h"

using namespace llvm;

void keel::emulation::keepRounding(Function &function) {
  SmallVector<Instruction *> products;
  for (Instruction &instruction : instructions(function))
    if (instruction.getOpcode() == Instruction::FMul && llvm::any_of(instruction.users(), [](User *user) {
          auto *sum = dyn_cast<Instruction>(user);
          return sum && (sum->getOpcode() == Instruction::FAdd || sum->getOpcode() == Instruction::FSub || sum->getOpcode() == Instruction::FNeg);
        }))
      products.push_back(&instruction);
  for (Instruction *product : products) {
    IRBuilder<> builder(product->getNextNode());
    auto *fence = builder.CreateArithmeticFence(product, product->getType());
    product->replaceUsesWithIf(fence, [&](Use &use) { return use.getUser() != fence; });
  }
}
