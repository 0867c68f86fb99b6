#ifndef KEEL_PASSES_SCHEDULE_PASSES
#define KEEL_PASSES_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

#endif
