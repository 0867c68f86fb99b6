/* The contract between emulated device code (written by passes/emulate) and the emulator that runs it: plain C.
 *
 * A kernel compiled for the host is a function that one CUDA thread runs from beginning to end, on a fibre of its own.
 * Whatever is not ordinary computation on registers is a call to the emulator through an import. The generated code
 * holds no state, calls nothing else but the C library's math functions, and is never unwound through: when a call
 * reports an error it does not return, and the fibre is dropped.
 *
 * Host optimisations may duplicate, merge or hoist such calls as the side effects they are; threads of a warp meet by
 * instruction (site), not by program counter, so no `convergent` is needed.
 */
#ifndef KEEL_EMULATOR_ABI_H
#define KEEL_EMULATOR_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KEEL_EMULATOR_MAGIC 0x554d454bu /* "KEMU" */
#define KEEL_EMULATOR_VERSION 1u

/* ---- A thread -------------------------------------------------------------------------------------------------------
 * Pointers. Generic and global pointers are host addresses. A shared pointer, too, is a host address inside generated
 * code; the 32-bit shared address that PTX sees (ptrtoint to i32, an "r" operand of inline PTX) is its low half, and
 *
 *     host address = window | zero-extended 32-bit shared address        (cvta.shared, inttoptr from i32)
 *     shared address = truncation of the host address                    (cvta.to.shared)
 *
 * A window is aligned to 4 GiB and belongs to a cluster; the block of rank r in it has the 256 KiB at r << 18, so the low
 * 18 bits are the offset that wgmma's descriptors keep. Address operands of instructions in the shared space may be given
 * either way (the upper half is ignored); generic address operands must be host addresses.
 *
 * Shared variables. The pass lays out the static variables (addrspace(3) definitions) that a kernel reaches, each at
 * `shared` + its offset; the dynamic ones (external, zero length) all start at `shared` + the end of the static ones
 * rounded up to 128. `shared` is aligned to 1024. The shared_bytes of a launch count both.
 *
 * Local memory (alloca, addrspace 5) is the fibre's stack: plain host memory, accessed directly. Kernel parameters are
 * read directly from `arguments`. A parameter passed by value (byval) is a word that holds the address of its bytes.
 */
typedef enum keel_emulated_register { /* special registers, 32 bits each; PTX ISA 10 */
  KEEL_EMULATED_TID_X, KEEL_EMULATED_TID_Y, KEEL_EMULATED_TID_Z,
  KEEL_EMULATED_NTID_X, KEEL_EMULATED_NTID_Y, KEEL_EMULATED_NTID_Z,
  KEEL_EMULATED_CTAID_X, KEEL_EMULATED_CTAID_Y, KEEL_EMULATED_CTAID_Z,
  KEEL_EMULATED_NCTAID_X, KEEL_EMULATED_NCTAID_Y, KEEL_EMULATED_NCTAID_Z,
  KEEL_EMULATED_LANEID, KEEL_EMULATED_WARPID, KEEL_EMULATED_NWARPID,
  KEEL_EMULATED_SMID, KEEL_EMULATED_NSMID, KEEL_EMULATED_GRIDID,
  KEEL_EMULATED_LANEMASK_EQ, KEEL_EMULATED_LANEMASK_LE, KEEL_EMULATED_LANEMASK_LT,
  KEEL_EMULATED_LANEMASK_GE, KEEL_EMULATED_LANEMASK_GT,
  KEEL_EMULATED_WARPSIZE, /* WARP_SZ: 32 */
  KEEL_EMULATED_DYNAMIC_SMEM_SIZE, KEEL_EMULATED_TOTAL_SMEM_SIZE,
  KEEL_EMULATED_CLUSTERID_X, KEEL_EMULATED_CLUSTERID_Y, KEEL_EMULATED_CLUSTERID_Z,
  KEEL_EMULATED_NCLUSTERID_X, KEEL_EMULATED_NCLUSTERID_Y, KEEL_EMULATED_NCLUSTERID_Z,
  KEEL_EMULATED_CLUSTER_CTAID_X, KEEL_EMULATED_CLUSTER_CTAID_Y, KEEL_EMULATED_CLUSTER_CTAID_Z,
  KEEL_EMULATED_CLUSTER_NCTAID_X, KEEL_EMULATED_CLUSTER_NCTAID_Y, KEEL_EMULATED_CLUSTER_NCTAID_Z,
  KEEL_EMULATED_CLUSTER_CTARANK, KEEL_EMULATED_CLUSTER_NCTARANK,
  KEEL_EMULATED_IS_EXPLICIT_CLUSTER,
  KEEL_EMULATED_NUM_REGISTERS = 64
} keel_emulated_register;

/* What generated code may read, all constant during the thread's life; the emulator's own part follows. Other special
 * registers (%clock, %clock64, %globaltimer) are instructions: "mov.u32.%clock", out[0] the value. */
typedef struct keel_emulated_thread {
  uint64_t shared;  /* host address of the block's first static shared variable */
  uint64_t window;  /* shared & ~0xffffffff */
  uint32_t checked; /* 0: generated code may skip "access" (below) and access memory directly */
  uint32_t mutant;  /* 0: the code as it is; N: as its N-th mutant has it, where mutants were asked for */
  uint32_t registers[KEEL_EMULATED_NUM_REGISTERS];
} keel_emulated_thread;

/* ---- Imports --------------------------------------------------------------------------------------------------------
 * A module has one array of them, writable, which the emulator resolves once before the first launch: it looks the
 * names up and fills `function` and `decoded`. Unknown names are one error that lists them. */
typedef struct keel_emulator_import {
  const char *name;
  void (*function)(void); /* keel_emulated_instruction, or keel_emulated_access for the name "access" */
  const void *decoded;    /* the emulator's: the modifiers in `name` */
} keel_emulator_import;

/* One static constant for each instruction of the device code. */
typedef struct keel_emulator_site {
  const char *kernel;                /* or the device function, where it was not inlined */
  const char *location;              /* file:line:column, or "" */
  const char *text;                  /* the instruction for messages: PTX, or LLVM IR's "load", "store" */
  const keel_emulator_import *import; /* what is called: functions find their decoded modifiers through it */
  uint32_t num_in, num_out;          /* words in `in` and `out`; 0 for "access" */
} keel_emulator_site;

/* An instruction. `name` is the PTX opcode with all its modifiers as in the manual
 * ("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", "ld.relaxed.gpu.global.b64", "mov.u32.%clock").
 *
 * in: the source operands in textual order, flattened, one 64-bit word an element: the elements of a vector {a, b} in
 * order; an address operand [r+imm] is one word, the sum; immediates; predicates 0 or 1 (a negated one, !p, is given
 * negated); a value of fewer bits in the low bits (the rest is ignored), floats as their bits; 128 bits as two words,
 * low first. Optional operands are given if the text has them (num_in tells). The address of a store, and of atom's or
 * cp.async's destination, is a source operand.
 * An accumulator that is read and written (wgmma.mma_async's d) comes first in `in`, and in `out` again.
 * out: the destination elements in order, the value in the low bits (the rest zero, or the sign for .s types); d|p is two
 * words. out always has room for at least two words, and `_` takes its word like any other.
 *
 * Guards (@p), branches and labels inside inline PTX are the pass's work; so are declarations (.reg): a local register
 * is an SSA value or an alloca. Integer and float arithmetic, setp, selp, mov, cvt and so on exist as instructions,
 * so the pass need not know their meaning.
 *
 * llvm.nvvm.* intrinsics go by the name of the PTX instruction they stand for, with its operands in PTX's order:
 *   llvm.nvvm.barrier.cta.sync.aligned.all(id)      "barrier.cta.sync.aligned"  in {id}
 *   llvm.nvvm.barrier.cta.sync.aligned.count(id, n) "barrier.cta.sync.aligned"  in {id, n}     (barrier0: in {0})
 *   llvm.nvvm.bar.warp.sync(mask)                   "bar.warp.sync"             in {mask}
 *   llvm.nvvm.shfl.sync.bfly.i32(mask, a, b, c)     "shfl.sync.bfly.b32"        in {a, b, c, mask}, out {d, p}
 *   llvm.nvvm.vote.ballot.sync(mask, p)             "vote.sync.ballot.b32"      in {p, mask}
 *   llvm.nvvm.cp.async.cg.shared.global.16(d, s)    "cp.async.cg.shared.global" in {d, s, 16}   (…s.16: {d, s, 16, size})
 *   llvm.nvvm.cp.async.wait.group(n)                "cp.async.wait_group"       in {n}
 *   llvm.nvvm.membar.gl                             "membar.gl"
 *
 * LLVM's own memory operations that are not plain (s = "relaxed" (monotonic), "acquire", "release", "acq_rel"; c = "sys"
 * (no syncscope), "gpu" (device), "cluster", "cta" (block); p = ".global", ".shared" or "" by address space; N bits):
 *   load volatile            "ld.volatile<p>.bN"        in {address}              out {value}   (a vector: ".v2.bN" …)
 *   load atomic              "ld.<s>.<c><p>.bN"         in {address}              out {value}
 *   store volatile / atomic  "st.volatile<p>.bN", "st.<s>.<c><p>.bN"  in {address, value}
 *   atomicrmw                "atom.<s>.<c><p>.<op>.<type>"            in {address, value}  out {old value}
 *                            add.u32 .u64 .f32 .f64 .f16 .bf16 .f16x2 .bf16x2 (sub: add of the negative),
 *                            exch/and/or/xor.b32 .b64, min/max.u32 .s32 .u64 .s64, inc.u32 (uinc_wrap), dec.u32 (udec_wrap)
 *   cmpxchg                  "atom.<s>.<c><p>.cas.b16 .b32 .b64"      in {address, compare, value}  out {old value}
 *   fence                    "fence.acq_rel.<c>" or "fence.sc.<c>"; seq_cst operations are "fence.sc.<c>" and then acquire,
 *                            release or acq_rel. The singlethread scope needs nothing.
 * memcpy, memmove and memset on global, shared or generic memory: loops of "access", or the instructions
 *   "memcpy" in {to, from, bytes}, "memset" in {to, byte, bytes}  (host addresses).
 * In code with mutants, "mutant.nothing" and "mutant.done" (out[0] is 1) stand for an instruction that a mutant lacks.
 * Calls of functions that are declared only: "call.__assertfail" and "call.vprintf" with their arguments as words;
 * "trap" and "exit" do not return. `unreachable` needs nothing; a return from the kernel ends the thread. */
typedef void (*keel_emulated_instruction)(keel_emulated_thread *thread, const uint64_t *in, uint64_t *out,
                                          const keel_emulator_site *site);

/* Plain loads and stores (not volatile, not atomic) of global, shared or generic memory: the import named "access"
 * checks the access and returns the host address that the generated code then loads from or stores to, at once (before
 * any other call). Space 3 addresses may be 32-bit. Accesses to allocas and parameters, and loads from constant globals,
 * are not checked: the pass does them directly. The pass may also test `checked` first. */
typedef void *(*keel_emulated_access)(keel_emulated_thread *thread, uint64_t address, uint32_t what,
                                      const keel_emulator_site *site);
#define KEEL_EMULATED_BYTES(what) ((what) & 0xffu)             /* 1 … 128 */
#define KEEL_EMULATED_STORE 0x100u                             /* else a load */
#define KEEL_EMULATED_SPACE(what) ((what) >> 12 & 0xfu)        /* LLVM's: 0 generic, 1 global, 3 shared, 4 constant, 5 local */
#define KEEL_EMULATED_ALIGNMENT(what) (1u << ((what) >> 16 & 0xfu)) /* bytes that the address must be a multiple of */
#define KEEL_EMULATED_WHAT(bytes, store, space, log2_alignment)                                                        \
  ((uint32_t)(bytes) | ((store) ? KEEL_EMULATED_STORE : 0u) | (uint32_t)(space) << 12 | (uint32_t)(log2_alignment) << 16)

/* A kernel. arguments: keel_artifact_kernel's words. */
typedef void (*keel_emulated_entry)(keel_emulated_thread *thread, const uint64_t *arguments);

/* ---- Modules of their own -------------------------------------------------------------------------------------------
 * A compiled model carries entries and imports in its keel_artifact. Device code that is no model (CUDA C++ made into a
 * shared library by keel-emulate) exports keel_emulator_query instead. */
typedef struct keel_emulator_kernel {
  const char *name, *location;
  keel_emulated_entry entry;
  uint32_t num_arguments;
  uint32_t threads;      /* required block size (reqntid), or 0 */
  uint32_t shared_bytes; /* static, rounded up to 128 where dynamic ones follow; a launch adds the dynamic bytes */
  uint32_t cluster;      /* blocks in a cluster, or 0 */
} keel_emulator_kernel;

typedef struct keel_emulator_global { /* a __device__ or __constant__ variable: known to the bounds checks */
  const char *name;
  void *address;
  uint64_t bytes;
  uint32_t initialised;
} keel_emulator_global;

typedef struct keel_emulator_module {
  uint32_t magic, version;
  uint32_t num_imports, num_kernels, num_globals;
  keel_emulator_import *imports;
  const keel_emulator_kernel *kernels;
  const keel_emulator_global *globals;
} keel_emulator_module;

const keel_emulator_module *keel_emulator_query(void);

#ifdef __cplusplus
}
#endif
#endif
