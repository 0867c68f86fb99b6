// The driver's functions for memory and copies.
#include "test/cuda/Functions.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

using namespace keel::stand_in;

extern "C" {

CUresult cuMemGetInfo_v2(std::size_t *free, std::size_t *total) {
  ENTER(true);
  *free = driver.totalBytes - std::min(driver.usedBytes, driver.totalBytes);
  *total = driver.totalBytes;
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, std::size_t bytes) {
  ENTER(true, std::to_string(bytes));
  if (bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (bytes > driver.totalBytes - std::min(driver.usedBytes, driver.totalBytes))
    return CUDA_ERROR_OUT_OF_MEMORY;
  *address = reinterpret_cast<CUdeviceptr>(driver.allocate(bytes, false).base);
  return CUDA_SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  ENTER(true);
  driver.free(toPointer(address), false);
  return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **address, std::size_t bytes, unsigned) {
  ENTER(true, std::to_string(bytes));
  *address = driver.allocate(bytes, true).base;
  return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void *address) {
  ENTER(true);
  driver.free(address, true);
  return CUDA_SUCCESS;
}

// A copy from pinned memory reads it when the copy happens; from other memory the driver takes it at once
// (CUDA driver API, "API synchronization behavior").
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, std::size_t bytes, CUstream stream) {
  ENTER(true, std::to_string(bytes));
  checkHandle(driver.streams, stream, __func__);
  Allocation *device = driver.find(toPointer(to), bytes), *host = driver.find(from, bytes);
  if (!device || device->isHost)
    fault("cuMemcpyHtoDAsync to what is no device memory");
  if (host && !host->isHost)
    fault("cuMemcpyHtoDAsync from device memory");
  auto copied = std::make_shared<std::vector<std::uint8_t>>();
  if (!host)
    copied->assign(static_cast<const std::uint8_t *>(from), static_cast<const std::uint8_t *>(from) + bytes);
  std::uint8_t *target = toPointer(to);
  driver.enqueue(stream, [=] { driver.write(target, copied->empty() ? from : copied->data(), bytes); },
                 {device->base, host ? host->base : nullptr});
  return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
  ENTER(true, std::to_string(bytes));
  checkHandle(driver.streams, stream, __func__);
  Allocation *device = driver.find(toPointer(from), bytes), *host = driver.find(to, bytes);
  if (!device || device->isHost)
    fault("cuMemcpyDtoHAsync from what is no device memory");
  if (host && !host->isHost)
    fault("cuMemcpyDtoHAsync to device memory");
  driver.enqueue(stream, [=] { std::memcpy(to, toPointer(from), bytes); }, {device->base, host ? host->base : nullptr});
  return host ? CUDA_SUCCESS : driver.drain(stream); // not pinned: the call returns when it is done
}

// The runtime has no use for it; test/gpu/bench measures it.
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
  ENTER(true, std::to_string(bytes));
  checkHandle(driver.streams, stream, __func__);
  Allocation *target = driver.find(toPointer(to), bytes), *source = driver.find(toPointer(from), bytes);
  if (!target || target->isHost || !source || source->isHost)
    fault("cuMemcpyDtoDAsync of what is no device memory");
  driver.enqueue(stream, [=] {
    driver.clock += 10; // microseconds
    driver.write(toPointer(to), toPointer(from), bytes);
  }, {target->base, source->base});
  return CUDA_SUCCESS;
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, std::size_t bytes, CUstream stream) {
  ENTER(true, std::to_string(bytes));
  checkHandle(driver.streams, stream, __func__);
  Allocation *device = driver.find(toPointer(to), bytes);
  if (!device || device->isHost)
    fault("cuMemsetD8Async of what is no device memory");
  driver.enqueue(stream, [=] {
    std::vector<std::uint8_t> values(bytes, value);
    driver.write(toPointer(to), values.data(), bytes);
  }, {device->base});
  return CUDA_SUCCESS;
}

} // extern "C"
