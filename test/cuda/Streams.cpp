// The driver's functions for streams, graphs, launches and events.
#include "runtime/emulator/TensorMap.h"
#include "test/cuda/Functions.h"

#include <cstring>
#include <utility>

using namespace keel::stand_in;

extern "C" {

CUresult cuStreamCreate(CUstream *stream, unsigned) {
  ENTER(true);
  driver.streams.insert(*stream = new CUstream_st);
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  ENTER(true);
  checkHandle(driver.streams, stream, __func__);
  if (!stream->pending.empty())
    fault("cuStreamDestroy while work is pending");
  driver.streams.erase(stream);
  delete stream;
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
  ENTER(true);
  checkHandle(driver.streams, stream, __func__);
  return driver.drain(stream);
}

CUresult cuStreamBeginCapture_v2(CUstream stream, int) {
  ENTER(true);
  checkHandle(driver.streams, stream, __func__);
  if (stream->isCapturing)
    fault("cuStreamBeginCapture twice");
  stream->isCapturing = true;
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  checkHandle(driver.streams, stream, __func__);
  if (!stream->isCapturing)
    fault("cuStreamEndCapture without a beginning");
  stream->isCapturing = false; // also if it fails
  CUgraph_st captured = std::exchange(stream->captured, {});
  ENTER(true);
  driver.graphs.insert(*graph = new CUgraph_st(std::move(captured)));
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  ENTER(true, std::to_string(graph->launches.size()) + " launches");
  checkHandle(driver.graphs, graph, __func__);
  *executable = new CUgraphExec_st;
  (*executable)->launches = graph->launches;
  driver.executables.insert(*executable);
  return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph graph) {
  ENTER(true);
  checkHandle(driver.graphs, graph, __func__);
  driver.graphs.erase(graph);
  delete graph;
  return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
  ENTER(true);
  checkHandle(driver.executables, executable, __func__);
  driver.executables.erase(executable);
  delete executable;
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  ENTER(true);
  checkHandle(driver.executables, executable, __func__);
  checkHandle(driver.streams, stream, __func__);
  for (const Launch &launch : executable->launches) {
    driver.checkUses(launch, "is replayed");
    driver.enqueue(stream, launch);
  }
  return CUDA_SUCCESS;
}

static CUresult launchKernel(CUfunction function, unsigned blocks, unsigned threads, unsigned sharedBytes,
                             unsigned cluster, bool early, CUstream stream, void **parameters) {
  checkFunction(function, "cuLaunchKernel");
  checkHandle(driver.streams, stream, "cuLaunchKernel");
  Launch launch{function, blocks, threads, sharedBytes, cluster, early, {}, {}, {}};
  for (std::uint32_t i = 0; i < function->kernel->num_arguments; ++i) {
    // What a GPU would read: as many bytes as the parameter has.
    std::uint64_t word = 0;
    std::memcpy(&word, parameters[i], function->isCubin ? function->cubin.parameterBytes[i] : sizeof word);
    launch.arguments.push_back(word);
  }
  for (std::uint32_t i = 0; i < function->kernel->num_tensor_maps; ++i) {
    std::uint32_t number = function->kernel->num_arguments + i;
    if (function->isCubin && function->cubin.parameterBytes[number] != sizeof(keel::runtime::EncodedTensorMap))
      fault("a tensor map is given for a parameter of another size");
    launch.maps.push_back(*static_cast<const keel::runtime::EncodedTensorMap *>(parameters[number]));
  }
  return driver.launch(stream, std::move(launch));
}

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream stream, void **parameters,
                        void **extra) {
  ENTER(true, function->kernel->symbol + std::string(" blocks ") + std::to_string(gridX));
  if (gridY != 1 || gridZ != 1 || blockY != 1 || blockZ != 1 || extra)
    fault("cuLaunchKernel: grids and blocks have one dimension here");
  return launchKernel(function, gridX, blockX, sharedBytes, 1, /*early=*/false, stream, parameters);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters, void **) {
  unsigned cluster = 1;
  bool early = false, together = false;
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    const CUlaunchAttribute &attribute = config->attrs[i];
    if (attribute.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
      cluster = attribute.value.clusterDim.x;
    else if (attribute.id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
      together = attribute.value.cooperative;
    else if (attribute.id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION)
      early = attribute.value.programmaticStreamSerializationAllowed;
    else
      fault("cuLaunchKernelEx is for clusters, and for kernels that start early or whose blocks stay, here");
  }
  ENTER(true, function->kernel->symbol + std::string(" blocks ") + std::to_string(config->gridDimX) + (early ? " early" : ""));
  if (driver.sm < 90 || cluster == 0 || config->gridDimX % cluster)
    return CUDA_ERROR_INVALID_VALUE;
  if (function->kernel->stays && !together)
    fault(std::string("kernel '") + function->kernel->symbol +
          "' waits for its own blocks, which need not start together");
  if (together && config->gridDimX > driver.blocksAtATime())
    return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
  return launchKernel(function, config->gridDimX, config->blockDimX, config->sharedMemBytes, cluster, early, config->hStream,
                      parameters);
}

CUresult cuOccupancyMaxActiveClusters(int *clusters, CUfunction function, const CUlaunchConfig *config) {
  ENTER(true, function->kernel->symbol);
  unsigned cluster = config->numAttrs == 1 ? config->attrs[0].value.clusterDim.x : 0;
  if (driver.sm < 90 || cluster != std::max(function->kernel->cluster, 1u) || config->gridDimX % cluster ||
      config->blockDimX != function->kernel->threads || config->sharedMemBytes != function->kernel->shared_bytes)
    return CUDA_ERROR_INVALID_VALUE;
  *clusters = static_cast<int>(std::max(1u, driver.blocksAtATime() / cluster));
  return CUDA_SUCCESS;
}

// What the driver refuses, and the emulator's encoding (CUDA driver API, cuTensorMapEncodeTiled).
CUresult cuTensorMapEncodeTiled(void *map, int type, uint32_t rank, void *address, const uint64_t *extents, const uint64_t *strides,
                                const uint32_t *box, const uint32_t *steps, int interleave, int swizzle, int, int fill) {
  ENTER(true, std::to_string(box[1]) + "x" + std::to_string(box[0]) + " of " + std::to_string(extents[1]) + "x" + std::to_string(extents[0]));
  bool isFloat = type == CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  if (driver.sm < 90 ||
      (!isFloat && type != CU_TENSOR_MAP_DATA_TYPE_FLOAT16 && type != CU_TENSOR_MAP_DATA_TYPE_BFLOAT16) || rank != 2 ||
      interleave != CU_TENSOR_MAP_INTERLEAVE_NONE || fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE || steps[0] != 1 ||
      steps[1] != 1 || extents[0] >> 32 || extents[1] >> 32 || reinterpret_cast<std::uintptr_t>(map) % 64)
    return CUDA_ERROR_INVALID_VALUE;
  if (!driver.find(address, extents[1] * strides[0]))
    fault("cuTensorMapEncodeTiled: the matrix lies in no allocation");
  keel::emulator::TensorMap tiled{};
  tiled.rank = 2;
  tiled.elementBytes = isFloat ? 4 : 2;
  tiled.swizzle = static_cast<keel::emulator::Swizzle>(swizzle);
  tiled.base = reinterpret_cast<std::uint64_t>(address);
  for (unsigned dim : {0, 1}) {
    tiled.extents[dim] = static_cast<std::uint32_t>(extents[dim]);
    tiled.box[dim] = box[dim];
  }
  tiled.strides[0] = strides[0];
  return keel::emulator::encode(tiled, map) ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

// --- Events ---------------------------------------------------------------------------------------------------------

CUresult cuEventCreate(CUevent *event, unsigned flags) {
  ENTER(true);
  driver.events.insert(*event = new CUevent_st);
  (*event)->withTiming = !(flags & CU_EVENT_DISABLE_TIMING);
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event) {
  ENTER(true);
  checkHandle(driver.events, event, __func__);
  if (event->pending)
    fault("cuEventDestroy while its record is pending");
  driver.events.erase(event);
  delete event;
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  ENTER(true);
  checkHandle(driver.events, event, __func__);
  checkHandle(driver.streams, stream, __func__);
  ++event->pending;
  event->isRecorded = true;
  event->stream = stream;
  driver.enqueue(stream, [event] {
    --event->pending;
    event->time = driver.clock;
  }, {});
  return CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent event) {
  ENTER(true);
  checkHandle(driver.events, event, __func__);
  return event->pending ? driver.drain(event->stream, event) : driver.sticky;
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent begin, CUevent end) {
  ENTER(true);
  checkHandle(driver.events, begin, __func__);
  checkHandle(driver.events, end, __func__);
  if (!begin->withTiming || !end->withTiming || !begin->isRecorded || !end->isRecorded)
    return CUDA_ERROR_INVALID_HANDLE;
  if (begin->pending || end->pending)
    fault("cuEventElapsedTime of an event that was not waited for");
  *milliseconds = static_cast<float>((end->time - begin->time) * 1e-3);
  return CUDA_SUCCESS;
}

} // extern "C"
