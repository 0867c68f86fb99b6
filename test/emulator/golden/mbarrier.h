// Waiting for an mbarrier, on sm_90.
#pragma once
#include "golden.h"

__device__ inline void initialize(unsigned long *barrierWord, unsigned count) {
  if (THREAD == 0)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1; fence.mbarrier_init.release.cluster; fence.proxy.async;" ::"r"(shared(barrierWord)), "r"(count) : "memory");
  barrier();
}
__device__ inline void waitFor(unsigned long *barrierWord, unsigned parity) {
  unsigned done;
  do
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                 : "=r"(done) : "r"(shared(barrierWord)), "r"(parity) : "memory");
  while (!done);
}
