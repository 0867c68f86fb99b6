// keel-opt: mlir-opt with our dialects, passes and pipelines.
#include "passes/Registration.h"

#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  keel::registerDialects(registry);
  mlir::registerAllPasses();
  keel::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Evenkeel's optimizer driver\n", registry));
}
