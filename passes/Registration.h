// Everything a tool registers: dialects, interfaces, passes and pipelines.
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace keel {
/// Our dialects, the upstream ones model IR may use, and their external models.
void registerDialects(mlir::DialectRegistry &registry);
/// Our passes and pipelines, for the command line.
void registerPasses();
} // namespace keel
