// The starting values of state: every keel_init_kind.
#ifndef KEEL_MODEL_INITIALIZE_H
#define KEEL_MODEL_INITIALIZE_H

#include "runtime/data/Tensor.h"

namespace keel::runtime {

/// Fills a state tensor from its initializer and the random stream (seed, its name). KEEL_INIT_EXTERN is an error.
void initialize(const keel_artifact_state &state, std::uint64_t seed, const Tensor &tensor);

} // namespace keel::runtime

#endif
