#ifndef KEEL_PASSES_TRAIN_PASSES
#define KEEL_PASSES_TRAIN_PASSES

include "mlir/Pass/PassBase.td"

#endif
