// The CUDA driver, found when the program runs.
#ifndef KEEL_CUDA_DRIVER_H
#define KEEL_CUDA_DRIVER_H

#include "runtime/cuda/DriverTypes.h"
#include "runtime/support/Error.h"

#include <memory>
#include <string>

namespace keel::runtime {

class Driver {
public:
  /// Loads $KEEL_CUDA_DRIVER, or libcuda.so.1, and initialises it; throws if there is none.
  Driver();

#define KEEL_MEMBER(name, parameters) CUresult(*name) parameters = nullptr;
  KEEL_CUDA_FUNCTIONS(KEEL_MEMBER)
#undef KEEL_MEMBER
  keel_cuLaunchKernelEx cuLaunchKernelEx = nullptr; // may be missing
  keel_cuTensorMapEncodeTiled cuTensorMapEncodeTiled = nullptr; // likewise
  keel_cuOccupancyMaxActiveClusters cuOccupancyMaxActiveClusters = nullptr; // likewise

  /// "CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected"
  std::string errorText(CUresult result) const;
  /// Throws unless `result` is success: "<what>: <error>".
  template <class... What> void check(CUresult result, const What &...what) const {
    if (result != CUDA_SUCCESS)
      throw Error(result == CUDA_ERROR_OUT_OF_MEMORY ? KEEL_OUT_OF_MEMORY : KEEL_DEVICE,
                  text(what..., ": ", errorText(result)));
  }

private:
  std::shared_ptr<void> handle;
};

} // namespace keel::runtime

#endif
