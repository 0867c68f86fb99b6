// Barriers, fences, commits and waits are dropped; acquire and release become relaxed; what is computed for them is
// off. Each change is a choice that the code makes when it runs, so that one compilation holds them all.
#include "passes/emulate/Mutation.h"

#include "passes/emulate/PtxParser.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Operator.h"

using namespace llvm;
using namespace keel;
using namespace keel::emulation;

std::optional<std::string> keel::emulation::weaken(StringRef name) {
  std::vector<std::string_view> parts = ptx::splitOpcode(name);
  StringRef root(parts[0]);
  auto has = [&](std::initializer_list<StringRef> names) {
    return llvm::any_of(names, [&](StringRef part) { return ptx::hasModifier(name, part); });
  };
  // A barrier that reduces makes a value, too: nothing can take its place.
  if (is_contained({"bar", "barrier", "fence", "membar"}, root) && !has({"red"}))
    return "mutant.nothing";
  // Kernels that start later than they might are right.
  if (root == "griddepcontrol" && has({"wait"}))
    return "mutant.nothing";
  // What it gives back, others wait for. (How many registers a thread has without an increase is ptxas's affair.)
  if (root == "setmaxnreg" && has({"dec"}))
    return "mutant.nothing";
  if (root == "mbarrier" && !has({"init", "inval"}))
    return has({"test_wait", "try_wait"}) ? "mutant.done" : "mutant.nothing";
  if ((root == "cp" || root == "wgmma") && has({"commit_group", "wait_group", "wait_all", "arrive", "fence"}))
    return "mutant.nothing";
  if (!is_contained({"ld", "st", "atom", "red"}, root))
    return std::nullopt;
  for (std::string_view &part : parts)
    if (part == "acquire" || part == "release" || part == "acq_rel") {
      part = "relaxed";
      std::string result;
      for (std::string_view each : parts)
        result += (result.empty() ? "" : ".") + std::string(each);
      return result;
    }
  return std::nullopt;
}

SmallVector<Disturbance> keel::emulation::disturb(StringRef name, unsigned numIn) {
  auto has = [&](StringRef part) { return ptx::hasModifier(name, part); };
  std::string_view root = ptx::splitOpcode(name)[0];
  constexpr uint64_t otherSwizzle = uint64_t(3) << 62; // 128 bytes as 64; PTX ISA 9.7.15.5.1
  if (root == "wgmma" && has("mma_async")) {
    // The sums come first; behind A and B are scales and transpositions.
    SmallVector<Disturbance> descriptors;
    unsigned columns = 0;
    for (StringRef part : ptx::splitOpcode(name))
      if (part.consume_front("m64n"))
        part.consumeInteger(10, columns);
    unsigned sums = has("f16") && !has("f32") ? columns / 4 : columns / 2;
    if (numIn - sums > 7) // A in four registers
      return {{"swizzle", sums + 4, otherSwizzle, 0}};
    return {{"swizzle", sums, otherSwizzle, 0}, {"swizzle", sums + 1, otherSwizzle, 0}};
  }
  if (root != "mbarrier")
    return {};
  if (has("parity"))
    return {{"phase", 1, 1, 0}};
  if (has("expect_tx")) // one access of 16 bytes more
    return {{"counter", 1, 0, 16}};
  if (has("init"))
    return {{"counter", 1, 0, 1}};
  if (has("arrive")) // the barrier of the next stage, which is still being read
    return {{"early", 0, 0, 8}};
  return {};
}

namespace {
/// Whether an integer becomes part of an address of shared memory.
bool isSharedAddress(const Value *value, SmallPtrSetImpl<const Value *> &seen) {
  if (!seen.insert(value).second)
    return false;
  return llvm::any_of(value->users(), [&](const User *user) {
    if (isa<GEPOperator, IntToPtrInst>(user))
      return user->getType()->getPointerAddressSpace() == 3;
    return (isa<BinaryOperator>(user) || isa<CastInst>(user) || isa<PHINode>(user)) && user->getType()->isIntegerTy() &&
           isSharedAddress(user, seen);
  });
}

/// Whether a condition compares integers, and nothing else.
bool isOfIntegers(const Value *condition) {
  if (isa<ICmpInst>(condition))
    return true;
  auto *logic = dyn_cast<Instruction>(condition);
  return logic && (logic->isBitwiseLogicOp() || isa<SelectInst>(logic)) &&
         llvm::all_of(logic->operands(),
                      [](const Value *operand) { return isa<Constant>(operand) || isOfIntegers(operand); });
}

class Planter {
public:
  Planter(Function &function, EmulatorCalls &calls)
      : calls(calls), function(function), dominators(function), loops(dominators), after(function) {}

  void run() {
    SmallVector<Instruction *> all;
    for (Instruction &instruction : instructions(function))
      all.push_back(&instruction);
    for (Instruction *instruction : all) {
      if (auto *update = dyn_cast<AtomicRMWInst>(instruction))
        plantCounter(*update);
      else if (instruction->getOpcode() == Instruction::Xor)
        plantSwizzle(*instruction);
      else if (auto *select = dyn_cast<SelectInst>(instruction))
        noteSelect(*select);
      else if (auto *branch = dyn_cast<BranchInst>(instruction); branch && branch->isConditional())
        noteBranch(*branch);
    }
    for (auto &[condition, guards] : predicates)
      plantPredicate(condition, guards);
  }

private:
  /// One more than is counted, or than it is counted to.
  void plantCounter(AtomicRMWInst &update) {
    if (!update.getType()->isIntegerTy())
      return;
    IRBuilder<> builder(&update);
    Value *isMutant =
        calls.mutant(builder, "counter", AtomicRMWInst::getOperationName(update.getOperation()), update.getDebugLoc());
    Value *value = update.getValOperand();
    update.setOperand(1, builder.CreateAdd(value, builder.CreateZExtOrTrunc(isMutant, value->getType())));
  }

  void plantSwizzle(Instruction &swizzle) {
    SmallPtrSet<const Value *, 16> seen;
    if (!isSharedAddress(&swizzle, seen))
      return;
    IRBuilder<> builder(swizzle.getNextNode());
    Value *isMutant = calls.mutant(builder, "swizzle", "xor", swizzle.getDebugLoc());
    auto *choice = cast<Instruction>(builder.CreateSelect(isMutant, swizzle.getOperand(0), &swizzle));
    swizzle.replaceUsesWithIf(choice, [&](Use &use) { return use.getUser() != choice; });
  }

  /// What happens, or is, under a condition: where the condition is so.
  struct Guard {
    Use *use;
    bool holds;
  };

  /// A value that is there under a condition, instead of a constant.
  void noteSelect(SelectInst &select) {
    if (select.getType()->isIntegerTy(1) || !isOfIntegers(select.getCondition()))
      return;
    auto *otherwise = dyn_cast<Constant>(select.getTrueValue());
    bool isOtherwise = otherwise && (!isa<Constant>(select.getFalseValue()) || otherwise->isNullValue());
    predicates[select.getCondition()].push_back({&select.getOperandUse(0), !isOtherwise});
  }

  void noteBranch(BranchInst &branch) {
    BasicBlock *block = branch.getParent();
    Use &condition = branch.getOperandUse(0);
    if (isa<Constant>(condition))
      return;
    if (Loop *loop = loops.getLoopFor(block); loop && loop->isLoopExiting(block)) {
      if (!polls(*loop))
        return;
      IRBuilder<> builder(&branch);
      Value *isMutant = calls.mutant(builder, "wait", "branch", branch.getDebugLoc());
      condition.set(force(builder, condition, isMutant, !loop->contains(branch.getSuccessor(0))));
      return;
    }
    if (llvm::any_of(successors(block), [&](BasicBlock *next) { return countsIterations(condition, next); }))
      return;
    // Where one way skips what the other does, the other is what is guarded.
    predicates[condition].push_back({&condition, !after.dominates(branch.getSuccessor(0), block)});
  }

  /// A bound or a choice of threads that always holds, for all that asks for it.
  void plantPredicate(Value *condition, ArrayRef<Guard> guards) {
    std::string text;
    raw_string_ostream stream(text);
    condition->print(stream);
    text = StringRef(text).split(", !dbg").first.trim().str();
    auto *definition = dyn_cast<Instruction>(condition);
    BasicBlock::iterator place =
        definition ? *definition->getInsertionPointAfterDef() : function.getEntryBlock().getFirstInsertionPt();
    IRBuilder<> builder(place->getParent(), place);
    auto *user = cast<Instruction>(guards.front().use->getUser());
    Value *isMutant = calls.mutant(builder, "predicate", text, user->getDebugLoc());
    Value *forced[2] = {};
    for (const Guard &guard : guards) {
      Value *&value = forced[guard.holds];
      if (!value)
        value = force(builder, condition, isMutant, guard.holds);
      guard.use->set(value);
    }
  }

  /// What a number is a constant function of.
  static Value *rootOf(Value *value) {
    for (auto *op = dyn_cast<Instruction>(value); op; op = dyn_cast<Instruction>(value)) {
      if (isa<CastInst>(op) || (isa<BinaryOperator>(op) && isa<Constant>(op->getOperand(1))))
        value = op->getOperand(0);
      else
        break;
    }
    return value;
  }

  /// Whether a branch to `next` belongs to the loop there: whether it iterates at all, what is left when it is
  /// unrolled.
  bool countsIterations(Value *condition, BasicBlock *next) {
    if (!loops.isLoopHeader(next) && next->getSingleSuccessor())
      next = next->getSingleSuccessor();
    auto *compare = dyn_cast<ICmpInst>(condition);
    if (!loops.isLoopHeader(next) || !compare)
      return false;
    SmallVector<BasicBlock *> exiting;
    loops.getLoopFor(next)->getExitingBlocks(exiting);
    return llvm::any_of(exiting, [&](BasicBlock *block) {
      auto *branch = dyn_cast<BranchInst>(block->getTerminator());
      auto *exit = branch && branch->isConditional() ? dyn_cast<ICmpInst>(branch->getCondition()) : nullptr;
      return exit && llvm::any_of(exit->operands(), [&](Value *one) {
               return !isa<Constant>(one) &&
                      llvm::any_of(compare->operands(), [&](Value *other) { return rootOf(one) == rootOf(other); });
             });
    });
  }

  /// Whether a loop does nothing but wait for another thread.
  static bool polls(const Loop &loop) {
    bool reads = false;
    for (BasicBlock *block : loop.blocks())
      for (Instruction &instruction : *block) {
        if (auto *load = dyn_cast<LoadInst>(&instruction))
          reads |= !load->isSimple();
        if (instruction.mayWriteToMemory() && !isa<LoadInst>(instruction))
          return false;
      }
    return reads;
  }

  static Value *force(IRBuilder<> &builder, Value *condition, Value *isMutant, bool value) {
    return value ? builder.CreateOr(condition, isMutant) : builder.CreateAnd(condition, builder.CreateNot(isMutant));
  }

  EmulatorCalls &calls;
  Function &function;
  DominatorTree dominators;
  LoopInfo loops;
  PostDominatorTree after;
  MapVector<Value *, SmallVector<Guard>> predicates;
};
} // namespace

void keel::emulation::plantMutants(Function &function, EmulatorCalls &calls) { Planter(function, calls).run(); }
