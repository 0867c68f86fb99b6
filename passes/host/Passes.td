#ifndef KEEL_PASSES_HOST_PASSES
#define KEEL_PASSES_HOST_PASSES

include "mlir/Pass/PassBase.td"

#endif
