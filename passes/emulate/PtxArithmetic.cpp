// Integer instructions of inline PTX that are one or two of LLVM's: the glue around the instructions that matter.
#include "passes/emulate/PtxOpcodes.h"
#include "passes/emulate/Rewrite.h"

#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace keel;

static std::optional<CmpInst::Predicate> getPredicate(StringRef name, bool isSigned) {
  auto pick = [&](CmpInst::Predicate whenSigned, CmpInst::Predicate whenNot) { return isSigned ? whenSigned : whenNot; };
  return StringSwitch<std::optional<CmpInst::Predicate>>(name)
      .Case("eq", CmpInst::ICMP_EQ)
      .Case("ne", CmpInst::ICMP_NE)
      .Case("lt", pick(CmpInst::ICMP_SLT, CmpInst::ICMP_ULT))
      .Case("le", pick(CmpInst::ICMP_SLE, CmpInst::ICMP_ULE))
      .Case("gt", pick(CmpInst::ICMP_SGT, CmpInst::ICMP_UGT))
      .Case("ge", pick(CmpInst::ICMP_SGE, CmpInst::ICMP_UGE))
      .Case("lo", CmpInst::ICMP_ULT)
      .Case("ls", CmpInst::ICMP_ULE)
      .Case("hi", CmpInst::ICMP_UGT)
      .Case("hs", CmpInst::ICMP_UGE)
      .Default(std::nullopt);
}

Value *keel::emulation::createArithmetic(IRBuilderBase &builder, StringRef opcode, ArrayRef<Value *> words, bool isPair) {
  std::vector<std::string_view> parts = ptx::splitOpcode(opcode);
  StringRef name(parts[0]);
  ptx::ScalarType type = ptx::parseType(parts.back());
  if (!type.bits || type.bits > 64 || isPair)
    return nullptr;
  Type *integer = builder.getIntNTy(type.bits);
  bool isSigned = type.kind == 's';
  auto operand = [&](unsigned index) { return builder.CreateTrunc(words[index], integer); };
  auto extend = [&](Value *value, Type *to) { return isSigned ? builder.CreateSExtOrTrunc(value, to) : builder.CreateZExtOrTrunc(value, to); };
  auto has = [&](unsigned numParts, unsigned numWords) { return parts.size() == numParts && words.size() == numWords; };

  if (name == "cvta" && parts.size() >= 3) { // cvta.to.shared.u64, cvta.shared.u64, cvta.global.u64
    bool isShared = StringRef(parts[parts.size() - 2]).starts_with("shared");
    if (words.size() != 1 || (isShared && parts[1] != "to"))
      return nullptr;
    return isShared ? builder.CreateAnd(words[0], 0xffffffffu) : words[0];
  }
  if (name == "selp" && has(2, 3))
    return builder.CreateSelect(builder.CreateIsNotNull(words[2]), operand(0), operand(1));
  if (type.kind == 'f')
    return nullptr;
  if (name == "setp" && has(3, 2)) {
    std::optional<CmpInst::Predicate> predicate = getPredicate(parts[1], isSigned);
    return predicate ? builder.CreateICmp(*predicate, operand(0), operand(1)) : nullptr;
  }
  if (name == "cvt" && has(3, 1)) { // between integers, without saturation
    ptx::ScalarType to = ptx::parseType(parts[1]);
    if (to.kind != 'u' && to.kind != 's')
      return nullptr;
    Value *value = extend(operand(0), builder.getInt64Ty());
    return builder.CreateTrunc(value, builder.getIntNTy(to.bits));
  }
  if (name == "mul" && has(3, 2) && parts[1] == "lo")
    return builder.CreateMul(operand(0), operand(1));
  if (name == "mul" && has(3, 2) && parts[1] == "wide" && type.bits <= 32) {
    Type *wide = builder.getIntNTy(2 * type.bits);
    return builder.CreateMul(extend(operand(0), wide), extend(operand(1), wide));
  }
  if (name == "mad" && has(3, 3) && parts[1] == "lo")
    return builder.CreateAdd(builder.CreateMul(operand(0), operand(1)), operand(2));
  if (name == "not" && has(2, 1))
    return builder.CreateNot(operand(0));
  if (!has(2, 2))
    return nullptr;
  if (name == "add")
    return builder.CreateAdd(operand(0), operand(1));
  if (name == "sub")
    return builder.CreateSub(operand(0), operand(1));
  if (name == "and")
    return builder.CreateAnd(operand(0), operand(1));
  if (name == "or")
    return builder.CreateOr(operand(0), operand(1));
  if (name == "xor")
    return builder.CreateXor(operand(0), operand(1));
  if (name == "shl" || name == "shr") { // amounts beyond the width are the width
    Value *amount = builder.CreateTrunc(words[1], builder.getInt32Ty());
    Value *fits = builder.CreateICmpULT(amount, builder.getInt32(type.bits));
    Value *last = builder.CreateSelect(fits, amount, builder.getInt32(type.bits - 1));
    Value *bounded = builder.CreateZExtOrTrunc(last, integer);
    if (name == "shr" && isSigned)
      return builder.CreateAShr(operand(0), bounded);
    Value *shifted = name == "shl" ? builder.CreateShl(operand(0), bounded) : builder.CreateLShr(operand(0), bounded);
    return builder.CreateSelect(fits, shifted, ConstantInt::get(integer, 0));
  }
  return nullptr;
}
