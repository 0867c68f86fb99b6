// The sum of each row: a warp by shuffles, the block through shared memory.
#include "device.h"
KERNEL row_sum(const float *x, float *y, int columns) {
  __shared__ float partial[32];
  float sum = 0;
  for (int i = THREAD; i < columns; i += THREADS)
    sum += x[BLOCK * columns + i];
  for (int distance = 16; distance; distance /= 2)
    sum += shuffleXor(sum, distance);
  if (THREAD % 32 == 0)
    partial[THREAD / 32] = sum;
#ifndef WITHOUT_BARRIER
  barrier();
#endif
  if (THREAD < 32) {
    sum = THREAD < THREADS / 32 ? partial[THREAD] : 0.0f;
    for (int distance = 16; distance; distance /= 2)
      sum += shuffleXor(sum, distance);
    if (THREAD == 0)
      y[BLOCK] = sum;
  }
}
