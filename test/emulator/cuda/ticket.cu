// Blocks draw tickets, wait for the one before, and publish: atomics, polling in guarded PTX with a loop. ORDER acquire is
// right.
#include "device.h"
#ifndef ORDER
#define ORDER "acquire"
#endif
__device__ unsigned ticket;
__constant__ int step[2] = {1, 10};
KERNEL chain(unsigned *flags, int *sums) {
  __shared__ unsigned mine;
  if (THREAD == 0) {
    unsigned drawn = __nvvm_atom_add_gen_i((int *)&ticket, 1);
    mine = drawn;
    int before = 0;
    if (drawn > 0) {
      asm volatile("{\n .reg .pred waits;\n .reg .b32 flag;\n"
                   "again:\n ld." ORDER ".gpu.global.b32 flag, [%0];\n setp.eq.u32 waits, flag, 0;\n @waits bra again;\n}" ::"l"(flags + drawn - 1) : "memory");
      before = sums[drawn - 1];
    }
    sums[drawn] = before + step[drawn % 2];
    asm volatile("st.release.gpu.global.b32 [%0], %1;" ::"l"(flags + drawn), "r"(1) : "memory");
  }
}
