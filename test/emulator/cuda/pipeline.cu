// y = 2 x through a ring of three stages that cp.async fills. The wait leaves PENDING groups in flight: 1 is right, 2 reads
// a stage that may not have arrived.
#include "device.h"
#ifndef PENDING
#define PENDING "1"
#endif
extern __shared__ float4 ring[];
KERNEL twice(const float4 *x, float4 *y, int tiles) {
  int thread = THREAD, threads = THREADS;
  auto fetch = [&](int tile) {
    if (tile < tiles)
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared(ring + tile % 3 * threads + thread)), "l"(x + tile * threads + thread) : "memory");
    asm volatile("cp.async.commit_group;" ::: "memory");
  };
  fetch(0);
  fetch(1);
  for (int tile = 0; tile < tiles; ++tile) {
    asm volatile("cp.async.wait_group " PENDING ";" ::: "memory");
    barrier();
    fetch(tile + 2);
    int neighbour = (thread + 1) % threads;
    float4 value = ring[tile % 3 * threads + neighbour];
    y[tile * threads + neighbour] = {2 * value.x, 2 * value.y, 2 * value.z, 2 * value.w};
  }
}
