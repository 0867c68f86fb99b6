// Builds one device function.
#include "passes/gpu/DeviceKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

// The type of a launch's parameter for an operand (see keel.launch).
static Type parameterType(Type type) {
  MLIRContext *context = type.getContext();
  if (isa<ShapedType>(type))
    return LLVM::LLVMPointerType::get(context, 1);
  if (isa<FloatType>(type))
    return type;
  return IntegerType::get(context, 64);
}

// The kernel's name in characters that PTX has, and one that is free: an entry's name may be any text.
static std::string getSymbol(KernelOp kernel, Operation *module) {
  std::string name = kernel.getName().str();
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name.insert(0, "kernel_");
  auto isTaken = [&](StringRef symbol) { return SymbolTable::lookupSymbolIn(module, symbol) != nullptr; };
  unsigned suffix = 1;
  return isTaken(name) ? SymbolTable::generateSymbolName<64>(name, isTaken, suffix).str().str() : name;
}

DeviceKernel::DeviceKernel(OpBuilder &moduleBuilder, KernelOp kernel, TypeRange extraInputs, TypeRange extraInits,
                           int64_t threads)
    : builder(moduleBuilder.getContext()), loc(kernel.getLoc()), threads(threads), kernel(kernel),
      numExtraInputs(extraInputs.size()) {
  MLIRContext *context = builder.getContext();
  llvm::append_range(types, kernel.getInputs().getTypes());
  llvm::append_range(types, extraInputs);
  llvm::append_range(types, kernel.getInits().getTypes());
  llvm::append_range(types, extraInits);
  SmallVector<Type> parameters;
  for (Type type : types)
    parameters.push_back(parameterType(type));
  for (Type type : types)
    if (auto shaped = dyn_cast<ShapedType>(type))
      parameters.append(shaped.getNumDynamicDims(), builder.getI64Type());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), parameters);
  function = LLVM::LLVMFuncOp::create(moduleBuilder, loc,
                                      getSymbol(kernel, moduleBuilder.getInsertionBlock()->getParentOp()), type);
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  // Without it ptxas would rather spill than give up a multiprocessor's fourth block. (TileGenerator asks for two where
  // that is worth registers.)
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(1));
  Block *entry = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  builder.setInsertionPointToStart(entry);
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto number = [&](Value value) -> Value { return arith::ExtUIOp::create(builder, loc, i64, value); };
  threadNumber = number(NVVM::ThreadIdXOp::create(builder, loc, i32));
  blockNumber = number(NVVM::BlockIdXOp::create(builder, loc, i32));
  blockCount = number(NVVM::GridDimXOp::create(builder, loc, i32));
  sharedBase = LLVM::AddressOfOp::create(builder, loc, LLVM::LLVMPointerType::get(context, 3), sharedSymbol);
  builder.setInsertionPoint(entry->getTerminator());
}

Value DeviceKernel::number(BlockArgument argument) {
  Value given = parameter(argument.getArgNumber());
  if (argument.getType().isIndex())
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), given);
  if (given.getType() != argument.getType())
    return arith::TruncIOp::create(builder, loc, argument.getType(), given);
  return given;
}

void DeviceKernel::mapOutside(Operation &op, IRMapping &mapping, llvm::function_ref<Value(Value)> outside) {
  op.walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (!mapping.contains(operand) && operand.getParentBlock() == kernel.getBlock())
        mapping.map(operand, outside(operand));
  });
}

SmallVector<unsigned> DeviceKernel::dynamicDims(unsigned operand) const {
  SmallVector<unsigned> dims;
  for (auto [dim, extent] : llvm::enumerate(cast<ShapedType>(types[place(operand)]).getShape()))
    if (ShapedType::isDynamic(extent))
      dims.push_back(dim);
  return dims;
}

Value DeviceKernel::extent(unsigned operand, unsigned dim) {
  auto shaped = cast<ShapedType>(types[place(operand)]);
  if (!shaped.isDynamicDim(dim))
    return constant(shaped.getDimSize(dim));
  if (auto chosen = standFor.find(operand); chosen != standFor.end())
    return chosen->second.extents.lookup(dim);
  operand = place(operand);
  unsigned index = types.size();
  for (Type type : ArrayRef(types).take_front(operand))
    if (auto before = dyn_cast<ShapedType>(type))
      index += before.getNumDynamicDims();
  for (unsigned i = 0; i < dim; ++i)
    index += shaped.isDynamicDim(i);
  return function.getArgument(index);
}

Value DeviceKernel::tensorMap(unsigned operand, int64_t boxRows, int64_t boxColumns) {
  MLIRContext *context = builder.getContext();
  auto map = TensorMapAttr::get(context, place(operand), boxRows, boxColumns);
  unsigned known = llvm::find(maps, map) - maps.begin();
  if (known == maps.size()) {
    auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
    NamedAttribute attributes[] = {
        builder.getNamedAttr(LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(bytes)),
        builder.getNamedAttr(LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(64)),
        builder.getNamedAttr(NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr())};
    SmallVector<DictionaryAttr> all;
    function.getAllArgAttrs(all);
    all.push_back(builder.getDictionaryAttr(attributes));
    SmallVector<Type> parameters(function.getFunctionType().getParams());
    Type pointer = LLVM::LLVMPointerType::get(context);
    parameters.push_back(pointer);
    function.setFunctionType(LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), parameters));
    function.getBody().front().addArgument(pointer, loc);
    function.setAllArgAttrs(all);
    maps.push_back(map);
    function->setAttr(tensorMapsAttribute, builder.getArrayAttr(maps));
  }
  return function.getArgument(function.getNumArguments() - maps.size() + known);
}

Value DeviceKernel::constant(int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
}

Value DeviceKernel::word(int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(int32_t(value)));
}

Value DeviceKernel::add(Value a, int64_t b) { return b ? add(a, constant(b)) : a; }
Value DeviceKernel::add(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
Value DeviceKernel::multiply(Value a, int64_t b) { return b == 1 ? a : multiply(a, constant(b)); }
Value DeviceKernel::multiply(Value a, Value b) { return arith::MulIOp::create(builder, loc, a, b); }
Value DeviceKernel::divideUp(Value a, int64_t b) {
  return b == 1 ? a : arith::DivUIOp::create(builder, loc, add(a, b - 1), constant(b)).getResult();
}

Value DeviceKernel::minimum(Value a, Value b) { return arith::MinSIOp::create(builder, loc, a, b); }
Value DeviceKernel::lessThan(Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
}

Value DeviceKernel::all(ArrayRef<Value> conditions) {
  Value result;
  for (Value condition : conditions)
    if (condition)
      result = result ? arith::AndIOp::create(builder, loc, result, condition).getResult() : condition;
  return result;
}

Value DeviceKernel::isZero(Value number) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, number, constant(0));
}

Value DeviceKernel::bits(Value value, unsigned low, unsigned count) {
  if (low)
    value = arith::ShRUIOp::create(builder, loc, value, constant(low));
  return arith::AndIOp::create(builder, loc, value, constant((int64_t(1) << count) - 1));
}

// Booleans are bytes in memory.
static Type storedType(Type type) { return type.isInteger(1) ? IntegerType::get(type.getContext(), 8) : type; }

static int64_t bytesOf(Type type) { return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8); }

Value DeviceKernel::at(Value pointer, Type elementType, Value index) {
  return LLVM::GEPOp::create(builder, loc, pointer.getType(), storedType(elementType), pointer, ValueRange(index),
                             LLVM::GEPNoWrapFlags::inbounds);
}

Value DeviceKernel::at(Value pointer, Type elementType, int64_t index) {
  if (!index)
    return pointer;
  return LLVM::GEPOp::create(builder, loc, pointer.getType(), storedType(elementType), pointer,
                             ArrayRef<LLVM::GEPArg>{int32_t(index)}, LLVM::GEPNoWrapFlags::inbounds);
}

Value DeviceKernel::pointerTo(unsigned operand, ArrayRef<Value> position) {
  Value offset = constant(0);
  for (auto [dim, index] : llvm::enumerate(position)) {
    Value number =
        index.getType().isIndex() ? arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index) : index;
    offset = add(multiply(offset, extent(operand, dim)), number);
  }
  return at(parameter(operand), cast<ShapedType>(types[place(operand)]).getElementType(), offset);
}

SmallVector<Value> DeviceKernel::load(Value pointer, Type elementType, int64_t count, bool isConstant) {
  auto access = [&](Type type, int64_t alignment) -> Value {
    auto load = LLVM::LoadOp::create(builder, loc, type, pointer, alignment);
    if (isConstant)
      load->setAttr(constantAttribute, builder.getUnitAttr());
    return load;
  };
  Type stored = storedType(elementType);
  SmallVector<Value> values;
  if (count == 1) {
    values.push_back(access(stored, bytesOf(stored)));
  } else if (stored.getIntOrFloatBitWidth() == 16) {
    // As words: half a word costs one instruction that way.
    Type i32 = builder.getI32Type();
    Type words = count == 2 ? i32 : VectorType::get(count / 2, i32);
    Value loaded = access(words, 2 * count);
    for (int64_t i = 0; i < count; i += 2) {
      Value word = loaded;
      if (count > 2)
        word = LLVM::ExtractElementOp::create(builder, loc, loaded,
                                              LLVM::ConstantOp::create(builder, loc, i32, i / 2).getResult());
      values.append(halves(word, stored));
    }
  } else {
    Value vector = access(VectorType::get(count, stored), bytesOf(stored) * count);
    for (int64_t i = 0; i < count; ++i)
      values.push_back(LLVM::ExtractElementOp::create(
          builder, loc, vector, LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), i).getResult()));
  }
  if (stored != elementType)
    for (Value &value : values)
      value = arith::TruncIOp::create(builder, loc, elementType, value);
  return values;
}

SmallVector<Value> DeviceKernel::loadWhere(Value condition, Type elementType, int64_t count,
                                           llvm::function_ref<SmallVector<Value>()> access) {
  if (!condition)
    return access();
  auto branch =
      scf::IfOp::create(builder, loc, SmallVector<Type>(count, elementType), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.elseBlock());
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(elementType));
  scf::YieldOp::create(builder, loc, SmallVector<Value>(count, zero));
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, access());
  return branch.getResults();
}

SmallVector<Value, 2> DeviceKernel::halves(Value word, Type type) {
  Type i32 = builder.getI32Type(), i16 = builder.getIntegerType(16);
  if (word.getType() != i32)
    word = LLVM::BitcastOp::create(builder, loc, i32, word);
  Value sixteen = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(16));
  SmallVector<Value, 2> values = {word, arith::ShRUIOp::create(builder, loc, word, sixteen)};
  for (auto [half, value] : llvm::enumerate(values)) {
    value = arith::TruncIOp::create(builder, loc, i16, value);
    if (type != i16)
      value = arith::BitcastOp::create(builder, loc, type, value);
    wordOf[value] = {word, half == 1};
  }
  return values;
}

Value DeviceKernel::wordFrom(Value low, Value high) {
  auto lower = wordOf.find(low), upper = wordOf.find(high);
  if (lower != wordOf.end() && upper != wordOf.end() && lower->second == std::pair(upper->second.first, false) &&
      upper->second.second)
    return lower->second.first;
  Type i32 = builder.getI32Type(), i16 = builder.getIntegerType(16);
  auto extended = [&](Value value) -> Value {
    if (value.getType() != i16)
      value = arith::BitcastOp::create(builder, loc, i16, value);
    return arith::ExtUIOp::create(builder, loc, i32, value);
  };
  Value top = arith::ShLIOp::create(builder, loc, extended(high), word(16));
  return arith::OrIOp::create(builder, loc, top, extended(low));
}

Value DeviceKernel::opaque(Value value) { return ptx("", "=l,0", value, value.getType()).front(); }

Value DeviceKernel::extendBf16(Value value) {
  Value wide;
  if (auto known = wordOf.find(value); known != wordOf.end()) {
    auto [both, isUpper] = known->second;
    wide = isUpper ? arith::AndIOp::create(builder, loc, both, word(0xffff0000)).getResult()
                   : arith::ShLIOp::create(builder, loc, both, word(16)).getResult();
  } else {
    Value bits = arith::BitcastOp::create(builder, loc, builder.getIntegerType(16), value);
    wide = arith::ExtUIOp::create(builder, loc, builder.getI32Type(), bits);
    wide = arith::ShLIOp::create(builder, loc, wide, word(16));
  }
  return arith::BitcastOp::create(builder, loc, builder.getF32Type(), wide);
}

void DeviceKernel::store(ArrayRef<Value> values, Value pointer) {
  Type elementType = values.front().getType(), stored = storedType(elementType);
  auto inMemory = [&](Value value) -> Value {
    return stored == elementType ? value : arith::ExtUIOp::create(builder, loc, stored, value).getResult();
  };
  if (values.size() == 1) {
    LLVM::StoreOp::create(builder, loc, inMemory(values.front()), pointer, bytesOf(stored));
    return;
  }
  if (stored.getIntOrFloatBitWidth() == 16) {
    SmallVector<Value> words;
    for (unsigned i = 0; i < values.size(); i += 2)
      words.push_back(wordFrom(values[i], values[i + 1]));
    return store(words, pointer);
  }
  Value vector = LLVM::PoisonOp::create(builder, loc, VectorType::get(values.size(), stored));
  for (auto [i, value] : llvm::enumerate(values))
    vector = LLVM::InsertElementOp::create(builder, loc, vector, inMemory(value),
                                           LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), i).getResult());
  LLVM::StoreOp::create(builder, loc, vector, pointer, bytesOf(stored) * values.size());
}

int64_t DeviceKernel::takeLastShared(int64_t bytes, int64_t alignment) {
  sharedSize = std::max(sharedSize, mostShared);
  return mostShared = llvm::alignDown(mostShared - bytes, alignment);
}

int64_t DeviceKernel::allocateShared(int64_t bytes, int64_t alignment) {
  int64_t offset = llvm::alignTo(sharedTop, alignment);
  sharedTop = offset + bytes;
  sharedSize = std::max(sharedSize, sharedTop);
  return offset;
}

Value DeviceKernel::shared(int64_t offset) {
  return at(groupBase && offset >= groupStart ? groupBase : sharedBase, builder.getI8Type(), offset);
}

SmallVector<Value> DeviceKernel::ptx(StringRef text, StringRef constraints, ValueRange operands, TypeRange types) {
  SmallVector<Type> result(types);
  if (types.size() > 1)
    result = {LLVM::LLVMStructType::getLiteral(builder.getContext(), result)};
  auto op = LLVM::InlineAsmOp::create(builder, loc, result, operands, text, constraints, /*has_side_effects=*/true,
                                      /*is_align_stack=*/false, LLVM::TailCallKind::None, LLVM::AsmDialectAttr(),
                                      ArrayAttr());
  if (types.size() <= 1)
    return SmallVector<Value>(op->getResults());
  SmallVector<Value> values;
  for (int64_t i = 0, e = types.size(); i < e; ++i)
    values.push_back(LLVM::ExtractValueOp::create(builder, loc, op.getRes(), i));
  return values;
}

void DeviceKernel::endBasicBlock() {
  // LLVM knows that a grid has blocks. Whoever takes the branch all the same is stopped. Were it a trap, which ends the
  // kernel, ptxas would not use what setmaxnreg gives.
  Value count = ptx("mov.u32 $0, %nctaid.x;", "=r", {}, builder.getI32Type()).front();
  when(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, count, word(0)), [&] { ptx("brkpt;", ""); });
}

void DeviceKernel::blockBarrier() { NVVM::Barrier0Op::create(builder, loc); }

Value DeviceKernel::shuffleXorWord(Value word, int64_t mask) {
  Type i32 = builder.getI32Type();
  auto i32Constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value));
  };
  return NVVM::ShflOp::create(builder, loc, word.getType().isF32() ? word.getType() : i32, i32Constant(-1), word,
                              i32Constant(mask), i32Constant(31), NVVM::ShflKind::bfly, UnitAttr());
}

Value DeviceKernel::shuffleXor(Value value, int64_t mask) {
  Type type = value.getType();
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  if (type.isF32() || type.isInteger(32))
    return shuffleXorWord(value, mask);
  unsigned width = type.getIntOrFloatBitWidth();
  Type integer = builder.getIntegerType(width);
  Value bitsOfValue = isa<FloatType>(type) ? arith::BitcastOp::create(builder, loc, integer, value).getResult() : value;
  if (width < 32) {
    Value word = shuffleXorWord(arith::ExtUIOp::create(builder, loc, i32, bitsOfValue), mask);
    bitsOfValue = arith::TruncIOp::create(builder, loc, integer, word);
  } else {
    Value low = shuffleXorWord(arith::TruncIOp::create(builder, loc, i32, bitsOfValue), mask);
    Value shifted = arith::ShRUIOp::create(builder, loc, bitsOfValue, constant(32));
    Value high = shuffleXorWord(arith::TruncIOp::create(builder, loc, i32, shifted), mask);
    Value top = arith::ShLIOp::create(builder, loc, arith::ExtUIOp::create(builder, loc, i64, high), constant(32));
    bitsOfValue = arith::OrIOp::create(builder, loc, top, arith::ExtUIOp::create(builder, loc, i64, low));
  }
  return isa<FloatType>(type) ? arith::BitcastOp::create(builder, loc, type, bitsOfValue).getResult() : bitsOfValue;
}

void DeviceKernel::when(Value condition, llvm::function_ref<void()> body) {
  if (!condition)
    return body();
  auto branch = scf::IfOp::create(builder, loc, condition);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}
