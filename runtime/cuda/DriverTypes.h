/* The part of the CUDA driver API that the runtime uses, as cuda.h (CUDA 11.4 and later) declares it: types, numbers, and
 * a list of the functions. Written down here so that neither building nor loading the runtime needs CUDA. */
#ifndef KEEL_CUDA_DRIVERTYPES_H
#define KEEL_CUDA_DRIVERTYPES_H

#include <stddef.h>
#include <stdint.h>

typedef int CUresult, CUdevice;
typedef uint64_t CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE = 720,
  CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
  CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901,

  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,

  CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 0,
  CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES = 1,
  CU_FUNC_ATTRIBUTE_NUM_REGS = 4,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
  CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED = 14,

  CU_STREAM_NON_BLOCKING = 1,
  CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1,
  CU_EVENT_DEFAULT = 0,
  CU_EVENT_DISABLE_TIMING = 2,
  CU_LAUNCH_ATTRIBUTE_COOPERATIVE = 2,
  CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION = 4,
  CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION = 6,

  CU_TENSOR_MAP_DATA_TYPE_FLOAT16 = 6,
  CU_TENSOR_MAP_DATA_TYPE_FLOAT32 = 7,
  CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 = 9,
  CU_TENSOR_MAP_INTERLEAVE_NONE = 0,
  CU_TENSOR_MAP_L2_PROMOTION_L2_256B = 3,
  CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE = 0,
};

typedef struct CUlaunchAttribute {
  int id;
  char pad[4];
  union {
    char bytes[64];
    struct {
      unsigned x, y, z;
    } clusterDim;
    int cooperative;
    int programmaticStreamSerializationAllowed;
  } value;
} CUlaunchAttribute;

typedef struct CUlaunchConfig {
  unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes;
  CUstream hStream;
  CUlaunchAttribute *attrs;
  unsigned numAttrs;
} CUlaunchConfig;

/* X(name in the driver, parameters): each returns CUresult. */
#define KEEL_CUDA_FUNCTIONS(X)                                                                                         \
  X(cuInit, (unsigned))                                                                                                \
  X(cuDriverGetVersion, (int *))                                                                                                \
  X(cuGetErrorName, (CUresult, const char **))                                                                         \
  X(cuGetErrorString, (CUresult, const char **))                                                                       \
  X(cuDeviceGetCount, (int *))                                                                                         \
  X(cuDeviceGet, (CUdevice *, int))                                                                                    \
  X(cuDeviceGetName, (char *, int, CUdevice))                                                                          \
  X(cuDeviceGetAttribute, (int *, int, CUdevice))                                                                      \
  X(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                                                                 \
  X(cuDevicePrimaryCtxRelease_v2, (CUdevice))                                                                          \
  X(cuCtxPushCurrent_v2, (CUcontext))                                                                                  \
  X(cuCtxPopCurrent_v2, (CUcontext *))                                                                                 \
  X(cuModuleLoadDataEx, (CUmodule *, const void *, unsigned, int *, void **))                                          \
  X(cuModuleUnload, (CUmodule))                                                                                        \
  X(cuModuleGetFunction, (CUfunction *, CUmodule, const char *))                                                       \
  X(cuFuncGetAttribute, (int *, int, CUfunction))                                                                      \
  X(cuFuncSetAttribute, (CUfunction, int, int))                                                                        \
  X(cuMemGetInfo_v2, (size_t *, size_t *))                                                                             \
  X(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                                                            \
  X(cuMemFree_v2, (CUdeviceptr))                                                                                       \
  X(cuMemHostAlloc, (void **, size_t, unsigned))                                                                       \
  X(cuMemFreeHost, (void *))                                                                                           \
  X(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))                                               \
  X(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))                                                     \
  X(cuMemsetD8Async, (CUdeviceptr, unsigned char, size_t, CUstream))                                                   \
  X(cuStreamCreate, (CUstream *, unsigned))                                                                            \
  X(cuStreamDestroy_v2, (CUstream))                                                                                    \
  X(cuStreamSynchronize, (CUstream))                                                                                   \
  X(cuStreamBeginCapture_v2, (CUstream, int))                                                                          \
  X(cuStreamEndCapture, (CUstream, CUgraph *))                                                                         \
  X(cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long))                                         \
  X(cuGraphDestroy, (CUgraph))                                                                                         \
  X(cuGraphExecDestroy, (CUgraphExec))                                                                                 \
  X(cuGraphLaunch, (CUgraphExec, CUstream))                                                                            \
  X(cuEventCreate, (CUevent *, unsigned))                                                                              \
  X(cuEventDestroy_v2, (CUevent))                                                                                      \
  X(cuEventRecord, (CUevent, CUstream))                                                                                \
  X(cuEventSynchronize, (CUevent))                                                                                     \
  X(cuEventElapsedTime, (float *, CUevent, CUevent))                                                                   \
  X(cuLaunchKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void **, void **))

/* Needed for clusters, and for kernels that start early: drivers before CUDA 11.8 lack it. */
typedef CUresult (*keel_cuLaunchKernelEx)(const CUlaunchConfig *, CUfunction, void **, void **);

/* Needed for kernels whose blocks stay for several tiles; came with clusters. */
typedef CUresult (*keel_cuOccupancyMaxActiveClusters)(int *, CUfunction, const CUlaunchConfig *);

/* Needed for tensor maps alone: drivers before CUDA 12.0 lack it. Map (128 bytes, aligned to 64), data type, rank, address,
 * extents (innermost first), strides in bytes (of all dimensions but the first), box, element strides, interleave, swizzle,
 * L2 promotion, what is read outside. */
typedef CUresult (*keel_cuTensorMapEncodeTiled)(void *, int, uint32_t, void *, const uint64_t *, const uint64_t *, const uint32_t *,
                                                const uint32_t *, int, int, int, int);

#endif
