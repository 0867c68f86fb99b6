// Registration of the derivatives.
#include "passes/train/Derivatives.h"

void keel::registerDerivatives(mlir::DialectRegistry &registry) {
  registerArithDerivatives(registry);
  registerMathDerivatives(registry);
  registerLinalgDerivatives(registry);
  registerTensorDerivatives(registry);
  registerControlFlowDerivatives(registry);
}
