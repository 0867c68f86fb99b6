// What threads do together, memory, matrices of a warp. PTX ISA 9.7.9 (memory), 9.7.13 (synchronisation), 9.7.14 (mma).
#include "golden.h"

#define SHUFFLE(name, mode)                                                                                            \
  TEXT2(name, "{ .reg .pred p; .reg .u32 a; shfl.sync." mode ".b32 %0|p, %1, %2, 0x1f, 0xffffffff; selp.u32 a, 1, 0, p; xor.b32 %0, %0, a; }", U, U, U)
SHUFFLE(shfl_sync_bfly_b32, "bfly")
SHUFFLE(shfl_sync_up_b32, "up")
SHUFFLE(shfl_sync_down_b32, "down")
SHUFFLE(shfl_sync_idx_b32, "idx")
#define VOTE(name, result)                                                                                             \
  TEXT1(name, "{ .reg .pred p, q; and.b32 %0, %1, 3; setp.ne.u32 p, %0, 0; " result " }", U, U)
VOTE(vote_sync_ballot_b32, "vote.sync.ballot.b32 %0, p, 0xffffffff;")
VOTE(vote_sync_any_pred, "vote.sync.any.pred q, p, 0xffffffff; selp.u32 %0, 1, 0, q;")
VOTE(vote_sync_all_pred, "vote.sync.all.pred q, p, 0xffffffff; selp.u32 %0, 1, 0, q;")
TEXT1(match_any_sync_b32, "{ and.b32 %0, %1, 7; match.any.sync.b32 %0, %0, 0xffffffff; }", U, U)
TEXT1(redux_sync_add_u32, "redux.sync.add.u32 %0, %1, 0xffffffff;", U, U)
TEXT1(redux_sync_min_s32, "redux.sync.min.s32 %0, %1, 0xffffffff;", U, U)
TEXT1(redux_sync_xor_b32, "redux.sync.xor.b32 %0, %1, 0xffffffff;", U, U)
// Which threads run together is nobody's promise: only that this one is among them.
TEXT1(activemask_b32, "{ .reg .pred p; .reg .u32 a, b; activemask.b32 a; mov.u32 b, %%lanemask_eq; and.b32 a, a, b; setp.ne.u32 p, a, 0; selp.b32 %0, %1, 0, p; }", U, U)

// A block's memory: each thread writes a word and reads another's.
BEGIN(bar_sync) __shared__ unsigned words[128];
  words[THREAD] = in[0];
  asm volatile("bar.sync 0;" ::: "memory");
  out[0] = words[THREAD ^ 37];
END
BEGIN(barrier_sync_aligned) __shared__ unsigned words[128];
  words[THREAD] = in[0];
  asm volatile("barrier.sync.aligned 1, 128;" ::: "memory");
  out[0] = words[(THREAD + 33) % 128];
END
BEGIN(bar_arrive) __shared__ unsigned words[64];
  if (THREAD < 64) {
    words[THREAD] = in[0];
    asm volatile("bar.arrive 2, 128;" ::: "memory");
  } else {
    asm volatile("bar.sync 2, 128;" ::: "memory");
    out[0] = words[THREAD - 64];
  }
END
BEGIN(bar_warp_sync) __shared__ unsigned words[128];
  words[THREAD] = in[0];
  asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
  out[0] = words[THREAD ^ 21];
END
TEXT1(barrier_red_popc, "{ .reg .pred p; and.b32 %0, %1, 1; setp.ne.u32 p, %0, 0; barrier.red.popc.aligned.u32 %0, 0, p; }", U, U)

// Atomic operations whose results do not depend on the order.
#define ATOMIC(name, text, start)                                                                                      \
  BEGIN(name) __shared__ unsigned word;                                                                                \
  if (THREAD == 0)                                                                                                     \
    word = start;                                                                                                      \
  barrier();                                                                                                           \
  unsigned old;                                                                                                        \
  asm volatile(text : "=r"(old) : "r"(shared(&word)), "r"(in[0]) : "memory");                                          \
  barrier();                                                                                                           \
  out[0] = word;                                                                                                       \
  END
ATOMIC(atom_shared_add_u32, "atom.relaxed.cta.shared.add.u32 %0, [%1], %2;", 5)
ATOMIC(atom_shared_max_s32, "atom.relaxed.cta.shared.max.s32 %0, [%1], %2;", 0)
ATOMIC(atom_shared_xor_b32, "atom.relaxed.cta.shared.xor.b32 %0, [%1], %2;", 0)
ATOMIC(atom_shared_inc_u32, "{ atom.relaxed.cta.shared.inc.u32 %0, [%1], 99; and.b32 %0, %0, %2; }", 7)
ATOMIC(red_shared_or_b32, "{ mov.u32 %0, 0; red.relaxed.cta.shared.or.b32 [%1], %2; }", 1)

#define LOADS(name, opcode)                                                                                            \
  BEGIN(name) unsigned a, b, c, d;                                                                                     \
  asm volatile(opcode " {%0, %1, %2, %3}, [%4];" : "=r"(a), "=r"(b), "=r"(c), "=r"(d) : "l"(in + 4));                  \
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;                                                                      \
  END
LOADS(ld_global_v4_u32, "ld.global.v4.u32")
LOADS(ld_global_nc_v4_b32, "ld.global.nc.v4.b32")
LOADS(ldu_global_v4_u32, "ldu.global.v4.u32")
BEGIN(st_global_v2_u32)
  asm volatile("st.global.v2.u32 [%0], {%1, %2};" ::"l"(out), "r"(in[0]), "r"(in[1]) : "memory");
END
BEGIN(ld_global_s8) int a;
  asm volatile("ld.global.s8 %0, [%1];" : "=r"(a) : "l"((const char *)in + 3));
  out[0] = a;
END
BEGIN(cvta_shared) __shared__ unsigned words[128];
  words[THREAD] = in[0];
  unsigned long address;
  asm volatile("cvta.shared.u64 %0, %1;" : "=l"(address) : "l"((unsigned long)shared(words + THREAD)));
  out[0] = *(volatile unsigned *)address;
END
BEGIN(isspacep_shared) __shared__ unsigned word;
  unsigned long address = THREAD % 2 ? (unsigned long)(unsigned *)&word : (unsigned long)in;
  asm volatile("{ .reg .pred p; isspacep.shared p, %1; selp.u32 %0, 1, 0, p; }" : "=r"(out[0]) : "l"(address));
  if (THREAD == 0)
    word = in[0];
END
BEGIN(fence_acq_rel_cta) __shared__ unsigned words[128], flags[128];
  flags[THREAD] = 0;
  barrier();
  words[THREAD] = in[0];
  asm volatile("fence.acq_rel.cta; st.relaxed.cta.shared.u32 [%0], 1;" ::"r"(shared(flags + THREAD)) : "memory");
  unsigned seen;
  do
    asm volatile("ld.relaxed.cta.shared.u32 %0, [%1];" : "=r"(seen) : "r"(shared(flags + (THREAD ^ 64))) : "memory");
  while (!seen);
  asm volatile("membar.cta;" ::: "memory");
  out[0] = words[THREAD ^ 64];
END
BEGIN(cp_async_cg) __shared__ uint4 chunks[128];
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2; cp.async.commit_group; cp.async.wait_group 0;" ::"r"(shared(chunks + THREAD)),
               "l"(in), "r"(THREAD % 5 * 4 % 17) : "memory");
  put(out, 0, chunks[THREAD]);
END
BEGIN(cp_async_ca) __shared__ unsigned long pairs[128];
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8; cp.async.wait_all;" ::"r"(shared(pairs + THREAD)), "l"(in) : "memory");
  put(out, 0, pairs[THREAD]);
END

// Matrices: a thread's words are its registers.
#define C "{%10, %11, %12, %13}"
#define FLOATS(name, opcode, textA, textB)                                                                             \
  BEGIN(name) float d[4];                                                                                              \
  asm volatile(opcode " {%0, %1, %2, %3}, " textA ", " textB ", " C ";"                                                \
               : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])                                                        \
               : "r"(in[0]), "r"(in[1]), "r"(in[2]), "r"(in[3]), "r"(in[4]), "r"(in[5]), "f"(get<float>(in, 6)),       \
                 "f"(get<float>(in, 7)), "f"(get<float>(in, 8)), "f"(get<float>(in, 9)));                              \
  put(out, 0, d);                                                                                                      \
  END
FLOATS(mma_m16n8k16_f32_bf16, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", "{%4, %5, %6, %7}", "{%8, %9}")
FLOATS(mma_m16n8k16_f32_f16, "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", "{%4, %5, %6, %7}", "{%8, %9}")
FLOATS(mma_m16n8k8_f32_bf16, "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32", "{%4, %5}", "{%8}")
FLOATS(mma_m16n8k8_f32_tf32, "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", "{%4, %5, %6, %7}", "{%8, %9}")
FLOATS(mma_m16n8k4_f32_tf32, "mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32", "{%4, %5}", "{%8}")
#undef C
BEGIN(mma_m16n8k32_s32_s8) unsigned d[4];
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
               : "r"(in[0]), "r"(in[1]), "r"(in[2]), "r"(in[3]), "r"(in[4]), "r"(in[5]), "r"(in[6]), "r"(in[7]), "r"(in[8]), "r"(in[9]));
  put(out, 0, d);
END
BEGIN(mma_m16n8k16_f16_f16) unsigned d[2];
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0, %1}, {%2, %3, %4, %5}, {%6, %7}, {%8, %9};" : "=r"(d[0]), "=r"(d[1])
               : "r"(in[0]), "r"(in[1]), "r"(in[2]), "r"(in[3]), "r"(in[4]), "r"(in[5]), "r"(in[6]), "r"(in[7]));
  put(out, 0, d);
END
#define LOAD_MATRIX(name, suffix)                                                                                      \
  BEGIN(name) __shared__ uint4 rows[128];                                                                              \
  rows[THREAD] = get<uint4>(in, 0);                                                                                    \
  barrier();                                                                                                           \
  unsigned d[4];                                                                                                       \
  asm volatile("ldmatrix.sync.aligned.m8n8.x4" suffix ".shared.b16 {%0, %1, %2, %3}, [%4];"                            \
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]) : "r"(shared(rows + (THREAD ^ 9))));                   \
  put(out, 0, d);                                                                                                      \
  END
LOAD_MATRIX(ldmatrix_x4, "")
LOAD_MATRIX(ldmatrix_x4_trans, ".trans")
TEXT1(movmatrix_trans_b16, "movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;", U, U)
TEXT1(nanosleep, "{ nanosleep.u32 20; mov.u32 %0, %1; }", U, U)
BEGIN(prefetch)
  asm volatile("prefetch.global.L2 [%0]; prefetchu.L1 [%0];" ::"l"(in));
  out[0] = in[0];
END
BEGIN(exit_some)
  out[0] = in[0];
  if (in[0] & 1)
    asm volatile("exit;");
  out[1] = in[1];
END

// An mbarrier: half of the threads arrive, half wait. PTX ISA 9.7.13.15.
BEGIN(mbarrier_arrive_wait) __shared__ unsigned long barrierWord;
  __shared__ unsigned words[64];
  if (THREAD == 0)
    asm volatile("mbarrier.init.shared.b64 [%0], 64;" ::"r"(shared(&barrierWord)) : "memory");
  barrier();
  if (THREAD < 64) {
    words[THREAD] = in[0];
    asm volatile("{ .reg .b64 s; mbarrier.arrive.shared.b64 s, [%0]; }" ::"r"(shared(&barrierWord)) : "memory");
  } else {
    unsigned long state = 0;
    unsigned done;
    do
      asm volatile("{ .reg .pred p; mbarrier.test_wait.parity.shared.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                   : "=r"(done) : "r"(shared(&barrierWord)), "r"((unsigned)state) : "memory");
    while (!done);
    out[0] = words[THREAD - 64];
  }
  barrier();
  if (THREAD == 0)
    asm volatile("mbarrier.inval.shared.b64 [%0];" ::"r"(shared(&barrierWord)) : "memory");
END
BEGIN(cp_async_mbarrier_arrive) __shared__ unsigned long barrierWord;
  __shared__ uint4 chunks[128];
  if (THREAD == 0)
    asm volatile("mbarrier.init.shared.b64 [%0], 128;" ::"r"(shared(&barrierWord)) : "memory");
  barrier();
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16; cp.async.mbarrier.arrive.noinc.shared.b64 [%2];" ::"r"(shared(chunks + THREAD)),
               "l"(in), "r"(shared(&barrierWord)) : "memory");
  unsigned done;
  do
    asm volatile("{ .reg .pred p; mbarrier.test_wait.parity.shared.b64 p, [%1], 0; selp.u32 %0, 1, 0, p; }"
                 : "=r"(done) : "r"(shared(&barrierWord)) : "memory");
  while (!done);
  put(out, 0, chunks[THREAD ^ 70]);
END
