/* The contract between a compiled model (model.so, or an object linked into an application) and whatever runs it:
 * plain C structs, filled by the compiler, read by the runtime. A change to any of them raises the version.
 *
 * A model exports one symbol, `keel_artifact_query`. Its host code calls nothing but what `keel_env` gives it (and the
 * C library's math functions), allocates nothing and keeps no state: buffers, arena and threads come from the caller.
 */
#ifndef KEEL_ARTIFACT_H
#define KEEL_ARTIFACT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KEEL_ARTIFACT_MAGIC 0x4c45454bu /* "KEEL" */
#define KEEL_ARTIFACT_VERSION 1u
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

typedef struct keel_artifact_kernel {
  const char *name;
  const char *location; /* file:line:column in the model, or "" */
} keel_artifact_kernel;

typedef struct keel_env keel_env;

/* A piece of a kernel: items [begin, end). `scratch` is this worker's private memory of scratch_bytes. */
typedef void (*keel_kernel_body)(const void *captured, int64_t begin, int64_t end, void *scratch);

/* What the runtime lends to one call. One call at a time for an env. */
struct keel_env {
  void *arena; /* arena_bytes of the entry, uninitialised */
  /* Runs body over [0, count) in any split over the workers, and returns when all of it is done. `kernel` indexes the
   * entry's kernels (for traces). count <= 1 must run on the calling thread. */
  void (*parallel)(keel_env *env, uint32_t kernel, keel_kernel_body body, const void *captured, int64_t count);
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
  uint64_t arena_bytes;   /* at the largest batch */
  uint64_t scratch_bytes; /* for each worker */
  /* buffers: state, then inputs, then outputs, each aligned; outputs and written state do not overlap anything.
   * batch: 1..batch_capacity (ignored where that is 0). */
  void (*call)(keel_env *env, void *const *buffers, int64_t batch);
} keel_artifact_entry;

typedef struct keel_artifact {
  uint32_t magic, version;
  const char *target;   /* "native", … as given to the compiler */
  const char *features; /* CPU features the code needs, comma-separated as in /proc/cpuinfo: "avx512f,fma" */
  uint32_t num_states, num_entries;
  const keel_artifact_state *states;
  const keel_artifact_entry *entries;
} keel_artifact;

/* The model's one exported symbol. The result lives as long as the library stays loaded. */
const keel_artifact *keel_artifact_query(void);

#ifdef __cplusplus
}
#endif
#endif
