// The derivative of upstream's `linalg.softmax`.
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace keel::norm {

/// Gives `linalg.softmax` the DifferentiableOpInterface: with y = softmax(x) along dimension d,
/// dx = y·(dy − Σ_d dy·y), from the op's result. The destination has no gradient.
void registerSoftmaxDerivative(mlir::DialectRegistry &registry);

} // namespace keel::norm
