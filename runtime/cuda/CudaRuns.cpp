// Running entries: launches, recorded as a graph at the first call and replayed.
#include "runtime/cuda/CudaDevice.h"

#include "runtime/device/TensorMaps.h"

#include <exception>

namespace keel::runtime {

/// Copied by the launch, or into the graph.
static EncodedTensorMap encode(const Driver &cu, const keel_artifact_kernel &kernel, const keel_artifact_tensor_map &map,
                               const std::uint64_t *arguments) {
  MappedMatrix matrix(map, arguments);
  std::uint64_t extents[] = {matrix.columns, matrix.rows}, rowBytes = matrix.columns * matrix.elementBytes;
  std::uint32_t box[] = {map.box[1], map.box[0]}, steps[] = {1, 1};
  int type = map.dtype == KEEL_DTYPE_F32   ? CU_TENSOR_MAP_DATA_TYPE_FLOAT32
             : map.dtype == KEEL_DTYPE_F16 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT16
                                           : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
  EncodedTensorMap encoded;
  cu.check(cu.cuTensorMapEncodeTiled(&encoded, type, 2, reinterpret_cast<void *>(matrix.address), extents, &rowBytes,
                                     box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, matrix.swizzle,
                                     CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
           kernelText(kernel), ": no tensor map of ", matrix.rows, " x ", matrix.columns, " elements");
  return encoded;
}

void CudaDevice::launch(const keel_artifact_entry &entry, std::uint32_t index, std::uint32_t blocks,
                        const std::uint64_t *arguments) {
  const keel_artifact_kernel &kernel = entry.kernels[index];
  if (auto most = mostBlocks.find(&kernel); most != mostBlocks.end())
    blocks = std::min(blocks, most->second);
  std::vector<void *> parameters(kernel.num_arguments);
  for (std::uint32_t i = 0; i < kernel.num_arguments; ++i) // the driver knows each one's size, and reads the low bytes
    parameters[i] = const_cast<std::uint64_t *>(&arguments[i]);
  std::vector<EncodedTensorMap> maps;
  for (const keel_artifact_tensor_map &map : tensorMapsOf(kernel))
    maps.push_back(encode(cu, kernel, map, arguments));
  for (EncodedTensorMap &map : maps)
    parameters.push_back(&map);
  Recorded event{&entry, index, nullptr, nullptr};
  if (recording) {
    event.begin = makeEvent(CU_EVENT_DEFAULT);
    event.end = makeEvent(CU_EVENT_DEFAULT);
    recorded.push_back(event);
    cu.check(cu.cuEventRecord(event.begin, stream), kernelText(kernel));
  }
  CUfunction function = functions.at(&kernel);
  CUlaunchAttribute attributes[3] = {};
  unsigned numAttributes = 0;
  if (kernel.cluster > 1) {
    CUlaunchAttribute &cluster = attributes[numAttributes++];
    cluster.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    cluster.value.clusterDim = {kernel.cluster, 1, 1};
  }
  if (kernel.stays) { // its blocks start together, whatever other streams run
    CUlaunchAttribute &together = attributes[numAttributes++];
    together.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
    together.value.cooperative = 1;
  }
  // Programmatic dependent launch: the kernel may start before the one ahead of it in the stream has ended, which it waits for
  // itself. In a graph it becomes the edge between the two. Nothing else changes: a kernel that starts early ends after the
  // one ahead of it, and one that does not starts after it, so whoever has waited for the one ahead has waited for all before.
  // The first launch of a call follows copies, or another graph, and starts when they are done.
  if (kernel.waits && follows && mayOverlap && !recording && !checkEach) {
    CUlaunchAttribute &early = attributes[numAttributes++];
    early.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    early.value.programmaticStreamSerializationAllowed = 1;
  }
  follows = true;
  if (numAttributes) {
    CUlaunchConfig config{blocks, 1, 1, kernel.threads, 1, 1, kernel.shared_bytes, stream, attributes, numAttributes};
    cu.check(cu.cuLaunchKernelEx(&config, function, parameters.data(), nullptr), kernelText(kernel),
             " cannot be launched with ", blocks, " blocks");
  } else {
    cu.check(cu.cuLaunchKernel(function, blocks, 1, 1, kernel.threads, 1, 1, kernel.shared_bytes, stream,
                               parameters.data(), nullptr),
             kernelText(kernel), " cannot be launched with ", blocks, " blocks");
  }
  if (recording)
    cu.check(cu.cuEventRecord(event.end, stream), kernelText(kernel));
  if (checkEach)
    cu.check(cu.cuStreamSynchronize(stream), kernelText(kernel), " failed");
}

void CudaDevice::callEntry(const keel_artifact_entry &entry, std::span<void *const> buffers, void *arena,
                           std::int64_t batch) {
  Environment environment;
  environment.arena = arena;
  environment.parallel = nullptr;
  environment.launch = LaunchEnvironment::launchKernel<Environment>;
  environment.device = this;
  environment.entry = &entry;
  follows = false;
  entry.call(&environment, buffers.data(), batch);
  if (environment.failure)
    std::rethrow_exception(environment.failure);
}

/// The entry's launches as a graph. Nothing runs.
CUgraphExec CudaDevice::capture(const keel_artifact_entry &entry, std::span<void *const> buffers, void *arena,
                                std::int64_t batch) {
  cu.check(cu.cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "'", entry.name,
           "' cannot be recorded");
  CUgraph graph = nullptr;
  try {
    callEntry(entry, buffers, arena, batch);
  } catch (...) {
    cu.cuStreamEndCapture(stream, &graph);
    if (graph)
      cu.cuGraphDestroy(graph);
    throw;
  }
  cu.check(cu.cuStreamEndCapture(stream, &graph), "'", entry.name, "' cannot be recorded");
  CUgraphExec executable = nullptr;
  CUresult result = cu.cuGraphInstantiateWithFlags(&executable, graph, 0);
  cu.cuGraphDestroy(graph);
  cu.check(result, "'", entry.name, "' cannot be recorded");
  return executable;
}

void CudaDevice::run(const keel_artifact_entry &entry, std::span<void *const> buffers, void *arena,
                     std::int64_t batch) {
  Current current(*context);
  lastEntry = &entry;
  timed = timing;
  if (timing)
    cu.check(cu.cuEventRecord(runBegin, stream), "'", entry.name, "'");
  if (recording || checkEach) {
    callEntry(entry, buffers, arena, batch);
  } else {
    CUgraphExec &graph = graphs[{&entry, batch}];
    if (!graph) {
      if (graphs.size() > mostGraphs) { // a new batch size each time: keep no more of them
        forgetRuns();
        return run(entry, buffers, arena, batch);
      }
      try {
        graph = capture(entry, buffers, arena, batch);
      } catch (...) {
        graphs.erase({&entry, batch});
        throw;
      }
    }
    cu.check(cu.cuGraphLaunch(graph, stream), "'", entry.name, "' cannot be launched");
  }
  if (timing)
    cu.check(cu.cuEventRecord(runEnd, stream), "'", entry.name, "'");
}

void CudaDevice::forgetRuns() {
  Current current(*context);
  checkDone(cu.cuStreamSynchronize(stream));
  for (auto &[key, graph] : graphs)
    if (graph)
      cu.cuGraphExecDestroy(graph);
  graphs.clear();
}

} // namespace keel::runtime
