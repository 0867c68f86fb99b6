// A GPU's memory, copies and waits; finding the kernels of a program.
#include "runtime/cuda/CudaDevice.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace keel::runtime {

CudaDevice::CudaDevice(std::shared_ptr<Context> opened, const keel_artifact_program &program)
    : context(std::move(opened)), cu(*context->driver) {
  const char *check = std::getenv("KEEL_CUDA_CHECK");
  checkEach = check && std::string_view(check) != "0" && *check;
  Current current(*context);
  int version = 0;
  cu.check(cu.cuDriverGetVersion(&version), "'", context->name, "'");
  // Graphs have edges of that kind from CUDA 12.3 on.
  mayOverlap = version >= 12030 && cu.cuLaunchKernelEx && context->sm >= 90;
  try {
    cu.check(cu.cuModuleLoadDataEx(&module, program.image, 0, nullptr, nullptr), "'", context->name,
             "' refuses the code for ", program.target);
    cu.check(cu.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cannot make a stream");
    for (std::size_t i = 0; i < numMarks; ++i)
      marks.push_back(makeEvent(CU_EVENT_DISABLE_TIMING));
    for (std::uint32_t e = 0; e < program.num_entries; ++e)
      for (std::uint32_t k = 0; k < program.entries[e].num_kernels; ++k) {
        const keel_artifact_kernel &kernel = program.entries[e].kernels[k];
        functions[&kernel] = loadKernel(kernel);
      }
  } catch (...) {
    close();
    throw;
  }
}

CudaDevice::~CudaDevice() {
  // After an error the context may be beyond use; there is nothing left to do about it here.
  CUcontext popped;
  if (cu.cuCtxPushCurrent_v2(context->handle) == CUDA_SUCCESS) {
    close();
    cu.cuCtxPopCurrent_v2(&popped);
  }
}

void CudaDevice::close() {
  if (stream)
    cu.cuStreamSynchronize(stream);
  for (auto &[key, graph] : graphs)
    cu.cuGraphExecDestroy(graph);
  for (const Recorded &event : recorded) {
    cu.cuEventDestroy_v2(event.begin);
    cu.cuEventDestroy_v2(event.end);
  }
  for (CUevent event : marks)
    cu.cuEventDestroy_v2(event);
  for (CUevent event : {recordStart, runBegin, runEnd})
    if (event)
      cu.cuEventDestroy_v2(event);
  if (stream)
    cu.cuStreamDestroy_v2(stream);
  if (module)
    cu.cuModuleUnload(module);
}

CUevent CudaDevice::makeEvent(unsigned flags) {
  CUevent event = nullptr;
  cu.check(cu.cuEventCreate(&event, flags), "cannot make an event");
  return event;
}

/// How many of a kernel's blocks, in whole clusters, run at the same time.
std::uint32_t CudaDevice::blocksAtATime(const keel_artifact_kernel &kernel, CUfunction function) {
  std::uint32_t cluster = std::max(kernel.cluster, 1u);
  if (!cu.cuOccupancyMaxActiveClusters)
    fail(KEEL_DEVICE, kernelText(kernel), ": the CUDA driver is too old for clusters (they came with CUDA 11.8)");
  CUlaunchAttribute attribute{};
  attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attribute.value.clusterDim = {cluster, 1, 1};
  CUlaunchConfig config{cluster, 1, 1, kernel.threads, 1, 1, kernel.shared_bytes, stream, &attribute, 1};
  int clusters = 0;
  cu.check(cu.cuOccupancyMaxActiveClusters(&clusters, function, &config), kernelText(kernel));
  if (clusters < 1)
    fail(KEEL_DEVICE, kernelText(kernel), ": a cluster of ", cluster, " blocks does not fit '", context->name, "'");
  return static_cast<std::uint32_t>(clusters) * cluster;
}

/// Finds a kernel, and what it needs that the GPU must grant.
CUfunction CudaDevice::loadKernel(const keel_artifact_kernel &kernel) {
  CUfunction function = nullptr;
  std::string what = kernelText(kernel);
  cu.check(cu.cuModuleGetFunction(&function, module, kernel.symbol), what, ": its code has no '", kernel.symbol, "'");
  auto attribute = [&](int which) {
    int value = 0;
    cu.check(cu.cuFuncGetAttribute(&value, which, function), what);
    return static_cast<std::uint32_t>(value);
  };
  if (std::uint32_t most = attribute(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK); kernel.threads > most)
    fail(KEEL_DEVICE, what, ": a block has ", kernel.threads, " threads; with its registers '", context->name,
         "' runs at most ", most);
  std::uint32_t shared = kernel.shared_bytes + attribute(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
  auto most = static_cast<std::uint32_t>(context->attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
  if (shared > most)
    fail(KEEL_DEVICE, what, ": needs ", shared, " bytes of shared memory, '", context->name, "' has ", most, " for a block");
  if (kernel.shared_bytes) // more than 48 KiB must be asked for
    cu.check(cu.cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                   static_cast<int>(kernel.shared_bytes)),
             what, ": ", kernel.shared_bytes, " bytes of shared memory");
  if (kernel.cluster > 1 && !cu.cuLaunchKernelEx)
    fail(KEEL_DEVICE, what, ": the CUDA driver is too old for clusters (they came with CUDA 11.8)");
  if (kernel.num_tensor_maps && !cu.cuTensorMapEncodeTiled)
    fail(KEEL_DEVICE, what, ": the CUDA driver is too old for tensor maps (they came with CUDA 12.0)");
  if (kernel.cluster > 8) // what every device with clusters takes
    cu.check(cu.cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1), what,
             ": a cluster of ", kernel.cluster, " blocks");
  if (kernel.stays) {
    std::uint32_t blocks = mostBlocks[&kernel] = blocksAtATime(kernel, function);
    if (blocks < kernel.stays)
      fail(KEEL_DEVICE, what, ": ", kernel.stays, " of its blocks wait for one another, '", context->name, "' runs ",
           blocks, " at a time");
  }
  return function;
}

std::optional<Device::Space> CudaDevice::space() {
  Current current(*context);
  std::size_t free = 0, total = 0;
  cu.check(cu.cuMemGetInfo_v2(&free, &total), "'", context->name, "'");
  return Space{free, total};
}

std::shared_ptr<void> CudaDevice::allocate(std::size_t bytes, const std::string &what) {
  Current current(*context);
  CUdeviceptr address = 0;
  cu.check(cu.cuMemAlloc_v2(&address, std::max<std::size_t>(bytes, 1)), "'", context->name, "' has no ",
           bytesText(bytes), " left for ", what);
  return {reinterpret_cast<void *>(address), [context = context](void *memory) {
            CUcontext popped;
            if (context->driver->cuCtxPushCurrent_v2(context->handle) != CUDA_SUCCESS)
              return;
            context->driver->cuMemFree_v2(reinterpret_cast<CUdeviceptr>(memory));
            context->driver->cuCtxPopCurrent_v2(&popped);
          }};
}

std::shared_ptr<std::uint8_t> CudaDevice::allocateHost(std::size_t bytes) {
  Current current(*context);
  void *address = nullptr;
  cu.check(cu.cuMemHostAlloc(&address, std::max<std::size_t>(bytes, 1), 0), "no ", bytesText(bytes),
           " of pinned host memory left");
  return {static_cast<std::uint8_t *>(address), [context = context](void *memory) {
            CUcontext popped;
            if (context->driver->cuCtxPushCurrent_v2(context->handle) != CUDA_SUCCESS)
              return;
            context->driver->cuMemFreeHost(memory);
            context->driver->cuCtxPopCurrent_v2(&popped);
          }};
}

void CudaDevice::copyIn(void *device, const void *host, std::size_t bytes) {
  if (bytes == 0)
    return;
  Current current(*context);
  cu.check(cu.cuMemcpyHtoDAsync_v2(reinterpret_cast<CUdeviceptr>(device), host, bytes, stream), "cannot copy ",
           bytesText(bytes), " to '", context->name, "'");
}

void CudaDevice::copyOut(void *host, const void *device, std::size_t bytes) {
  if (bytes == 0)
    return;
  Current current(*context);
  cu.check(cu.cuMemcpyDtoHAsync_v2(host, reinterpret_cast<CUdeviceptr>(device), bytes, stream), "cannot copy ",
           bytesText(bytes), " from '", context->name, "'");
}

void CudaDevice::zero(void *device, std::size_t bytes) {
  if (bytes == 0)
    return;
  Current current(*context);
  cu.check(cu.cuMemsetD8Async(reinterpret_cast<CUdeviceptr>(device), 0, bytes, stream), "cannot clear ",
           bytesText(bytes), " on '", context->name, "'");
}

/// An error of a kernel arrives when it is waited for, and does not say whose it is.
void CudaDevice::checkDone(CUresult result) {
  if (result == CUDA_SUCCESS)
    return;
  if (!lastEntry)
    cu.check(result, "'", context->name, "' failed");
  std::string kernels;
  for (std::uint32_t i = 0; i < lastEntry->num_kernels && i < 8; ++i)
    kernels += (i ? ", " : "") + kernelText(lastEntry->kernels[i]);
  if (lastEntry->num_kernels > 8)
    kernels += text(" and ", lastEntry->num_kernels - 8, " more");
  cu.check(result, "'", lastEntry->name, "' failed on '", context->name, "' in ", kernels,
           lastEntry->num_kernels > 1 && !checkEach ? " (KEEL_CUDA_CHECK=1 in the environment tells which)" : "");
}

Device::Mark CudaDevice::mark() {
  Current current(*context);
  ++lastMark;
  cu.check(cu.cuEventRecord(marks[lastMark % numMarks], stream), "'", context->name, "'");
  return lastMark;
}

void CudaDevice::wait(Mark mark) {
  Current current(*context);
  // An event that has been used again since stands for a later point: that is waiting for too much, never for too little.
  checkDone(cu.cuEventSynchronize(marks[mark % numMarks]));
}

void CudaDevice::wait() {
  Current current(*context);
  checkDone(cu.cuStreamSynchronize(stream));
}

} // namespace keel::runtime
