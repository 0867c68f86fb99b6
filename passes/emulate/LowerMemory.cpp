// Loads and stores ask the emulator first, unless they are the thread's own (allocas, parameters) or constant; whatever
// orders threads (atomics, fences, volatile) is an instruction with PTX's name (see Abi.h).
#include "passes/emulate/Rewrite.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;
using namespace keel::emulation;

namespace {
class MemoryLowering {
public:
  MemoryLowering(EmulatorCalls &calls, bool checked, mlir::Location loc) : calls(calls), checked(checked), loc(loc) {}

  LogicalResult lower(Instruction &instruction) {
    IRBuilder<> builder(&instruction);
    if (auto *load = dyn_cast<LoadInst>(&instruction))
      return lowerLoad(*load, builder);
    if (auto *store = dyn_cast<StoreInst>(&instruction))
      return lowerStore(*store, builder);
    if (auto *update = dyn_cast<AtomicRMWInst>(&instruction))
      return lowerUpdate(*update, builder);
    if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction))
      return lowerExchange(*exchange, builder);
    if (auto *fence = dyn_cast<FenceInst>(&instruction))
      return lowerFence(*fence, builder);
    if (auto *intrinsic = dyn_cast<MemIntrinsic>(&instruction))
      return lowerMemIntrinsic(*intrinsic, builder);
    return success();
  }

private:
  // Memory that no other thread sees, or that nobody writes.
  static bool isOwn(const Value *pointer, bool isStore) {
    SmallVector<const Value *> objects;
    getUnderlyingObjects(pointer, objects);
    return llvm::all_of(objects, [&](const Value *object) {
      if (isa<AllocaInst>(object))
        return true;
      if (auto *argument = dyn_cast<Argument>(object))
        return argument->getArgNo() == 0 || argument->hasByValAttr() || argument->hasStructRetAttr(); // the first is the thread
      auto *global = dyn_cast<GlobalVariable>(object);
      return global && global->isConstant() && !isStore;
    });
  }

  static const char *spaceOf(const Value *pointer) {
    switch (pointer->getType()->getPointerAddressSpace()) {
    case 1: return ".global";
    case 3: return ".shared";
    case 7: return ".shared::cluster";
    default: return "";
    }
  }

  FailureOr<std::string> scopeOf(const Instruction &at, SyncScope::ID scope) {
    SmallVector<StringRef> names;
    at.getContext().getSyncScopeNames(names);
    StringRef name = names[scope];
    if (name == "" || name == "system" || name == "sys")
      return std::string("sys");
    if (name == "device" || name == "gpu")
      return std::string("gpu");
    if (name == "block" || name == "cta")
      return std::string("cta");
    if (name == "cluster")
      return std::string("cluster");
    if (name == "singlethread")
      return std::string("");
    emitError(at, loc) << "synchronisation scope '" << name << "' is not known, expected block, cluster, device or none";
    return failure();
  }

  // A sequentially consistent operation is a fence.sc and then one that acquires or releases (PTX ISA 8.10; what NVPTX emits).
  std::string orderOf(IRBuilder<> &builder, AtomicOrdering ordering, StringRef whenConsistent, StringRef scope, DebugLoc at) {
    switch (ordering) {
    case AtomicOrdering::Acquire: return "acquire";
    case AtomicOrdering::Release: return "release";
    case AtomicOrdering::AcquireRelease: return "acq_rel";
    case AtomicOrdering::SequentiallyConsistent: {
      std::string fence = ("fence.sc." + scope).str();
      calls.instruction(builder, fence, fence, {}, 0, at);
      return whenConsistent.str();
    }
    default: return "relaxed";
    }
  }

  // ".v2.b32" and the like for the words of an access.
  struct Shape {
    std::string suffix;
    Type *element;
    unsigned count;
  };
  FailureOr<Shape> shapeOf(const Instruction &at, Type *type, const DataLayout &layout) {
    unsigned count = 1;
    Type *element = type;
    if (auto *vector = dyn_cast<FixedVectorType>(type); vector && layout.getTypeSizeInBits(type) > 64) {
      count = vector->getNumElements();
      element = vector->getElementType();
    }
    uint64_t bits = layout.getTypeStoreSizeInBits(element);
    if (!getNumWords(layout, type) || !llvm::is_contained({8, 16, 32, 64, 128}, bits) || !llvm::is_contained({1, 2, 4, 8}, count)) {
      emitError(at, loc) << "a volatile or atomic access of " << layout.getTypeStoreSizeInBits(type).getFixedValue() << " bits is no instruction of PTX";
      return failure();
    }
    return Shape{(count > 1 ? ".v" + llvm::utostr(count) : "") + ".b" + llvm::utostr(bits), element, count};
  }

  LogicalResult lowerLoad(LoadInst &load, IRBuilder<> &builder) {
    const DataLayout &layout = load.getModule()->getDataLayout();
    Value *pointer = load.getPointerOperand();
    if (isOwn(pointer, false))
      return success();
    if (load.isSimple()) {
      uint64_t bytes = layout.getTypeStoreSize(load.getType());
      if (!bytes || !checked)
        return success();
      if (bytes > 128)
        return emitError(load, loc) << "a load of " << bytes << " bytes at once; 128 is the most";
      load.setOperand(load.getPointerOperandIndex(), calls.access(builder, pointer, bytes, false, load.getAlign(), "load", load.getDebugLoc()));
      return success();
    }
    FailureOr<Shape> shape = shapeOf(load, load.getType(), layout);
    FailureOr<std::string> scope = scopeOf(load, load.getSyncScopeID());
    if (failed(shape) || failed(scope))
      return failure();
    std::string name = load.isAtomic() && !scope->empty()
                           ? "ld." + orderOf(builder, load.getOrdering(), "acquire", *scope, load.getDebugLoc()) + "." + *scope
                           : "ld.volatile";
    name += spaceOf(pointer) + shape->suffix;
    unsigned perElement = getNumWords(layout, shape->element);
    SmallVector<Value *> words = calls.instruction(builder, name, name, {toWord(builder, pointer)}, shape->count * perElement, load.getDebugLoc());
    Value *result = nullptr;
    if (shape->count == 1) {
      result = fromWords(builder, words, load.getType());
    } else {
      result = PoisonValue::get(load.getType());
      for (unsigned index = 0; index < shape->count; ++index)
        result = builder.CreateInsertElement(result, fromWords(builder, ArrayRef(words).slice(index * perElement, perElement), shape->element), index);
    }
    replace(load, result);
    return success();
  }

  LogicalResult lowerStore(StoreInst &store, IRBuilder<> &builder) {
    const DataLayout &layout = store.getModule()->getDataLayout();
    Value *pointer = store.getPointerOperand(), *value = store.getValueOperand();
    if (isOwn(pointer, true))
      return success();
    if (store.isSimple()) {
      uint64_t bytes = layout.getTypeStoreSize(value->getType());
      if (!bytes || !checked)
        return success();
      if (bytes > 128)
        return emitError(store, loc) << "a store of " << bytes << " bytes at once; 128 is the most";
      store.setOperand(store.getPointerOperandIndex(), calls.access(builder, pointer, bytes, true, store.getAlign(), "store", store.getDebugLoc()));
      return success();
    }
    FailureOr<Shape> shape = shapeOf(store, value->getType(), layout);
    FailureOr<std::string> scope = scopeOf(store, store.getSyncScopeID());
    if (failed(shape) || failed(scope))
      return failure();
    std::string name = store.isAtomic() && !scope->empty()
                           ? "st." + orderOf(builder, store.getOrdering(), "release", *scope, store.getDebugLoc()) + "." + *scope
                           : "st.volatile";
    name += spaceOf(pointer) + shape->suffix;
    SmallVector<Value *> words = {toWord(builder, pointer)};
    for (unsigned index = 0; index < shape->count; ++index)
      llvm::append_range(words, toWords(builder, shape->count == 1 ? value : builder.CreateExtractElement(value, index)));
    calls.instruction(builder, name, name, words, 0, store.getDebugLoc());
    store.eraseFromParent();
    return success();
  }

  LogicalResult lowerUpdate(AtomicRMWInst &update, IRBuilder<> &builder) {
    Value *pointer = update.getPointerOperand(), *value = update.getValOperand();
    if (isOwn(pointer, true))
      return success();
    Type *type = value->getType();
    unsigned bits = update.getModule()->getDataLayout().getTypeSizeInBits(type);
    std::string width = llvm::utostr(bits), operation;
    Type *scalar = type->getScalarType();
    std::string floating = (scalar->isBFloatTy() ? "bf16" : "f" + llvm::utostr(scalar->getScalarSizeInBits())) + (type->isVectorTy() ? "x2" : "");
    switch (update.getOperation()) {
    case AtomicRMWInst::Xchg: operation = "exch.b" + width; break;
    case AtomicRMWInst::Sub: value = builder.CreateNeg(value); [[fallthrough]];
    case AtomicRMWInst::Add: operation = "add.u" + width; break;
    case AtomicRMWInst::And: operation = "and.b" + width; break;
    case AtomicRMWInst::Or: operation = "or.b" + width; break;
    case AtomicRMWInst::Xor: operation = "xor.b" + width; break;
    case AtomicRMWInst::Max: operation = "max.s" + width; break;
    case AtomicRMWInst::Min: operation = "min.s" + width; break;
    case AtomicRMWInst::UMax: operation = "max.u" + width; break;
    case AtomicRMWInst::UMin: operation = "min.u" + width; break;
    case AtomicRMWInst::UIncWrap: operation = "inc.u" + width; break;
    case AtomicRMWInst::UDecWrap: operation = "dec.u" + width; break;
    case AtomicRMWInst::FSub: value = builder.CreateFNeg(value); [[fallthrough]];
    case AtomicRMWInst::FAdd: operation = "add." + floating; break;
    default: return emitError(update, loc) << "atomicrmw " << AtomicRMWInst::getOperationName(update.getOperation()) << " is no instruction of PTX";
    }
    FailureOr<std::string> scope = scopeOf(update, update.getSyncScopeID());
    if (failed(scope))
      return failure();
    if (scope->empty())
      return success();
    std::string order = orderOf(builder, update.getOrdering(), "acq_rel", *scope, update.getDebugLoc());
    std::string name = "atom." + order + "." + *scope + spaceOf(pointer) + "." + operation;
    Value *word = calls.instruction(builder, name, name, {toWord(builder, pointer), toWord(builder, value)}, 1, update.getDebugLoc())[0];
    replace(update, fromWords(builder, word, type));
    return success();
  }

  LogicalResult lowerExchange(AtomicCmpXchgInst &exchange, IRBuilder<> &builder) {
    Value *pointer = exchange.getPointerOperand(), *compare = exchange.getCompareOperand();
    if (isOwn(pointer, true))
      return success();
    FailureOr<std::string> scope = scopeOf(exchange, exchange.getSyncScopeID());
    if (failed(scope))
      return failure();
    if (scope->empty())
      return success();
    uint64_t bits = exchange.getModule()->getDataLayout().getTypeSizeInBits(compare->getType());
    if (!llvm::is_contained({16, 32, 64}, bits))
      return emitError(exchange, loc) << "cmpxchg of " << bits << " bits is no instruction of PTX";
    std::string order = orderOf(builder, exchange.getMergedOrdering(), "acq_rel", *scope, exchange.getDebugLoc());
    std::string name = "atom." + order + "." + *scope + spaceOf(pointer) + ".cas.b" + llvm::utostr(bits);
    Value *word = calls.instruction(builder, name, name, {toWord(builder, pointer), toWord(builder, compare), toWord(builder, exchange.getNewValOperand())},
                                    1, exchange.getDebugLoc())[0];
    Value *integer = builder.CreateTrunc(word, builder.getIntNTy(bits));
    Value *equal = builder.CreateICmpEQ(integer, builder.CreateTrunc(toWord(builder, compare), builder.getIntNTy(bits)));
    Value *result = builder.CreateInsertValue(PoisonValue::get(exchange.getType()), fromWords(builder, word, compare->getType()), 0);
    replace(exchange, builder.CreateInsertValue(result, equal, 1));
    return success();
  }

  LogicalResult lowerFence(FenceInst &fence, IRBuilder<> &builder) {
    FailureOr<std::string> scope = scopeOf(fence, fence.getSyncScopeID());
    if (failed(scope))
      return failure();
    if (!scope->empty()) {
      std::string name = (fence.getOrdering() == AtomicOrdering::SequentiallyConsistent ? "fence.sc." : "fence.acq_rel.") + *scope;
      calls.instruction(builder, name, name, {}, 0, fence.getDebugLoc());
    }
    fence.eraseFromParent();
    return success();
  }

  LogicalResult lowerMemIntrinsic(MemIntrinsic &intrinsic, IRBuilder<> &builder) {
    auto *transfer = dyn_cast<MemTransferInst>(&intrinsic);
    // A few bytes are one load and one store, as on a GPU.
    auto *length = dyn_cast<ConstantInt>(intrinsic.getLength());
    if (transfer && length && !intrinsic.isVolatile() && isPowerOf2_64(length->getZExtValue()) && length->getZExtValue() <= 16) {
      Type *type = builder.getIntNTy(8 * length->getZExtValue());
      LoadInst *load = builder.CreateAlignedLoad(type, transfer->getRawSource(), transfer->getSourceAlign().valueOrOne());
      StoreInst *store = builder.CreateAlignedStore(load, transfer->getRawDest(), transfer->getDestAlign().valueOrOne());
      intrinsic.eraseFromParent();
      builder.SetInsertPoint(load);
      if (failed(lowerLoad(*load, builder)))
        return failure();
      builder.SetInsertPoint(store);
      return lowerStore(*store, builder);
    }
    if (!checked || (isOwn(intrinsic.getRawDest(), true) && (!transfer || isOwn(transfer->getRawSource(), false))))
      return success();
    Value *to = toWord(builder, intrinsic.getRawDest()), *bytes = builder.CreateZExtOrTrunc(intrinsic.getLength(), builder.getInt64Ty());
    if (transfer)
      calls.instruction(builder, "memcpy", "memcpy", {to, toWord(builder, transfer->getRawSource()), bytes}, 0, intrinsic.getDebugLoc());
    else
      calls.instruction(builder, "memset", "memset", {to, toWord(builder, cast<MemSetInst>(intrinsic).getValue()), bytes}, 0, intrinsic.getDebugLoc());
    intrinsic.eraseFromParent();
    return success();
  }

  static void replace(Instruction &instruction, Value *value) {
    instruction.replaceAllUsesWith(value);
    instruction.eraseFromParent();
  }

  EmulatorCalls &calls;
  bool checked;
  mlir::Location loc;
};
} // namespace

LogicalResult keel::emulation::lowerMemory(Function &function, EmulatorCalls &calls, bool checked, mlir::Location loc) {
  MemoryLowering lowering(calls, checked, loc);
  SmallVector<Instruction *> instructions;
  for (BasicBlock &block : function)
    for (Instruction &instruction : block)
      instructions.push_back(&instruction);
  for (Instruction *instruction : instructions)
    if (failed(lowering.lower(*instruction)))
      return failure();
  return success();
}
