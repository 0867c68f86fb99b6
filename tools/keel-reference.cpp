// keel-reference: calls a function of a module, compiled by upstream's naive lowering, on .npy files.
#include "keel/keel.h"
#include "passes/Registration.h"
#include "test/reference/ReferenceExecutor.h"

#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace keel;

static LogicalResult complain(const Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return failure();
}

static std::string textOf(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static uint32_t getDtype(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isF64())
    return KEEL_DTYPE_F64;
  if (element.isF32())
    return KEEL_DTYPE_F32;
  if (element.isF16())
    return KEEL_DTYPE_F16;
  if (element.isBF16())
    return KEEL_DTYPE_BF16;
  if (element.isInteger(64) || element.isIndex())
    return KEEL_DTYPE_I64;
  if (element.isInteger(32))
    return KEEL_DTYPE_I32;
  if (element.isInteger(8))
    return KEEL_DTYPE_I8;
  return KEEL_DTYPE_BOOL;
}

static FailureOr<ReferenceValue> read(const std::string &path, Type type) {
  keel_tensor *tensor = nullptr;
  keel_error error{};
  if (keel_tensor_read(path.c_str(), &tensor, &error) != KEEL_OK)
    return complain(error.message);
  keel_view view = keel_tensor_view(tensor);
  ReferenceValue value{type, {view.shape, view.shape + view.rank}, {}};
  auto expected = dyn_cast<RankedTensorType>(type);
  bool fits = view.dtype == getDtype(type) && (expected ? static_cast<int64_t>(view.rank) == expected.getRank()
                                                        : view.rank == 0);
  for (unsigned axis = 0; fits && expected && axis < view.rank; ++axis)
    fits = expected.isDynamicDim(axis) || expected.getDimSize(axis) == view.shape[axis];
  if (fits) {
    const char *data = static_cast<const char *>(view.data);
    value.data.assign(data, data + value.getNumElements() * ReferenceValue::getElementSize(type));
  }
  keel_tensor_free(tensor);
  if (!fits)
    return complain(Twine(path) + ": its shape or element type does not fit the argument's, " + textOf(type));
  return value;
}

static LogicalResult run(ModuleOp module, StringRef function, StringRef passes, ArrayRef<std::string> inputs,
                         ArrayRef<std::string> outputs) {
  auto executor = ReferenceExecutor::compile(module, passes, function);
  if (failed(executor))
    return failure();
  FunctionType type = (*executor)->getType(function);
  if (type.getNumInputs() != inputs.size() || type.getNumResults() < outputs.size())
    return complain("@" + function + " is " + textOf(type) + ", found " + Twine(inputs.size()) + " inputs and " +
                    Twine(outputs.size()) + " outputs");
  std::vector<ReferenceValue> arguments;
  for (auto [path, argument] : llvm::zip(inputs, type.getInputs())) {
    FailureOr<ReferenceValue> value = read(path, argument);
    if (failed(value))
      return failure();
    arguments.push_back(std::move(*value));
  }
  auto results = (*executor)->call(function, arguments);
  if (failed(results))
    return failure();
  for (auto [path, result] : llvm::zip(outputs, *results)) {
    keel_error error{};
    keel_view view{result.data.data(), result.shape.data(), static_cast<uint32_t>(result.shape.size()),
                   getDtype(result.type)};
    if (keel_tensor_write(path.c_str(), &view, &error) != KEEL_OK)
      return complain(error.message);
  }
  return success();
}

int main(int argc, char **argv) {
  namespace cl = llvm::cl;
  cl::opt<std::string> file(cl::Positional, cl::Required, cl::desc("<module.mlir>"));
  cl::opt<std::string> function(cl::Positional, cl::Required, cl::desc("<function>"));
  cl::list<std::string> inputs("input", cl::desc("an argument, in order (.npy)"));
  cl::list<std::string> outputs("output", cl::desc("where a result goes, in order (.npy)"));
  cl::opt<std::string> passes("passes", cl::desc("textual pipeline on the module to run first"));
  cl::ParseCommandLineOptions(argc, argv, "Calls a function compiled by upstream's naive lowering\n");

  DialectRegistry registry;
  registerDialects(registry);
  registerAllPasses();
  registerPasses();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(file, &context);
  return module && succeeded(run(*module, function, passes, inputs, outputs)) ? 0 : 1;
}
