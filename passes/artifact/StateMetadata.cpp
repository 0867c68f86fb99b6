// What the metadata says of tensors and state.
#include "passes/artifact/MetadataBuilder.h"

#include "dialect/keel/Keel.h"
#include "passes/host/Host.h"
#include "runtime/include/keel/artifact.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace keel;

uint32_t keel::getDtype(Type type) {
  if (type.isF16())
    return KEEL_DTYPE_F16;
  if (type.isBF16())
    return KEEL_DTYPE_BF16;
  if (type.isF32())
    return KEEL_DTYPE_F32;
  if (type.isF64())
    return KEEL_DTYPE_F64;
  if (type.isIndex())
    return KEEL_DTYPE_I64;
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

llvm::Constant *MetadataBuilder::tensor(mlir::Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped) // a number
    return llvm::ConstantStruct::get(tensorType, {i32(0), i32(0), null()});
  SmallVector<int64_t> shape;
  for (int64_t extent : shaped.getShape())
    shape.push_back(ShapedType::isDynamic(extent) ? -1 : extent);
  SmallVector<uint64_t> words(shape.begin(), shape.end());
  llvm::Constant *extents = words.empty() ? null() : global(llvm::ConstantDataArray::get(context, words));
  return llvm::ConstantStruct::get(tensorType, {i32(getDtype(shaped.getElementType())), i32(shape.size()), extents});
}

llvm::Constant *MetadataBuilder::tensors(ArrayAttr types) {
  SmallVector<llvm::Constant *> values;
  for (auto type : types.getAsRange<TypeAttr>())
    values.push_back(tensor(type.getValue()));
  return list(tensorType, values);
}

llvm::Constant *MetadataBuilder::state(ml_program::GlobalOp state, StringRef name) {
  uint32_t kind = KEEL_INIT_EXTERN;
  llvm::Constant *data = null();
  double arguments[3] = {0, 0, 0};
  Attribute value = state.getValue().value_or(Attribute());
  if (auto elements = dyn_cast_or_null<ElementsAttr>(value)) {
    kind = KEEL_INIT_DATA;
    data = bytes(getBytes(elements), KEEL_ARTIFACT_ALIGNMENT);
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
  return llvm::ConstantStruct::get(stateType, {string(name), tensor(state.getType()), i32(getRole(state)),
                                               i32(kind), data, llvm::ConstantDataArray::get(context, arguments)});
}
