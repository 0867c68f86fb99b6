/* The contract between a compiled model (model.so, or an object linked into an application) and whatever runs it:
 * plain C structs, filled by the compiler, read by the runtime. A change to any of them raises the version.
 *
 * A model exports one symbol, `keel_artifact_query`. It holds one program for each target it was compiled for: the same
 * entries over the same state. A program's host code calls nothing but what `keel_env` gives it (and the C library's
 * math functions), allocates nothing and keeps no state: buffers, arena and threads come from the caller.
 */
#ifndef KEEL_ARTIFACT_H
#define KEEL_ARTIFACT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KEEL_ARTIFACT_MAGIC 0x4c45454bu /* "KEEL" */
#define KEEL_ARTIFACT_VERSION 6u
#define KEEL_ARTIFACT_ALIGNMENT 64 /* bytes: of every buffer, of the arena and of a worker's scratch memory */

typedef enum keel_dtype {
  KEEL_DTYPE_BOOL = 1, /* one byte, 0 or 1 */
  KEEL_DTYPE_I8,
  KEEL_DTYPE_I16,
  KEEL_DTYPE_I32,
  KEEL_DTYPE_I64,
  KEEL_DTYPE_U8,
  KEEL_DTYPE_F16,
  KEEL_DTYPE_BF16,
  KEEL_DTYPE_F32,
  KEEL_DTYPE_F64,
} keel_dtype;

/* A dense row-major tensor. An extent of -1 is the batch: the same number in all tensors of a call. */
typedef struct keel_artifact_tensor {
  uint32_t dtype; /* keel_dtype */
  uint32_t rank;
  const int64_t *shape; /* rank extents */
} keel_artifact_tensor;

typedef enum keel_state_role {
  KEEL_STATE_PARAMETER = 1, /* trained: has a gradient */
  KEEL_STATE_BUFFER,        /* written by the forward pass in training: running statistics */
  KEEL_STATE_OPTIMIZER,     /* optimizer slots and the step counter */
  KEEL_STATE_SETTING,       /* scalars a user sets: learning_rate, seed */
  KEEL_STATE_DERIVED,       /* a function of the other state, computed by `prepare`; never saved */
} keel_state_role;

/* How a state tensor starts. `args` is the meaning of each slot, in the order given. */
typedef enum keel_init_kind {
  KEEL_INIT_DATA = 0,        /* bytes at `data`, row-major */
  KEEL_INIT_ZEROS,
  KEEL_INIT_ONES,
  KEEL_INIT_CONSTANT,        /* value */
  KEEL_INIT_UNIFORM,         /* low, high */
  KEEL_INIT_NORMAL,          /* mean, standard deviation */
  KEEL_INIT_KAIMING_UNIFORM, /* fan_in, gain */
  KEEL_INIT_KAIMING_NORMAL,  /* fan_in, gain */
  KEEL_INIT_XAVIER_UNIFORM,  /* fan_in, fan_out, gain */
  KEEL_INIT_XAVIER_NORMAL,   /* fan_in, fan_out, gain */
  KEEL_INIT_ORTHOGONAL,      /* gain */
  KEEL_INIT_EXTERN,          /* must be loaded before the first call */
} keel_init_kind;

typedef struct keel_artifact_state {
  const char *name;
  keel_artifact_tensor type; /* no batch extent */
  uint32_t role;             /* keel_state_role */
  uint32_t init;             /* keel_init_kind */
  const void *data;          /* KEEL_INIT_DATA only */
  double args[3];
} keel_artifact_state;

/* A thread of the emulator (runtime/emulator); opaque here. */
struct keel_emulated_thread;

/* A matrix of f32 or 16-bit elements in the device's memory, as the copy engine (TMA) moves boxes of it: rows of 32, 64
 * or 128 bytes in shared memory, swizzled over as many (CU_TENSOR_MAP_SWIZZLE_32B, ...), zeros from outside. */
typedef struct keel_artifact_tensor_map {
  uint32_t argument;  /* the word that is its address */
  uint32_t dtype;     /* keel_dtype */
  uint32_t box[2];    /* rows, columns */
  int64_t extents[2]; /* rows, columns; -1 - n: word n */
} keel_artifact_tensor_map;

/* A kernel. On a GPU it is launched with a one-dimensional grid of one-dimensional blocks. */
typedef struct keel_artifact_kernel {
  const char *name;
  const char *location; /* file:line:column in the model, or "" */
  /* GPU programs only, else 0: */
  const char *symbol;     /* its function in the image */
  uint32_t threads;       /* of a block */
  uint32_t shared_bytes;  /* dynamic shared memory of a block */
  uint32_t cluster;       /* blocks of a cluster; 0 or 1: none */
  uint32_t waits;         /* 1: it waits itself for the kernel before it to end (griddepcontrol.wait), and may start earlier */
  uint32_t stays; /* its blocks go on to further tiles, as many as are launched, and may wait for one another: a launch
                     has no more of them than run at the same time, which must be so many. 0: they do not */
  uint32_t num_arguments; /* words that a launch passes */
  uint32_t registers;     /* of a thread, as the assembler reports; 0: not known */
  uint32_t num_tensor_maps; /* encoded for each launch, and passed by value behind the words */
  const keel_artifact_tensor_map *tensor_maps;
  const char *schedule;   /* one line for people, or NULL */
  /* The same kernel compiled for the emulator; NULL without --emulate. */
  void (*emulated)(struct keel_emulated_thread *thread, const uint64_t *arguments);
  /* What the first words are: a tensor's pointer, or, where dtype is 0, a number. Extents of -1 are the words after all of
   * these, in order. The emulator lets a kernel touch these tensors alone; 0: any memory of the model. */
  uint32_t num_parameters;
  const keel_artifact_tensor *parameters;
} keel_artifact_kernel;

typedef struct keel_env keel_env;

/* A piece of a kernel: items [begin, end). `scratch` is this worker's private memory of scratch_bytes. */
typedef void (*keel_kernel_body)(const void *captured, int64_t begin, int64_t end, void *scratch);

/* What the runtime lends to one call. One call at a time for an env. */
struct keel_env {
  void *arena; /* arena_bytes of the entry, uninitialised; in the device's memory */
  /* Runs body over [0, count) in any split over the workers, and returns when all of it is done. `kernel` indexes the
   * entry's kernels (for traces). count <= 1 must run on the calling thread. */
  void (*parallel)(keel_env *env, uint32_t kernel, keel_kernel_body body, const void *captured, int64_t count);
  /* GPU programs: launches a kernel after all launched before it, and does not wait for it. `arguments` holds the
   * kernel's num_arguments words: device pointers, then extents and scalars (a narrow one in a word's low bytes). They are
   * read during this call only. A call must launch the same kernels with the same arguments whenever its buffers, arena
   * and batch are the same: the runtime may record them once and replay them. blocks == 0 launches nothing. */
  void (*launch)(keel_env *env, uint32_t kernel, uint32_t blocks, const uint64_t *arguments);
};

typedef struct keel_artifact_entry {
  const char *name;
  uint32_t num_state, num_inputs, num_outputs, num_kernels;
  const uint32_t *state;        /* indices into the model's states, in argument order */
  const uint32_t *state_access; /* for each: 1 read, 2 written, 3 both */
  const keel_artifact_tensor *inputs;
  const keel_artifact_tensor *outputs;
  const keel_artifact_kernel *kernels;
  int64_t batch_capacity; /* largest batch of one call; 0: no tensor has a batch extent */
  uint32_t splittable;    /* 1: row i of every output depends on row i of the inputs alone, so that a larger batch may be
                             done in parts; else 0 */
  uint64_t arena_bytes;   /* at the largest batch */
  uint64_t scratch_bytes; /* for each worker */
  /* buffers: state, then inputs, then outputs, each aligned; outputs and written state do not overlap anything. For a
   * GPU program they are in the device's memory, which the call itself never touches.
   * batch: 1..batch_capacity (ignored where that is 0). */
  void (*call)(keel_env *env, void *const *buffers, int64_t batch);
} keel_artifact_entry;

typedef enum keel_program_kind {
  KEEL_PROGRAM_CPU = 1,
  KEEL_PROGRAM_CUDA,
} keel_program_kind;

struct keel_emulator_import; /* runtime/emulator/Abi.h */

/* The model compiled for one target. */
typedef struct keel_artifact_program {
  const char *target;   /* "native", "sm_80", … as given to the compiler */
  uint32_t kind;        /* keel_program_kind */
  const char *features; /* CPU features the code needs, comma-separated as in /proc/cpuinfo: "avx512f,fma" */
  uint32_t sm;          /* compute capability: 80, 90, …; 0 for a CPU */
  uint32_t sm_specific; /* 1: runs on exactly that one (sm_90a); 0: on later ones of the same generation, too */
  const void *image;    /* cubin; NULL: for the emulator only */
  uint64_t image_bytes;
  uint32_t num_entries;
  const keel_artifact_entry *entries;
  /* What the emulated kernels call. The emulator fills the table in before the first launch. */
  uint32_t num_imports;
  struct keel_emulator_import *imports;
} keel_artifact_program;

typedef struct keel_artifact {
  uint32_t magic, version;
  uint32_t num_states;
  const keel_artifact_state *states; /* of all programs; derived ones may belong to some programs only */
  uint32_t num_programs;
  const keel_artifact_program *programs;
} keel_artifact;

/* The model's one exported symbol. The result lives as long as the library stays loaded. */
const keel_artifact *keel_artifact_query(void);

#ifdef __cplusplus
}
#endif
#endif
