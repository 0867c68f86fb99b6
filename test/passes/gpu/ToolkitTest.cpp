// Neither a CUDA toolkit nor what tools/setup fetches from PyPI: one clear error.
#include "passes/gpu/Toolkit.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include <gmock/gmock.h>

using namespace mlir;

TEST(Toolkit, None) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  std::vector<std::string> errors;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    errors.push_back(diagnostic.str());
    return success();
  });
  std::string empty = testing::TempDir();
  EXPECT_TRUE(failed(keel::findCudaToolkit({empty, empty + "none"}, UnknownLoc::get(&context))));
  EXPECT_THAT(errors,
              testing::ElementsAre(
                  "no CUDA toolkit found (looked at CUDA_HOME, /usr/local/cuda, PATH and what tools/setup fetches "
                  "from PyPI): set CUDA_HOME to a toolkit of version 13, or run tools/setup with access to PyPI"));
}
