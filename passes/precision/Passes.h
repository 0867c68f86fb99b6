#pragma once

#include "mlir/Pass/Pass.h"

namespace keel {
#define GEN_PASS_DECL
#include "passes/precision/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/precision/Passes.h.inc"
} // namespace keel
