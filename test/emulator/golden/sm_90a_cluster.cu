// Clusters of two blocks. PTX ISA 9.7.13.4 (barrier.cluster), 9.7.9.24 (mapa), 9.7.9.13 (st.async). clang has no attribute for
// the size of a cluster: the build adds LLVM's to all of these kernels.
#include "mbarrier.h"

#define RANK __nvvm_read_ptx_sreg_cluster_ctarank()
__device__ inline void clusterBarrier() { asm volatile("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;" ::: "memory"); }
__device__ inline unsigned mapTo(unsigned address, unsigned rank) {
  unsigned mapped;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(mapped) : "r"(address), "r"(rank));
  return mapped;
}


// Blocks of a cluster: each gives the other its words. The first one's come out.
#define OF_FIRST if (RANK == 0)
extern "C" __global__ void mapa_ld_shared_cluster(const unsigned *input, unsigned *output) {
  __shared__ unsigned words[128];
  words[THREAD] = input[THREAD * wordsOfThread + RANK];
  clusterBarrier();
  unsigned value, rank, mapped = mapTo(shared(words + THREAD), 1 - RANK);
  asm volatile("ld.shared::cluster.u32 %0, [%2]; getctarank.shared::cluster.u32 %1, %2;" : "=r"(value), "=r"(rank) : "r"(mapped) : "memory");
  clusterBarrier();
  OF_FIRST for (int word = 0; word < wordsOfThread; ++word) output[THREAD * wordsOfThread + word] = word == 0 ? value : word == 1 ? rank : 0;
}
#define REMOTE(name, text)                                                                                             \
  extern "C" __global__ void name(const unsigned *input, unsigned *output) {                                   \
    __shared__ unsigned words[128];                                                                                    \
    __shared__ unsigned long arrived;                                                                                  \
    words[THREAD] = 1;                                                                                                 \
    initialize(&arrived, 1);                                                                                           \
    if (THREAD == 0)                                                                                                   \
      asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], 512;" ::"r"(shared(&arrived)) : "memory");      \
    clusterBarrier();                                                                                                  \
    asm volatile(text ::"r"(mapTo(shared(words + THREAD), 1 - RANK)), "r"(input[THREAD * wordsOfThread + RANK]),       \
                 "r"(mapTo(shared(&arrived), 1 - RANK)) : "memory");                                                   \
    waitFor(&arrived, 0);                                                                                              \
    OF_FIRST for (int word = 0; word < wordsOfThread; ++word) output[THREAD * wordsOfThread + word] = word ? 0 : words[THREAD]; \
    clusterBarrier();                                                                                                  \
  }
REMOTE(st_async, "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%0], %1, [%2];")
REMOTE(red_async_add, "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 [%0], %1, [%2];")
