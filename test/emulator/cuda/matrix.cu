// c (16x8, f32) = a (16x16, bf16) b (16x8, bf16, given transposed) by one warp: ldmatrix and mma.sync, as the PTX ISA
// has them (9.7.14.5.15, 9.7.14.5.8).
#include "device.h"
KERNEL tile(const uint4 *a, const uint4 *b, float *c) {
  __shared__ uint4 sharedA[32], sharedB[16];
  int thread = THREAD;
  sharedA[thread] = a[thread];
  if (thread < 16)
    sharedB[thread] = b[thread];
  barrier();
  unsigned fragmentA[4], fragmentB[2];
  unsigned addressA = shared(sharedA + thread % 16 * 2 + thread / 16), addressB = shared(sharedB + thread % 8 * 2 + thread / 8 % 2);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragmentA[0]), "=r"(fragmentA[1]), "=r"(fragmentA[2]), "=r"(fragmentA[3]) : "r"(addressA));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];" : "=r"(fragmentB[0]), "=r"(fragmentB[1]) : "r"(addressB));
  float sum[4] = {0, 0, 0, 0};
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(fragmentA[0]), "r"(fragmentA[1]), "r"(fragmentA[2]), "r"(fragmentA[3]), "r"(fragmentB[0]), "r"(fragmentB[1]));
  int row = thread / 4, column = thread % 4 * 2;
  c[row * 8 + column] = sum[0];
  c[row * 8 + column + 1] = sum[1];
  c[(row + 8) * 8 + column] = sum[2];
  c[(row + 8) * 8 + column + 1] = sum[3];
}
