// Tensors shared with other libraries through DLPack, without a copy.
#ifndef KEEL_DATA_DLPACK_H
#define KEEL_DATA_DLPACK_H

#include "runtime/data/Tensor.h"

namespace keel::runtime {

/// Takes `managed` over, also when it throws.
Tensor importDlpack(DLManagedTensor *managed);
DLManagedTensor *exportDlpack(const Tensor &tensor);

} // namespace keel::runtime

#endif
