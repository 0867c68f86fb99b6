// The structs of runtime/include/keel/artifact.h as constants of the LLVM module.
#include "passes/cpu/EmitArtifact.h"

#include "dialect/keel/Keel.h"
#include "passes/cpu/Artifact.h"
#include "passes/host/Host.h"
#include "runtime/include/keel/artifact.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"

using namespace mlir;
using namespace keel;

static uint32_t getDtype(Type type) {
  if (type.isF16())
    return KEEL_DTYPE_F16;
  if (type.isBF16())
    return KEEL_DTYPE_BF16;
  if (type.isF32())
    return KEEL_DTYPE_F32;
  if (type.isF64())
    return KEEL_DTYPE_F64;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return KEEL_DTYPE_BOOL;
  case 8:
    return type.isUnsignedInteger() ? KEEL_DTYPE_U8 : KEEL_DTYPE_I8;
  case 16:
    return KEEL_DTYPE_I16;
  case 32:
    return KEEL_DTYPE_I32;
  default:
    return KEEL_DTYPE_I64;
  }
}

static uint32_t getRole(ml_program::GlobalOp global) {
  auto role = global->getAttrOfType<StringAttr>(roleAttribute);
  StringRef name = role ? role.getValue() : "";
  if (name == "parameter")
    return KEEL_STATE_PARAMETER;
  if (name == "optimizer")
    return KEEL_STATE_OPTIMIZER;
  if (name == "setting")
    return KEEL_STATE_SETTING;
  if (name == "derived")
    return KEEL_STATE_DERIVED;
  if (name == "buffer")
    return KEEL_STATE_BUFFER;
  // No pass told: floats are what a network learns.
  return isa<FloatType>(cast<ShapedType>(global.getType()).getElementType()) ? KEEL_STATE_PARAMETER : KEEL_STATE_BUFFER;
}

// Row-major bytes of a constant tensor, as the runtime expects them: a boolean is a byte.
static std::vector<char> getBytes(ElementsAttr elements) {
  std::vector<char> bytes;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    ArrayRef<char> data = resource.getRawHandle().getBlob()->getData();
    return {data.begin(), data.end()};
  }
  auto type = cast<ShapedType>(elements.getType());
  unsigned width = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  auto append = [&](const llvm::APInt &value) {
    uint64_t word = value.getZExtValue();
    for (unsigned byte = 0; byte < width; ++byte)
      bytes.push_back(char(word >> (8 * byte)));
  };
  if (isa<FloatType>(type.getElementType()))
    for (llvm::APFloat value : elements.getValues<llvm::APFloat>())
      append(value.bitcastToAPInt());
  else
    for (llvm::APInt value : elements.getValues<llvm::APInt>())
      append(value);
  return bytes;
}

namespace {
// Makes constants; a null list becomes a null pointer.
class MetadataBuilder {
public:
  explicit MetadataBuilder(llvm::Module &module) : module(module), context(module.getContext()) {
    llvm::Type *i32 = llvm::Type::getInt32Ty(context), *i64 = llvm::Type::getInt64Ty(context);
    llvm::Type *pointer = llvm::PointerType::get(context, 0), *f64 = llvm::Type::getDoubleTy(context);
    tensorType = llvm::StructType::create(context, {i32, i32, pointer}, "keel_artifact_tensor");
    stateType = llvm::StructType::create(
        context, {pointer, tensorType, i32, i32, pointer, llvm::ArrayType::get(f64, 3)}, "keel_artifact_state");
    kernelType = llvm::StructType::create(
        context, {pointer, pointer, pointer, i32, i32, i32, i32, i32, pointer, pointer}, "keel_artifact_kernel");
    entryType = llvm::StructType::create(context,
                                         {pointer, i32, i32, i32, i32, pointer, pointer, pointer, pointer, pointer, i64,
                                          i64, i64, pointer},
                                         "keel_artifact_entry");
    programType = llvm::StructType::create(
        context, {pointer, i32, pointer, i32, i32, pointer, i64, i32, pointer, i32, pointer}, "keel_artifact_program");
    artifactType = llvm::StructType::create(context, {i32, i32, i32, pointer, i32, pointer}, "keel_artifact");
  }
  llvm::Constant *i32(uint32_t value) { return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value); }
  llvm::Constant *i64(int64_t value) { return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value); }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0)); }
  llvm::Constant *global(llvm::Constant *value, unsigned alignment = 8) {
    auto *variable = new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                              llvm::GlobalValue::PrivateLinkage, value, "keel.metadata");
    variable->setAlignment(llvm::Align(alignment));
    return variable;
  }
  llvm::Constant *string(StringRef text) { return global(llvm::ConstantDataArray::getString(context, text), 1); }
  llvm::Constant *list(llvm::Type *type, ArrayRef<llvm::Constant *> values) {
    return values.empty() ? null() : global(llvm::ConstantArray::get(llvm::ArrayType::get(type, values.size()), values));
  }
  llvm::Constant *list32(ArrayRef<uint32_t> values) {
    return values.empty() ? null() : global(llvm::ConstantDataArray::get(context, values));
  }
  llvm::Constant *tensor(Type type) {
    auto shaped = cast<ShapedType>(type);
    SmallVector<int64_t> shape;
    for (int64_t extent : shaped.getShape())
      shape.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
    SmallVector<uint64_t> words(shape.begin(), shape.end());
    llvm::Constant *extents = words.empty() ? null() : global(llvm::ConstantDataArray::get(context, words));
    return llvm::ConstantStruct::get(tensorType, {i32(getDtype(shaped.getElementType())), i32(shape.size()), extents});
  }
  llvm::Constant *tensors(ArrayAttr types) {
    SmallVector<llvm::Constant *> values;
    for (auto type : types.getAsRange<TypeAttr>())
      values.push_back(tensor(type.getValue()));
    return list(tensorType, values);
  }
  llvm::Constant *state(ml_program::GlobalOp global);
  llvm::Constant *kernel(ArrayAttr description);
  llvm::Constant *entry(LLVM::LLVMFuncOp function, const llvm::StringMap<uint32_t> &states);
  llvm::Constant *cpuProgram(const CpuTarget &target, ArrayRef<llvm::Constant *> entries);

  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::StructType *tensorType, *stateType, *kernelType, *entryType, *programType, *artifactType;
};
} // namespace

llvm::Constant *MetadataBuilder::state(ml_program::GlobalOp state) {
  uint32_t kind = KEEL_INIT_EXTERN;
  llvm::Constant *data = null();
  double arguments[3] = {0, 0, 0};
  Attribute value = state.getValue().value_or(Attribute());
  if (auto elements = dyn_cast_or_null<ElementsAttr>(value)) {
    kind = KEEL_INIT_DATA;
    std::vector<char> bytes = getBytes(elements);
    if (!bytes.empty())
      data = global(llvm::ConstantDataArray::getRaw(StringRef(bytes.data(), bytes.size()), bytes.size(),
                                                    llvm::Type::getInt8Ty(context)),
                    KEEL_ARTIFACT_ALIGNMENT);
  } else if (auto init = dyn_cast_or_null<InitAttr>(value)) {
    auto option = [&](StringRef name, double otherwise) {
      Attribute given = init.getOptions().get(name);
      if (auto number = dyn_cast_or_null<FloatAttr>(given))
        return number.getValueAsDouble();
      if (auto number = dyn_cast_or_null<IntegerAttr>(given))
        return double(number.getValue().getSExtValue());
      return otherwise;
    };
    auto set = [&](uint32_t which, double first = 0, double second = 0, double third = 0) {
      kind = which;
      arguments[0] = first;
      arguments[1] = second;
      arguments[2] = third;
    };
    const double squareRootOf2 = 1.4142135623730951;
    switch (init.getKind()) {
    case InitKind::Zeros:
      set(KEEL_INIT_ZEROS);
      break;
    case InitKind::Ones:
      set(KEEL_INIT_ONES);
      break;
    case InitKind::Constant:
      set(KEEL_INIT_CONSTANT, option("value", 0));
      break;
    case InitKind::Uniform:
      set(KEEL_INIT_UNIFORM, option("low", 0), option("high", 1));
      break;
    case InitKind::Normal:
      set(KEEL_INIT_NORMAL, option("mean", 0), option("std", 1));
      break;
    case InitKind::KaimingUniform:
      set(KEEL_INIT_KAIMING_UNIFORM, option("fan_in", 1), option("gain", squareRootOf2));
      break;
    case InitKind::KaimingNormal:
      set(KEEL_INIT_KAIMING_NORMAL, option("fan_in", 1), option("gain", squareRootOf2));
      break;
    case InitKind::XavierUniform:
      set(KEEL_INIT_XAVIER_UNIFORM, option("fan_in", 1), option("fan_out", 1), option("gain", 1));
      break;
    case InitKind::XavierNormal:
      set(KEEL_INIT_XAVIER_NORMAL, option("fan_in", 1), option("fan_out", 1), option("gain", 1));
      break;
    case InitKind::Orthogonal:
      set(KEEL_INIT_ORTHOGONAL, option("gain", 1));
      break;
    }
  }
  return llvm::ConstantStruct::get(stateType, {string(state.getSymName()), tensor(state.getType()), i32(getRole(state)),
                                               i32(kind), data, llvm::ConstantDataArray::get(context, arguments)});
}

// A CPU's kernel has a name and a place; the rest says how a GPU launches one.
llvm::Constant *MetadataBuilder::kernel(ArrayAttr description) {
  auto text = [&](unsigned index) { return string(cast<StringAttr>(description[index]).getValue()); };
  return llvm::ConstantStruct::get(
      kernelType, {text(0), text(1), null(), i32(0), i32(0), i32(0), i32(0), i32(0), null(), null()});
}

llvm::Constant *MetadataBuilder::entry(LLVM::LLVMFuncOp function, const llvm::StringMap<uint32_t> &states) {
  auto description = function->getAttrOfType<DictionaryAttr>(entryAttribute);
  auto array = [&](StringRef name) { return description.getAs<ArrayAttr>(name); };
  auto number = [&](StringRef name) { return i64(description.getAs<IntegerAttr>(name).getInt()); };
  SmallVector<uint32_t> state, access;
  for (auto symbol : array("state").getAsRange<FlatSymbolRefAttr>())
    state.push_back(states.lookup(symbol.getValue()));
  for (auto value : array("access").getAsRange<IntegerAttr>())
    access.push_back(value.getInt());
  SmallVector<llvm::Constant *> kernels;
  if (auto list = function->getAttrOfType<ArrayAttr>(kernelsAttribute))
    for (auto kernel : list.getAsRange<ArrayAttr>())
      kernels.push_back(this->kernel(kernel));
  return llvm::ConstantStruct::get(
      entryType,
      {string(function.getSymName()), i32(state.size()), i32(array("inputs").size()), i32(array("outputs").size()),
       i32(kernels.size()), list32(state), list32(access), tensors(array("inputs")), tensors(array("outputs")),
       list(kernelType, kernels), number("batch_capacity"), number("arena_bytes"), number("scratch_bytes"),
       module.getFunction(function.getSymName())});
}

llvm::Constant *MetadataBuilder::cpuProgram(const CpuTarget &target, ArrayRef<llvm::Constant *> entries) {
  return llvm::ConstantStruct::get(programType,
                                   {string(target.name), i32(KEEL_PROGRAM_CPU), string(target.features), i32(0), i32(0),
                                    null(), i64(0), i32(entries.size()), list(entryType, entries), i32(0), null()});
}

LogicalResult keel::addMetadata(ModuleOp module, const CpuTarget &target, llvm::Module &llvmModule) {
  MetadataBuilder builder(llvmModule);
  SmallVector<llvm::Constant *> states, entries;
  llvm::StringMap<uint32_t> indices;
  for (auto global : module.getOps<ml_program::GlobalOp>()) {
    indices[global.getSymName()] = states.size();
    states.push_back(builder.state(global));
  }
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function->hasAttr(entryAttribute))
      entries.push_back(builder.entry(function, indices));
  if (entries.empty())
    return module.emitError("no entry reached the artefact; run --lower-entries and --outline-parallel first");

  llvm::Constant *artifact = builder.global(llvm::ConstantStruct::get(
      builder.artifactType,
      {builder.i32(KEEL_ARTIFACT_MAGIC), builder.i32(KEEL_ARTIFACT_VERSION), builder.i32(states.size()),
       builder.list(builder.stateType, states), builder.i32(1),
       builder.list(builder.programType, builder.cpuProgram(target, entries))}));
  auto *query = llvm::Function::Create(llvm::FunctionType::get(artifact->getType(), false),
                                       llvm::GlobalValue::ExternalLinkage, "keel_artifact_query", llvmModule);
  llvm::IRBuilder<> code(llvm::BasicBlock::Create(llvmModule.getContext(), "", query));
  code.CreateRet(artifact);
  return success();
}
