#ifndef KEEL_PASSES_FUSE_PASSES
#define KEEL_PASSES_FUSE_PASSES

include "mlir/Pass/PassBase.td"

#endif
