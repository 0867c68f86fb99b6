// keel-reduce: mlir-reduce with our dialects and passes; shrinks a file that shows a bug.
#include "passes/Registration.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  keel::registerDialects(registry);
  mlir::registerAllPasses();
  keel::registerPasses();
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
