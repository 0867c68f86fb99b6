// What the kernels here need of CUDA's headers, so that clang alone compiles them.
#pragma once
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define KERNEL extern "C" __global__ void
#define THREAD __nvvm_read_ptx_sreg_tid_x()
#define THREADS __nvvm_read_ptx_sreg_ntid_x()
#define BLOCK __nvvm_read_ptx_sreg_ctaid_x()

struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
typedef __attribute__((address_space(3))) void SharedVoid;

/// The 32-bit shared address that PTX's operands want.
__device__ inline unsigned shared(const void *pointer) { return (unsigned)(unsigned long)(SharedVoid *)pointer; }
__device__ inline float shuffleXor(float value, int mask) {
  return __nvvm_shfl_sync_bfly_f32(0xffffffffu, value, mask, 31);
}
__device__ inline void barrier() { __nvvm_bar_sync(0); }
