// Helper functions become private: they are inlined, then dropped.
#include "passes/host/Passes.h"

#include "passes/host/Host.h"

namespace keel {
#define GEN_PASS_DEF_SELECTENTRIES
#include "passes/host/Passes.h.inc"
} // namespace keel

using namespace mlir;
using namespace keel;

namespace {
struct SelectEntries : keel::impl::SelectEntriesBase<SelectEntries> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> entries = getEntries(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!llvm::is_contained(entries, function))
        function.setPrivate();
  }
};
} // namespace
