// Replaces norm ops by their decompositions into linalg.
#include "dialect/norm/Decompose.h"
#include "dialect/norm/Norm.h"
#include "passes/fuse/Passes.h"

namespace keel {
#define GEN_PASS_DEF_DECOMPOSENORM
#include "passes/fuse/Passes.h.inc"
} // namespace keel

namespace {
struct DecomposeNorm : keel::impl::DecomposeNormBase<DecomposeNorm> {
  using DecomposeNormBase::DecomposeNormBase;

  void runOnOperation() override {
    if (failed(keel::norm::decomposeNormOps(getOperation(), keepMoments)))
      signalPassFailure();
  }
};
} // namespace
