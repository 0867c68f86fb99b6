// keel-check-gradient: compares the gradient that --differentiate builds with finite differences, in f64.
#include "passes/Registration.h"
#include "test/reference/ReferenceExecutor.h"

#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"

#include <random>

using namespace mlir;
using namespace keel;

namespace {

struct Options {
  std::string file, function;
  unsigned seed = 1;
  double low = -1.0, high = 1.0, tolerance = 1e-8;
  int64_t extent = 3, labels = 3;
};

class Check {
public:
  Check(Options &options) : options(options), random(options.seed) {}

  LogicalResult run(ModuleOp module) {
    std::string gradient = options.function + "_gradient";
    auto compiled = ReferenceExecutor::compile(
        module, llvm::formatv("differentiate{{function={0}},cse", options.function).str(),
        {options.function, gradient});
    if (failed(compiled))
      return failure();
    executor = std::move(*compiled);
    for (Type type : executor->getType(options.function).getInputs())
      if (failed(addArgument(type)))
        return failure();
    auto results = executor->call(options.function, arguments);
    if (failed(results))
      return failure();
    // Random cotangents where the function's results are no single scalar.
    std::vector<ReferenceValue> all = arguments;
    bool isSeeded = executor->getType(gradient).getNumInputs() > arguments.size();
    for (ReferenceValue result : *results) {
      Type element = getElementTypeOrSelf(result.type);
      if (isa<FloatType>(element) && !element.isF64()) {
        llvm::errs() << "error: found a result of " << result.type << ", expected floats to be f64\n";
        return failure();
      }
      if (!element.isF64()) {
        cotangents.push_back({});
        continue;
      }
      for (double &element : elements(result))
        element = isSeeded ? std::uniform_real_distribution<>(-1.0, 1.0)(random) : 1.0;
      cotangents.push_back(result);
      if (isSeeded)
        all.push_back(result);
    }
    auto gradients = executor->call(gradient, all);
    if (failed(gradients))
      return failure();
    return compare(ArrayRef(*gradients).drop_front(results->size()));
  }

private:
  static MutableArrayRef<double> elements(ReferenceValue &value) {
    return {reinterpret_cast<double *>(value.data.data()), value.data.size() / sizeof(double)};
  }

  LogicalResult addArgument(Type type) {
    ReferenceValue value{type, {}, {}};
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      for (int64_t size : tensor.getShape())
        value.shape.push_back(ShapedType::isDynamic(size) ? options.extent : size);
    int64_t size = ReferenceValue::getElementSize(type);
    value.data.resize(value.getNumElements() * size);
    Type element = getElementTypeOrSelf(type);
    if (element.isF64()) {
      for (double &number : elements(value))
        number = std::uniform_real_distribution<>(options.low, options.high)(random);
    } else if (isa<FloatType>(element)) {
      llvm::errs() << "error: found an argument of " << type << ", expected floats to be f64\n";
      return failure();
    } else {
      // Little-endian integers below 128.
      bool isFlag = element.isInteger(1);
      for (size_t at = 0; at < value.data.size(); at += size)
        value.data[at] = std::uniform_int_distribution<>(0, isFlag ? 1 : options.labels - 1)(random);
    }
    arguments.push_back(std::move(value));
    return success();
  }

  /// Σ cotangent · result, with one element moved.
  double evaluate(double &element, double value) {
    double old = std::exchange(element, value), sum = 0.0;
    auto results = executor->call(options.function, arguments);
    element = old;
    if (failed(results))
      return NAN;
    for (auto [result, cotangent] : llvm::zip(*results, cotangents))
      if (!cotangent.data.empty())
        for (auto [a, b] : llvm::zip(elements(result), elements(cotangent)))
          sum += a * b;
    return sum;
  }

  LogicalResult compare(ArrayRef<ReferenceValue> gradients) {
    double worst = 0.0;
    size_t next = 0, checked = 0;
    for (ReferenceValue &argument : arguments) {
      if (!getElementTypeOrSelf(argument.type).isF64())
        continue;
      ReferenceValue gradient = gradients[next++];
      if (gradient.shape != argument.shape) {
        llvm::errs() << "error: a gradient does not have its argument's shape " << argument.type << "\n";
        return failure();
      }
      for (auto [element, given] : llvm::zip(elements(argument), elements(gradient))) {
        // The five-point rule: its error is h⁴·f⁗′/30.
        constexpr double h = 1e-3;
        double x = element;
        double expected = (8.0 * (evaluate(element, x + h) - evaluate(element, x - h)) -
                           (evaluate(element, x + 2.0 * h) - evaluate(element, x - 2.0 * h))) /
                          (12.0 * h);
        double error = std::abs(given - expected) / std::max(1.0, std::abs(expected));
        worst = error <= worst ? worst : error; // NaN sticks
        ++checked;
      }
    }
    bool passes = checked > 0 && worst <= options.tolerance;
    llvm::outs() << llvm::formatv("max error {0:e2} over {1} elements: {2}\n", worst, checked, passes ? "PASS" : "FAIL");
    return success(passes);
  }

  Options &options;
  std::mt19937_64 random;
  std::unique_ptr<ReferenceExecutor> executor;
  std::vector<ReferenceValue> arguments, cotangents;
};

} // namespace

int main(int argc, char **argv) {
  Options options;
  namespace cl = llvm::cl;
  cl::opt<std::string> file(cl::Positional, cl::Required, cl::desc("<model.mlir>"));
  cl::opt<std::string> function("function", cl::init("f"), cl::desc("function to check"));
  cl::opt<unsigned> seed("seed", cl::init(options.seed), cl::desc("of the inputs"));
  cl::opt<double> low("low", cl::init(options.low), cl::desc("least float input"));
  cl::opt<double> high("high", cl::init(options.high), cl::desc("greatest float input"));
  cl::opt<double> tolerance("tolerance", cl::init(options.tolerance), cl::desc("relative above 1, absolute below"));
  cl::opt<int64_t> extent("extent", cl::init(options.extent), cl::desc("of dynamic dimensions"));
  cl::opt<int64_t> labels("labels", cl::init(options.labels), cl::desc("integer inputs are below this"));
  cl::ParseCommandLineOptions(argc, argv, "Compares a generated gradient with finite differences in f64\n");
  options = {file, function, seed, low, high, tolerance, extent, labels};

  DialectRegistry registry;
  registerDialects(registry);
  registerAllPasses();
  registerPasses();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(options.file, &context);
  return module && succeeded(Check(options).run(*module)) ? 0 : 1;
}
