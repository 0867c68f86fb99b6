// What runs and kernels take, by the GPU's clock.
#include "runtime/cuda/CudaDevice.h"

#include <algorithm>

namespace keel::runtime {

void CudaDevice::record(bool on) {
  Current current(*context);
  takeEvents();
  recording = on;
  if (!on)
    return;
  if (!recordStart)
    recordStart = makeEvent(CU_EVENT_DEFAULT);
  cu.check(cu.cuEventRecord(recordStart, stream), "'", context->name, "'");
}

std::uint64_t CudaDevice::nanoseconds(CUevent event) {
  float milliseconds = 0;
  cu.check(cu.cuEventElapsedTime(&milliseconds, recordStart, event), "'", context->name, "'");
  return static_cast<std::uint64_t>(std::max(0.0f, milliseconds) * 1e6);
}

std::vector<Device::Event> CudaDevice::takeEvents() {
  std::vector<Event> events;
  if (recorded.empty())
    return events;
  Current current(*context);
  checkDone(cu.cuStreamSynchronize(stream));
  for (const Recorded &each : recorded)
    events.push_back({each.entry, each.kernel, nanoseconds(each.begin), nanoseconds(each.end)});
  for (const Recorded &each : recorded) {
    cu.cuEventDestroy_v2(each.begin);
    cu.cuEventDestroy_v2(each.end);
  }
  recorded.clear();
  return events;
}

void CudaDevice::timeRuns(bool on) {
  Current current(*context);
  timing = on;
  for (CUevent *event : {&runBegin, &runEnd})
    if (on && !*event)
      *event = makeEvent(CU_EVENT_DEFAULT);
}

std::optional<double> CudaDevice::runTime() {
  if (!timed)
    return std::nullopt;
  Current current(*context);
  float milliseconds = 0;
  cu.check(cu.cuEventElapsedTime(&milliseconds, runBegin, runEnd), "'", context->name, "'");
  return milliseconds * 1e-3;
}

} // namespace keel::runtime
