#ifndef KEEL_PASSES_CPU_PASSES
#define KEEL_PASSES_CPU_PASSES

include "mlir/Pass/PassBase.td"

#endif
