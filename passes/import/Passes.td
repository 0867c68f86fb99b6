#ifndef KEEL_PASSES_IMPORT_PASSES
#define KEEL_PASSES_IMPORT_PASSES

include "mlir/Pass/PassBase.td"

#endif
