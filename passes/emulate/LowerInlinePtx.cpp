// Inline assembly, statement by statement: guards and labels to branches, registers to allocas (which later passes turn
// into values), moves and integer arithmetic to LLVM's, all else to instruction calls.
#include "passes/emulate/PtxOpcodes.h"
#include "passes/emulate/Rewrite.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;
using namespace keel;
using namespace keel::emulation;
using ptx::Operand;
using ptx::Statement;

namespace {
// The operand of a constraint, or a declared register.
struct Slot {
  AllocaInst *variable = nullptr; // null for an input
  Value *input = nullptr;         // an integer
  unsigned bits = 0;
};

class InlinePtx {
public:
  InlinePtx(CallInst &call, EmulatorCalls &calls, mlir::Location fallback)
      : call(call), assembly(*cast<InlineAsm>(call.getCalledOperand())), calls(calls), fallback(fallback), builder(&call),
        entry(&*call.getFunction()->getEntryBlock().getFirstInsertionPt()) {
    entry.SetCurrentDebugLocation(DebugLoc());
  }

  LogicalResult run() {
    auto parsed = ptx::parse(assembly.getAsmString());
    if (auto *error = std::get_if<ptx::Error>(&parsed))
      return fail("inline PTX, line ") << error->position.line << ", column " << error->position.column << ": " << error->message;
    program = std::move(std::get<ptx::Program>(parsed));
    if (failed(bindConstraints()))
      return failure();
    for (const ptx::Register &declared : program.registers)
      registers.push_back(makeVariable(declared.bits, declared.name));
    bool branches = llvm::any_of(program.statements, [](const Statement &s) { return s.guard || s.kind == Statement::Kind::Label || s.opcode.starts_with("bra"); });
    if (branches) {
      BasicBlock *head = call.getParent();
      tail = head->splitBasicBlock(call.getIterator(), "ptx.end");
      head->getTerminator()->eraseFromParent();
      builder.SetInsertPoint(head);
      builder.SetCurrentDebugLocation(call.getDebugLoc());
      for (unsigned label = 0; label < program.numLabels; ++label)
        labels.push_back(newBlock("ptx.label"));
    }
    for (const Statement &statement : program.statements)
      if (failed(lower(statement)))
        return failure();
    if (branches) {
      builder.CreateBr(tail);
      builder.SetInsertPoint(&call);
    }
    replaceResults();
    return success();
  }

private:
  mlir::InFlightDiagnostic fail(const Twine &message) { return emitError(call, fallback) << message; }
  mlir::InFlightDiagnostic fail(const Statement &statement, const Twine &message) {
    return emitError(call, fallback) << "inline PTX, line " << statement.position.line << ", '" << statement.text << "': " << message;
  }

  BasicBlock *newBlock(const Twine &name) { return BasicBlock::Create(call.getContext(), name, call.getFunction(), tail); }

  Slot makeVariable(unsigned bits, const Twine &name) {
    Slot slot;
    slot.bits = bits;
    slot.variable = entry.CreateAlloca(entry.getIntNTy(bits), nullptr, name);
    // Defined, as registers are, though by nobody knows what.
    entry.CreateStore(ConstantInt::get(entry.getIntNTy(bits), 0), slot.variable);
    return slot;
  }

  LogicalResult bindConstraints() {
    InlineAsm::ConstraintInfoVector constraints = assembly.ParseConstraints();
    if (constraints.empty() && !assembly.getConstraintString().empty())
      return fail("inline PTX: cannot read the constraints '") << assembly.getConstraintString() << "'";
    unsigned argument = 0;
    auto *structure = dyn_cast<StructType>(call.getType());
    for (const InlineAsm::ConstraintInfo &constraint : constraints) {
      if (constraint.Type == InlineAsm::isClobber)
        continue;
      StringRef code = constraint.Codes.empty() ? StringRef("") : StringRef(constraint.Codes[0]);
      if (constraint.isIndirect || constraint.Type == InlineAsm::isLabel || code.empty() || code[0] == '{' || code == "m")
        return fail("inline PTX: constraint '") << code << "' is not supported, expected one of h, r, l, f, d, b, q, n";
      if (constraint.Type == InlineAsm::isOutput) {
        Type *type = structure ? structure->getElementType(outputs.size()) : call.getType();
        FailureOr<unsigned> bits = getBits(code, type);
        if (failed(bits))
          return failure();
        outputs.push_back(type);
        operands.push_back(makeVariable(*bits, "ptx.out"));
        continue;
      }
      Value *value = call.getArgOperand(argument++);
      if (isDigit(code[0])) { // the same register as an output
        unsigned tied = 0;
        if (code.getAsInteger(10, tied) || tied >= outputs.size())
          return fail("inline PTX: constraint '") << code << "' is tied to no output";
        Slot slot = operands[tied];
        builder.CreateStore(builder.CreateZExtOrTrunc(toInteger(value), builder.getIntNTy(slot.bits)), slot.variable);
        operands.push_back(slot);
        continue;
      }
      FailureOr<unsigned> bits = getBits(code, value->getType());
      if (failed(bits))
        return failure();
      Slot slot;
      slot.bits = *bits;
      slot.input = builder.CreateZExtOrTrunc(toInteger(value), builder.getIntNTy(*bits));
      operands.push_back(slot);
    }
    return success();
  }

  Value *toInteger(Value *value) {
    if (value->getType()->isPointerTy())
      return builder.CreatePtrToInt(value, builder.getInt64Ty());
    uint64_t bits = call.getModule()->getDataLayout().getTypeSizeInBits(value->getType());
    return builder.CreateBitCast(value, builder.getIntNTy(bits));
  }

  // The register that a constraint asks for, and whether the type fits.
  FailureOr<unsigned> getBits(StringRef code, Type *type) {
    unsigned bits = StringSwitch<unsigned>(code)
                        .Case("b", 1).Cases({"h", "c"}, 16).Cases({"r", "f"}, 32).Cases({"l", "d", "N", "n", "i", "s"}, 64).Case("q", 128)
                        .Default(0);
    if (!bits || code.size() != 1)
      return fail("inline PTX: constraint '") << code << "' is not supported, expected one of h, r, l, f, d, b, q, n";
    if (!getNumWords(call.getModule()->getDataLayout(), type))
      return fail("inline PTX: an operand of constraint '") << code << "' is no value of a register";
    return bits;
  }

  // ---- Reading

  Slot *slotOf(const Operand &operand) {
    if (operand.kind == Operand::Kind::Register)
      return &registers[operand.number];
    if (operand.kind == Operand::Kind::Placeholder && operand.number < operands.size())
      return &operands[operand.number];
    return nullptr;
  }

  // An operand that is one value, as an integer of its own width.
  FailureOr<Value *> read(const Operand &operand, const Statement &of, unsigned immediateBits = 64) {
    Value *value = nullptr;
    if (Slot *slot = slotOf(operand)) {
      value = slot->input ? slot->input : builder.CreateLoad(builder.getIntNTy(slot->bits), slot->variable);
    } else if (operand.kind == Operand::Kind::Immediate) {
      value = builder.getIntN(64, convertImmediate(operand, of));
    } else if (operand.kind == Operand::Kind::Special) {
      value = readSpecial(operand, of);
    } else if (operand.kind == Operand::Kind::Placeholder) {
      return fail(of, "there is no operand $" + Twine(operand.number)), failure();
    } else {
      return fail(of, "this operand cannot be read"), failure();
    }
    if (operand.negated)
      value = builder.CreateZExt(builder.CreateIsNull(value), builder.getInt64Ty());
    return value;
  }

  // A decimal constant is a double; where the instruction is .f32, the assembler converts it.
  static uint64_t convertImmediate(const Operand &operand, const Statement &of) {
    bool isSingle = ptx::parseType(ptx::splitOpcode(of.opcode).back()).bits == 32 && ptx::hasModifier(of.opcode, "f32");
    if (operand.immediate != Operand::Immediate::Float64 || !isSingle)
      return operand.bits;
    return bit_cast<uint32_t>(float(bit_cast<double>(operand.bits)));
  }

  Value *readSpecial(const Operand &operand, const Statement &of);

  // An operand as words, in the order of the ABI.
  LogicalResult flatten(const Operand &operand, const Statement &of, SmallVectorImpl<Value *> &words) {
    if (operand.kind == Operand::Kind::Vector || operand.kind == Operand::Kind::Pair) {
      for (const Operand &element : operand.elements)
        if (failed(flatten(element, of, words)))
          return failure();
      return success();
    }
    if (operand.kind == Operand::Kind::Address) {
      for (auto [index, element] : llvm::enumerate(operand.elements)) {
        if (failed(flatten(element, of, words)))
          return failure();
        if (index == 0 && operand.bits)
          words.back() = builder.CreateAdd(words.back(), builder.getInt64(operand.bits));
      }
      return success();
    }
    FailureOr<Value *> value = read(operand, of);
    if (failed(value))
      return failure();
    llvm::append_range(words, toWords(builder, *value));
    return success();
  }

  // How many words a destination takes.
  unsigned countWords(const Operand &operand) {
    if (operand.kind == Operand::Kind::Vector || operand.kind == Operand::Kind::Pair)
      return std::accumulate(operand.elements.begin(), operand.elements.end(), 0u,
                             [&](unsigned sum, const Operand &element) { return sum + countWords(element); });
    Slot *slot = slotOf(operand);
    return slot ? divideCeil(slot->bits, 64) : 1;
  }

  LogicalResult write(const Operand &operand, const Statement &of, ArrayRef<Value *> &words) {
    if (operand.kind == Operand::Kind::Vector || operand.kind == Operand::Kind::Pair) {
      for (const Operand &element : operand.elements)
        if (failed(write(element, of, words)))
          return failure();
      return success();
    }
    unsigned numWords = countWords(operand);
    ArrayRef<Value *> mine = words.take_front(numWords);
    words = words.drop_front(numWords);
    if (operand.kind == Operand::Kind::Discard)
      return success();
    Slot *slot = slotOf(operand);
    if (!slot || !slot->variable)
      return fail(of, slot ? "an input operand is written" : "this operand cannot be written");
    Value *value = slot->bits == 1 ? builder.CreateIsNotNull(mine[0]) : fromWords(builder, mine, builder.getIntNTy(slot->bits));
    builder.CreateStore(value, slot->variable);
    return success();
  }

  LogicalResult writeInteger(const Operand &operand, const Statement &of, Value *value) {
    SmallVector<Value *> words = toWords(builder, value);
    while (words.size() < countWords(operand))
      words.push_back(builder.getInt64(0));
    ArrayRef<Value *> rest = words;
    return write(operand, of, rest);
  }

  LogicalResult lower(const Statement &statement) {
    if (statement.kind == Statement::Kind::Label) {
      BasicBlock *block = labels[statement.label];
      builder.CreateBr(block);
      builder.SetInsertPoint(block);
      return success();
    }
    bool isBranch = StringRef(statement.opcode).split('.').first == "bra";
    if (isBranch && statement.operands.size() != 1)
      return fail(statement, "expected one label");
    BasicBlock *after = nullptr;
    if (statement.guard) {
      FailureOr<Value *> guard = read(*statement.guard, statement);
      if (failed(guard))
        return failure();
      after = newBlock("ptx.next");
      BasicBlock *taken = isBranch ? labels[statement.operands[0].number] : newBlock("ptx.guarded");
      builder.CreateCondBr(builder.CreateIsNotNull(*guard), taken, after);
      builder.SetInsertPoint(isBranch ? after : taken);
      if (isBranch)
        return success();
    }
    if (isBranch) {
      builder.CreateBr(labels[statement.operands[0].number]);
      builder.SetInsertPoint(newBlock("ptx.unreachable"));
      return success();
    }
    if (failed(lowerInstruction(statement)))
      return failure();
    if (after) {
      builder.CreateBr(after);
      builder.SetInsertPoint(after);
    }
    return success();
  }

  LogicalResult lowerInstruction(const Statement &statement) {
    unsigned numDestinations = ptx::getNumDestinations(statement);
    if (statement.operands.size() < numDestinations)
      return fail(statement, "expected a destination");
    ArrayRef<Operand> sources = ArrayRef(statement.operands).drop_front(numDestinations);
    SmallVector<Value *> in;
    if (ptx::readsDestination(statement) && failed(flatten(statement.operands[0], statement, in)))
      return failure();
    if (StringRef(statement.opcode).split('.').first == "mov" && sources.size() == 1)
      return lowerMove(statement);
    for (const Operand &source : sources)
      if (failed(flatten(source, statement, in)))
        return failure();
    const Operand *destination = numDestinations ? &statement.operands[0] : nullptr;
    if (destination && destination->kind != Operand::Kind::Vector)
      if (Value *value = createArithmetic(builder, statement.opcode, in, destination->kind == Operand::Kind::Pair))
        return writeInteger(*destination, statement, value);
    SmallVector<Value *> out = calls.instruction(builder, statement.opcode, statement.text, in,
                                                 destination ? countWords(*destination) : 0, call.getDebugLoc());
    ArrayRef<Value *> rest = out;
    return destination ? write(*destination, statement, rest) : success();
  }

  // mov d, a; mov d, {a, b} packs; mov {a, b}, d unpacks; the first element is the lowest.
  LogicalResult lowerMove(const Statement &statement) {
    const Operand &to = statement.operands[0], &from = statement.operands[1];
    auto widthOf = [&](const Operand &vector, unsigned whole) {
      for (const Operand &element : vector.elements)
        if (Slot *slot = slotOf(element))
          return slot->bits;
      return unsigned(whole / vector.elements.size());
    };
    unsigned whole = ptx::parseType(ptx::splitOpcode(statement.opcode).back()).bits;
    if (from.kind == Operand::Kind::Address)
      return fail(statement, "this operand cannot be moved");
    if (from.kind == Operand::Kind::Vector) {
      unsigned bits = widthOf(from, whole);
      Type *type = builder.getIntNTy(std::max<unsigned>(bits * from.elements.size(), 1));
      Value *packed = ConstantInt::get(type, 0);
      for (auto [index, element] : llvm::enumerate(from.elements)) {
        FailureOr<Value *> value = read(element, statement);
        if (failed(value))
          return failure();
        Value *part = builder.CreateZExtOrTrunc(builder.CreateZExtOrTrunc(*value, builder.getIntNTy(bits)), type);
        packed = builder.CreateOr(packed, builder.CreateShl(part, bits * index));
      }
      return writeInteger(to, statement, packed);
    }
    FailureOr<Value *> value = read(from, statement);
    if (failed(value))
      return failure();
    if (to.kind != Operand::Kind::Vector)
      return writeInteger(to, statement, *value);
    unsigned bits = widthOf(to, whole);
    for (auto [index, element] : llvm::enumerate(to.elements)) {
      Value *part = *value;
      if (unsigned shift = bits * index; shift < part->getType()->getIntegerBitWidth())
        part = builder.CreateLShr(part, shift);
      if (failed(writeInteger(element, statement, builder.CreateZExtOrTrunc(part, builder.getIntNTy(bits)))))
        return failure();
    }
    return success();
  }

  // ---- The call's results

  void replaceResults() {
    SmallVector<Value *> values;
    for (auto [index, type] : llvm::enumerate(outputs)) {
      Slot &slot = operands[index];
      Value *value = builder.CreateLoad(builder.getIntNTy(slot.bits), slot.variable);
      bool isShared = type->isPointerTy() && (type->getPointerAddressSpace() == 3 || type->getPointerAddressSpace() == 7);
      if (isShared)
        value = createSharedPointer(builder, toWord(builder, value), type, calls);
      else if (type->isPointerTy())
        value = builder.CreateIntToPtr(toWord(builder, value), type);
      else
        value = fromWords(builder, toWords(builder, value), type);
      values.push_back(value);
    }
    if (outputs.size() == 1 && !isa<StructType>(call.getType()))
      call.replaceAllUsesWith(values[0]);
    else if (!outputs.empty()) {
      Value *result = PoisonValue::get(call.getType());
      for (auto [index, value] : llvm::enumerate(values))
        result = builder.CreateInsertValue(result, value, index);
      call.replaceAllUsesWith(result);
    }
    call.eraseFromParent();
  }

  CallInst &call;
  InlineAsm &assembly;
  EmulatorCalls &calls;
  mlir::Location fallback;
  IRBuilder<> builder, entry;
  ptx::Program program;
  SmallVector<Slot> operands, registers;
  SmallVector<Type *> outputs;
  SmallVector<BasicBlock *> labels;
  BasicBlock *tail = nullptr;
};
} // namespace

// Those that the thread holds; the others (clocks) are instructions.
Value *InlinePtx::readSpecial(const Operand &operand, const Statement &of) {
  if (std::optional<keel_emulated_register> known = findSpecialRegister(operand.name))
    return calls.specialRegister(builder, *known);
  bool isWide = operand.name.ends_with("64") || operand.name == "%globaltimer";
  return calls.instruction(builder, (Twine(isWide ? "mov.u64." : "mov.u32.") + operand.name).str(), of.text, {}, 1, call.getDebugLoc())[0];
}

LogicalResult keel::emulation::lowerInlinePtx(llvm::Function &function, EmulatorCalls &calls, mlir::Location loc) {
  SmallVector<CallInst *> assemblies;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block)
      if (auto *call = dyn_cast<CallInst>(&instruction); call && call->isInlineAsm())
        assemblies.push_back(call);
  for (CallInst *call : assemblies)
    if (failed(InlinePtx(*call, calls, loc).run()))
      return failure();
  return success();
}
