// What sm_90a adds. PTX ISA 9.7.13.15 (mbarrier), 9.7.9.25 (bulk copies), 9.7.15 (wgmma).
#include "mbarrier.h"

BEGIN(cp_async_bulk_shared_global) __shared__ alignas(16) uint4 chunks[512];
  __shared__ unsigned long arrived;
  initialize(&arrived, 1);
  if (THREAD == 0)
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%2], 8192;"
                 "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], 8192, [%2];" ::"r"(shared(chunks)),
                 "l"(input), "r"(shared(&arrived)) : "memory");
  waitFor(&arrived, 0);
  put(out, 0, chunks[THREAD * 3 + 1]);
END
BEGIN(cp_async_bulk_global_shared) __shared__ alignas(16) uint4 chunks[512];
  for (int i = 0; i < 4; ++i)
    chunks[THREAD * 4 + i] = get<uint4>(in, 4 * i);
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  barrier();
  if (THREAD == 0)
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], 8192; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;" ::"l"(output),
                 "r"(shared(chunks)) : "memory");
END
#define STORE_MATRIX(name, suffix)                                                                                     \
  BEGIN(name) __shared__ alignas(16) uint4 rows[128];                                                                  \
  asm volatile("stmatrix.sync.aligned.m8n8.x4" suffix ".shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(shared(rows + (THREAD ^ 9))), \
               "r"(in[0]), "r"(in[1]), "r"(in[2]), "r"(in[3]) : "memory");                                             \
  barrier();                                                                                                           \
  put(out, 0, rows[THREAD]);                                                                                           \
  END
STORE_MATRIX(stmatrix_x4, "")
STORE_MATRIX(stmatrix_x4_trans, ".trans")
// Any thread may be elected: how many are, and whether that is the one that all were told.
BEGIN(elect_sync) unsigned lane, elected;
  asm volatile("{ .reg .pred p; elect.sync %0|p, 0xffffffff; selp.u32 %1, 1, 0, p; }" : "=r"(lane), "=r"(elected));
  asm volatile("redux.sync.add.u32 %0, %1, 0xffffffff;" : "=r"(out[0]) : "r"(elected));
  out[1] = elected == (lane == THREAD % 32);
END
TEXT1(griddepcontrol, "{ griddepcontrol.launch_dependents; griddepcontrol.wait; mov.u32 %0, %1; }", U, U)

// D (64 x 8) = A (64 x K) B (K x 8), K of 32 bytes, both K-major in shared memory without a swizzle: core matrices of 8 rows of 16 bytes.
#define GROUP(name, types, transposes)                                                                                 \
  BEGIN(name) __shared__ alignas(1024) uint4 a[128], b[16];                                                            \
  a[THREAD] = get<uint4>(in, 0);                                                                                       \
  if (THREAD < 16)                                                                                                     \
    b[THREAD] = get<uint4>(in, 4);                                                                                     \
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");                                                         \
  barrier();                                                                                                           \
  auto describe = [](const void *start) {                                                                              \
    return (unsigned long)(shared(start) >> 4 & 0x3fff) | 128ul >> 4 << 16 | 256ul >> 4 << 32;                         \
  };                                                                                                                   \
  float d[4] = {0, 0, 0, 0};                                                                                           \
  asm volatile("wgmma.fence.sync.aligned;"                                                                             \
               "wgmma.mma_async.sync.aligned.m64n8" types " {%0, %1, %2, %3}, %4, %5, 0, 1, 1" transposes ";"          \
               "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;"                                     \
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "l"(describe(a)), "l"(describe(b)) : "memory");      \
  put(out, 0, d);                                                                                                      \
  END
GROUP(wgmma_m64n8k16_f32_bf16, "k16.f32.bf16.bf16", ", 0, 0")
GROUP(wgmma_m64n8k16_f32_f16, "k16.f32.f16.f16", ", 0, 0")
GROUP(wgmma_m64n8k8_f32_tf32, "k8.f32.tf32.tf32", "")
