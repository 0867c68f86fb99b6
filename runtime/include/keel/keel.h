/* The C API of the Evenkeel runtime: load a compiled model, hold its state, call it, train it.
 *
 * Errors: every function that can fail returns a keel_status; on failure it fills *error (which may be NULL) with one
 * line of text and leaves everything else as it was. Pointer results are written on success only.
 *
 * Ownership: objects made by a function named ..._load, ..._create, ..._read or ..._from_... belong to the caller and
 * go back through the matching ..._free (NULL is fine). A keel_view never owns anything.
 *
 * Threads: different models may be used from different threads at the same time; one model serves one call at a time
 * (further ones wait). There is no global state.
 */
#ifndef KEEL_KEEL_H
#define KEEL_KEEL_H

#include "keel/artifact.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum keel_status {
  KEEL_OK = 0,
  KEEL_INVALID_ARGUMENT, /* a name, shape, dtype or value that the model does not have or take */
  KEEL_IO,               /* a file that cannot be opened, read or written; a full disk */
  KEEL_BAD_FORMAT,       /* a file whose contents are not what they should be */
  KEEL_INCOMPATIBLE,     /* a model for another ABI version or another CPU */
  KEEL_DIVERGED,         /* training reached a loss that is not finite */
  KEEL_OUT_OF_MEMORY,
  KEEL_INTERNAL, /* a bug in the runtime */
  KEEL_DEVICE,   /* a device that is not there, or that failed; a fault that the emulator found */
} keel_status;

typedef struct keel_error {
  keel_status status;
  char message[1020]; /* one line, zero-terminated, without a trailing newline */
} keel_error;

/* --- Tensors ------------------------------------------------------------------------------------------------------ */

/* A dense row-major host tensor that somebody else owns. An input's data is never written. Data aligned to
 * KEEL_ARTIFACT_ALIGNMENT is used in place; other data is copied on the way. */
typedef struct keel_view {
  void *data;
  const int64_t *shape; /* rank extents */
  uint32_t rank;
  uint32_t dtype; /* keel_dtype */
} keel_view;

/* A tensor that owns its memory (aligned to KEEL_ARTIFACT_ALIGNMENT), or shares another library's through DLPack. */
typedef struct keel_tensor keel_tensor;

/* Bytes of an element; 0 for an unknown dtype. */
size_t keel_dtype_size(uint32_t dtype);
/* "f32", "i64", "bool", …; "?" for an unknown dtype. */
const char *keel_dtype_name(uint32_t dtype);

/* A tensor of zeros. */
keel_status keel_tensor_create(uint32_t dtype, uint32_t rank, const int64_t *shape, keel_tensor **tensor,
                               keel_error *error);
void keel_tensor_free(keel_tensor *tensor);
/* Valid as long as the tensor. */
keel_view keel_tensor_view(const keel_tensor *tensor);

/* Reads a .npy, .npz (as FILE.npz:NAME), IDX (MNIST's format, known by its magic number) or .csv file. A CSV file is
 * one tensor [rows, columns]
 * ([rows] if there is one column), i64 if every field is an integer and f64 otherwise; a first line of names is
 * skipped. */
keel_status keel_tensor_read(const char *path, keel_tensor **tensor, keel_error *error);
/* Writes a .npy file: whole or not at all. bf16, which npy lacks, becomes f32. */
keel_status keel_tensor_write(const char *path, const keel_view *view, keel_error *error);
/* A copy with elements of another type, rounded to the nearest; a number that an integer type lacks is an error. */
keel_status keel_tensor_convert(const keel_view *view, uint32_t dtype, keel_tensor **tensor, keel_error *error);

/* DLPack (https://dmlc.github.io/dlpack): no copy. The import takes the managed tensor over, also on failure; it must
 * be a dense row-major CPU tensor. The export shares memory with `tensor`, which may be freed before it. */
struct DLManagedTensor;
keel_status keel_tensor_from_dlpack(struct DLManagedTensor *managed, keel_tensor **tensor, keel_error *error);
keel_status keel_tensor_to_dlpack(const keel_tensor *tensor, struct DLManagedTensor **managed, keel_error *error);

/* --- Models ------------------------------------------------------------------------------------------------------- */

/* A compiled model and its state. State that nothing has set starts as if by keel_model_seed(model, 0). */
typedef struct keel_model keel_model;

/* Loads a model.so, and checks that it fits this runtime and this CPU. */
keel_status keel_model_load(const char *path, keel_model **model, keel_error *error);
/* A model linked into the application; `artifact` (from its query function) must outlive the model. */
keel_status keel_model_from_artifact(const keel_artifact *artifact, keel_model **model, keel_error *error);
void keel_model_free(keel_model *model);

/* What the model has: programs, states, shapes. Lives as long as the model. */
const keel_artifact *keel_model_artifact(const keel_model *model);
/* The program that calls run. */
const keel_artifact_program *keel_model_program(const keel_model *model);
/* NULL if there is none of that name; an entry is one of keel_model_program. */
const keel_artifact_entry *keel_model_find_entry(const keel_model *model, const char *name);
const keel_artifact_state *keel_model_find_state(const keel_model *model, const char *name);

/* Where calls run: "cpu", "cuda" (the first GPU; "cuda:1" the second), or "emulator" (the GPU's kernels on the host,
 * checked; "emulator:sm_80" those for one target). State goes along, and so may pointers to entries: look them up again.
 * Default: the CPU if the model holds code for it, else the GPU; if there is none the first call says what is missing.
 * State is on the device while it is used there; setting and reading it copies. */
keel_status keel_model_set_device(keel_model *model, const char *device, keel_error *error);
/* "cpu", "cuda" or "emulator"; "" while there is none. */
const char *keel_model_device(const keel_model *model);

/* Threads used by a call, the caller's included; 0 (the default) is one for each CPU this process may use.
 * Results do not depend on it, bit for bit. */
keel_status keel_model_set_threads(keel_model *model, uint32_t threads, keel_error *error);
uint32_t keel_model_threads(const keel_model *model);

/* --- State -------------------------------------------------------------------------------------------------------- */

/* Starts all state anew from its initializers. Each tensor's random stream is keyed by (seed, its name), so it does not
 * depend on what other state the model has. An integer setting named "seed" starts as the seed itself. */
keel_status keel_model_seed(keel_model *model, uint64_t seed, keel_error *error);
/* A read-only view of a state tensor, valid until the model's next call or change of state. */
keel_status keel_model_state(keel_model *model, const char *name, keel_view *view, keel_error *error);
/* Copies `view` into a state tensor; shape and dtype must match. Derived state cannot be set. */
keel_status keel_model_set_state(keel_model *model, const char *name, const keel_view *view, keel_error *error);
/* Fills a state tensor of any dtype with one value: the way to set learning_rate. */
keel_status keel_model_set_value(keel_model *model, const char *name, double value, keel_error *error);
/* Checkpoints in safetensors format: all state but the derived one. A file that lacks a tensor, has one too many or one
 * of another shape or dtype is an error that names the tensor, and changes nothing. Saving is whole or not at all. */
keel_status keel_model_load_state(keel_model *model, const char *path, keel_error *error);
keel_status keel_model_save_state(keel_model *model, const char *path, keel_error *error);

/* --- Calls -------------------------------------------------------------------------------------------------------- */

/* Writes the extents of an entry's output (as many as its rank) for a batch. */
keel_status keel_model_output_shape(const keel_model *model, const char *entry, uint32_t output, int64_t batch,
                                    int64_t *shape, keel_error *error);
/* Calls an entry: inputs in argument order, outputs (the caller's memory, of the right shape) in result order.
 * A batch above the entry's capacity is done in parts where each row of the outputs depends on the same row of the inputs
 * alone (keel_artifact_entry.splittable); elsewhere it is an error. Derived state is brought up to date before. */
keel_status keel_model_call(keel_model *model, const char *entry, const keel_view *inputs, uint32_t num_inputs,
                            const keel_view *outputs, uint32_t num_outputs, keel_error *error);

/* --- Profiles ----------------------------------------------------------------------------------------------------- */

/* One run of one kernel. */
typedef struct keel_kernel_event {
  const keel_artifact_entry *entry;
  uint32_t kernel;     /* index into the entry's kernels */
  uint64_t begin, end; /* nanoseconds since recording began */
} keel_kernel_event;

/* Starts recording kernels anew, or stops it. Costs about 0.1 µs a kernel while on, nothing while off. On a GPU kernels
 * are launched one by one while it is on, with events around each. */
keel_status keel_model_record(keel_model *model, bool on, keel_error *error);
/* The events recorded; valid until the next call or keel_model_record. */
keel_status keel_model_events(const keel_model *model, const keel_kernel_event **events, size_t *num_events,
                              keel_error *error);
/* Measures each call as a whole on the device's own clock, or stops it. */
keel_status keel_model_time_calls(keel_model *model, bool on, keel_error *error);
/* What the kernels of the last call took, from the first one's start to the last one's end; NaN where the device does not
 * tell (the CPU and the emulator), or where keel_model_time_calls was off. */
keel_status keel_model_call_seconds(keel_model *model, double *seconds, keel_error *error);
/* Writes what was recorded as a trace for https://ui.perfetto.dev: kernels, and each thread's share of them. */
keel_status keel_model_write_trace(const keel_model *model, const char *path, keel_error *error);

/* --- Training ----------------------------------------------------------------------------------------------------- */

typedef struct keel_epoch {
  uint32_t epoch;       /* from 1 */
  double train_loss;    /* mean over the epoch's cases; NaN if nothing was trained */
  double test_accuracy; /* 0 … 1; NaN without test data or without class labels */
  double seconds;       /* of the epoch, without the evaluation */
} keel_epoch;

/* Zero-initialise, then set what is wanted. */
typedef struct keel_train_options {
  keel_view data, labels; /* leading extent: cases. Converted where that loses nothing (u8 to f32, i64 to i32) */
  keel_view test_data, test_labels;                      /* data == NULL: no evaluation */
  uint32_t epochs;                                       /* 0: nothing is trained, the model is evaluated once */
  uint32_t batch;                                        /* 0: 128, or the model's capacity if that is less */
  uint64_t seed;                                         /* of the order of the cases; sets no state */
  const char *log;                                       /* NULL, or a file: one JSON object an epoch, one a line */
  const char *plot;                                      /* NULL, or a file: the curves as SVG */
  void (*on_epoch)(void *user, const keel_epoch *epoch); /* may be NULL */
  void (*on_step)(void *user, uint32_t epoch, uint64_t step, uint64_t steps, double loss); /* may be NULL */
  void *user;
} keel_train_options;

/* Trains through the entries `train_step(data, labels) -> loss` and `forward(data) -> prediction`. Every epoch visits
 * every case once, in an order that depends on the seed alone; the last batch may be smaller. A loss that is not finite
 * is an error. The files are written on success only. */
keel_status keel_train(keel_model *model, const keel_train_options *options, keel_error *error);

#ifdef __cplusplus
}
#endif
#endif
