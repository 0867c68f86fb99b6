// The keel dialect's registration and attributes.
#include "dialect/keel/Keel.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialect/keel/KeelDialect.cpp.inc"
#include "dialect/keel/KeelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/keel/KeelAttributes.cpp.inc"

using namespace mlir;
using namespace keel;

void KeelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/keel/KeelAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/keel/KeelOps.cpp.inc"
      >();
}

// `<kind, option = number, ...>`
Attribute InitAttr::parse(AsmParser &parser, Type) {
  StringRef keyword;
  NamedAttrList options;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&keyword))
    return {};
  std::optional<InitKind> kind = symbolizeInitKind(keyword);
  if (!kind) {
    InFlightDiagnostic error = parser.emitError(location, "unknown initializer '") << keyword << "', expected ";
    auto kinds = llvm::seq_inclusive<uint32_t>(1, getMaxEnumValForInitKind());
    llvm::interleaveComma(kinds, error, [&](uint32_t value) { error << stringifyInitKind(InitKind(value)); });
    return {};
  }
  while (succeeded(parser.parseOptionalComma())) {
    std::string name;
    Attribute value;
    if (parser.parseKeywordOrString(&name) || parser.parseEqual() || parser.parseAttribute(value))
      return {};
    options.set(name, value);
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<InitAttr>(location, parser.getContext(), *kind,
                                     options.getDictionary(parser.getContext()));
}

void InitAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyInitKind(getKind());
  for (NamedAttribute option : getOptions())
    printer << ", " << option.getName().getValue() << " = " << option.getValue();
  printer << ">";
}

LogicalResult InitAttr::verify(function_ref<InFlightDiagnostic()> emitError, InitKind kind, DictionaryAttr options) {
  auto allowed = [&]() -> SmallVector<StringRef> {
    switch (kind) {
    case InitKind::Zeros:
    case InitKind::Ones:
      return {};
    case InitKind::Constant:
      return {"value"};
    case InitKind::Uniform:
      return {"low", "high"};
    case InitKind::Normal:
      return {"mean", "std"};
    case InitKind::KaimingUniform:
    case InitKind::KaimingNormal:
      return {"fan_in", "gain"};
    case InitKind::XavierUniform:
    case InitKind::XavierNormal:
      return {"fan_in", "fan_out", "gain"};
    case InitKind::Orthogonal:
      return {"gain"};
    }
    llvm_unreachable("an initializer kind");
  }();
  for (NamedAttribute option : options) {
    if (!llvm::is_contained(allowed, option.getName().getValue()))
      return emitError() << "initializer '" << stringifyInitKind(kind) << "' has no option '"
                         << option.getName().getValue() << "'"
                         << (allowed.empty() ? ", and no other" : ", only " + llvm::join(allowed, ", "));
    if (!isa<IntegerAttr, FloatAttr>(option.getValue()))
      return emitError() << "initializer option '" << option.getName().getValue() << "' must be a number, found "
                         << option.getValue();
  }
  for (StringRef required : {"value", "fan_in", "fan_out"})
    if (llvm::is_contained(allowed, required) && !options.contains(required))
      return emitError() << "initializer '" << stringifyInitKind(kind) << "' needs the option '" << required << "'";
  return success();
}
