#ifndef KEEL_PASSES_ALGEBRA_PASSES
#define KEEL_PASSES_ALGEBRA_PASSES

include "mlir/Pass/PassBase.td"

#endif
