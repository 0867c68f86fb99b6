/* linear_model.c for GPUs, as the compiler would write it: each kernel in its emulated form, one C function that a thread
 * runs, and an image that only the stand-in of the CUDA driver takes. The same sums in the same order as on the CPU, so the
 * same bits. -DWITH_CPU=0 leaves the CPU's program out, -DEMULATED=0 the emulated forms, -DSM=… changes the target;
 * from 90 on the kernels wait for the one before them (-DWAIT=0: they do not).
 */
#define QUERY linear_cpu_query
#include "linear_model.c"

#include "runtime/emulator/Abi.h"

#ifndef WITH_CPU
#define WITH_CPU 1
#endif
#ifndef EMULATED
#define EMULATED 1
#endif
#ifndef SM
#define SM 80
#endif
#define STARTS_EARLY (SM >= 90)
#ifndef WAIT
#define WAIT STARTS_EARLY
#endif
#define TEXT(x) #x
#define EXPAND(x) TEXT(x)

enum { ROW_THREADS = 32, UPDATE_THREADS = 80 };

static keel_emulator_import imports[] = {{.name = "access"}, {.name = "barrier.cta.sync.aligned"}, {.name = "griddepcontrol.wait"}};

static float load(keel_emulated_thread *thread, const float *address, const keel_emulator_site *site) {
  if (thread->checked)
    address = ((keel_emulated_access)imports[0].function)(thread, (uint64_t)address, KEEL_EMULATED_WHAT(4, 0, 1, 2), site);
  return *address;
}
static void store(keel_emulated_thread *thread, float *address, float value, const keel_emulator_site *site) {
  if (thread->checked)
    address = ((keel_emulated_access)imports[0].function)(thread, (uint64_t)address, KEEL_EMULATED_WHAT(4, 1, 1, 2), site);
  *address = value;
}
#define LOAD(site, address) load(thread, address, &site)
#define STORE(site, address, value) store(thread, address, value, &site)
#define SITE(name, kernel, location, text, import) static const keel_emulator_site name = {kernel, location, text, &imports[import], 0, 0}
static void wait_for_earlier(keel_emulated_thread *thread) {
  SITE(wait, "", "", "griddepcontrol.wait", 2);
  uint64_t out[2];
  if (WAIT)
    ((keel_emulated_instruction)imports[2].function)(thread, 0, out, &wait);
}
static uint32_t thread_of(const keel_emulated_thread *thread) { return thread->registers[KEEL_EMULATED_TID_X]; }
static uint32_t block_of(const keel_emulated_thread *thread) { return thread->registers[KEEL_EMULATED_CTAID_X]; }

/* weight, transposed: a block for each class. */
static void transpose_thread(keel_emulated_thread *thread, const uint64_t *arguments) {
  SITE(read, "transpose", "linear.mlir:3:5", "ld.global.f32", 0);
  SITE(write, "transpose", "linear.mlir:3:5", "st.global.f32", 0);
  uint32_t n = block_of(thread), k = thread_of(thread);
  const float *weight = (const float *)arguments[0];
  wait_for_earlier(thread);
  STORE(write, (float *)arguments[1] + n * INPUTS + k, LOAD(read, weight + k * CLASSES + n));
}

/* x, weight.transposed, bias, labels, result, losses, batch: a thread for each row, logits in shared memory. */
static void rows_thread(keel_emulated_thread *thread, const uint64_t *arguments) {
  SITE(read, "softmax_gradient", "linear.mlir:9:8", "ld.global.f32", 0);
  SITE(write, "softmax_gradient", "linear.mlir:9:8", "st.global.f32", 0);
  const float *x = (const float *)arguments[0], *weight = (const float *)arguments[1], *bias = (const float *)arguments[2];
  const int32_t *labels = (const int32_t *)arguments[3];
  float *result = (float *)arguments[4], *losses = (float *)arguments[5];
  int64_t batch = (int64_t)arguments[6], row = (int64_t)block_of(thread) * ROW_THREADS + thread_of(thread);
  float *logits = (float *)thread->shared + thread_of(thread) * CLASSES;
  wait_for_earlier(thread);
  if (row >= batch)
    return;
  for (int n = 0; n < CLASSES; ++n) {
    float sum = LOAD(read, bias + n);
    for (int k = 0; k < INPUTS; ++k)
      sum += LOAD(read, x + row * INPUTS + k) * LOAD(read, weight + n * INPUTS + k);
    logits[n] = sum;
  }
  float largest = logits[0], sum = 0;
  for (int n = 1; n < CLASSES; ++n)
    largest = fmaxf(largest, logits[n]);
  for (int n = 0; labels && n < CLASSES; ++n)
    sum += expf(logits[n] - largest);
  for (int n = 0; n < CLASSES; ++n)
    STORE(write, result + row * CLASSES + n,
          labels ? (expf(logits[n] - largest) / sum - (n == labels[row])) / (float)batch : logits[n]);
  if (labels)
    STORE(write, losses + row, logf(sum) + largest - logits[labels[row]]);
}

/* x, gradient, rate, momentum, weight, velocity, batch: 8 inputs a block. */
static void update_thread(keel_emulated_thread *thread, const uint64_t *arguments) {
  SITE(read, "update", "linear.mlir:12:3", "ld.global.f32", 0);
  SITE(write, "update", "linear.mlir:12:3", "st.global.f32", 0);
  const float *x = (const float *)arguments[0], *gradient = (const float *)arguments[1];
  const float *rate = (const float *)arguments[2], *momentum = (const float *)arguments[3];
  float *weight = (float *)arguments[4], *velocity = (float *)arguments[5];
  uint32_t k = block_of(thread) * 8 + thread_of(thread) / CLASSES, n = thread_of(thread) % CLASSES;
  float sum = 0;
  wait_for_earlier(thread);
  for (uint64_t row = 0; row < arguments[6]; ++row)
    sum += LOAD(read, x + row * INPUTS + k) * LOAD(read, gradient + row * CLASSES + n);
  float moved = LOAD(read, momentum) * LOAD(read, velocity + k * CLASSES + n) + sum;
  STORE(write, velocity + k * CLASSES + n, moved);
  STORE(write, weight + k * CLASSES + n, LOAD(read, weight + k * CLASSES + n) - LOAD(read, rate) * moved);
}

/* gradient, losses, rate, bias, loss, steps, arrivals, batch: one block; the loss goes through shared memory. */
static void finish_thread(keel_emulated_thread *thread, const uint64_t *arguments) {
  SITE(read, "finish", "", "ld.global.f32", 0);
  SITE(write, "finish", "", "st.global.f32", 0);
  static const keel_emulator_site barrier = {"finish", "", "barrier.cta.sync.aligned", &imports[1], 1, 0};
  const float *gradient = (const float *)arguments[0], *losses = (const float *)arguments[1], *rate = (const float *)arguments[2];
  float *bias = (float *)arguments[3], *shared = (float *)thread->shared;
  uint64_t batch = arguments[7], in[1] = {0}, out[2];
  uint32_t n = thread_of(thread);
  wait_for_earlier(thread);
  if (n == 0) {
    *shared = 0;
    for (uint64_t row = 0; row < batch; ++row)
      *shared += LOAD(read, losses + row);
  }
  ((keel_emulated_instruction)imports[1].function)(thread, in, out, &barrier);
  for (uint64_t row = 0; n < CLASSES && row < batch; ++row)
    STORE(write, bias + n, LOAD(read, bias + n) - LOAD(read, rate) * LOAD(read, gradient + row * CLASSES + n));
  if (n == 31) {
    STORE(write, (float *)arguments[4], *shared / (float)batch);
    ++*(int64_t *)arguments[5];
    ++*(int32_t *)arguments[6];
  }
}

#if EMULATED
#define FORM(function) function
#else
#define FORM(function) 0
#endif
#define TRANSPOSE                                                                                                      \
  {.name = "transpose", .location = "linear.mlir:3:5", .symbol = "transpose", .threads = INPUTS, .waits = STARTS_EARLY, \
   .num_arguments = 2, .registers = 12, .emulated = FORM(transpose_thread)}
#define ROWS(kernel, place)                                                                                            \
  {.name = kernel, .location = place, .symbol = kernel, .threads = ROW_THREADS, .shared_bytes = ROW_THREADS * CLASSES * 4, \
   .waits = STARTS_EARLY, .num_arguments = 7, .registers = 40, .schedule = "a thread for each row", .emulated = FORM(rows_thread)}
static const keel_artifact_kernel gpu_prepare_kernels[] = {TRANSPOSE};
static const keel_artifact_kernel gpu_forward_kernels[] = {ROWS("linear", "linear.mlir:5:8")};
static const keel_artifact_kernel gpu_step_kernels[] = {
    TRANSPOSE,
    ROWS("softmax_gradient", "linear.mlir:9:8"),
    {.name = "update", .location = "linear.mlir:12:3", .symbol = "update", .threads = UPDATE_THREADS, .waits = STARTS_EARLY,
     .num_arguments = 7, .emulated = FORM(update_thread)},
    {.name = "finish", .location = "", .symbol = "finish", .threads = 32, .shared_bytes = 4, .waits = STARTS_EARLY,
     .num_arguments = 8, .emulated = FORM(finish_thread)},
};

static void gpu_prepare(keel_env *env, void *const *buffers, int64_t batch) {
  uint64_t arguments[] = {(uint64_t)buffers[0], (uint64_t)buffers[1]};
  (void)batch;
  env->launch(env, 0, CLASSES, arguments);
}

static void gpu_forward(keel_env *env, void *const *buffers, int64_t batch) {
  uint64_t arguments[] = {(uint64_t)buffers[2], (uint64_t)buffers[1], (uint64_t)buffers[0], 0,
                          (uint64_t)buffers[3], 0,                    (uint64_t)batch};
  env->launch(env, 0, (uint32_t)((batch + ROW_THREADS - 1) / ROW_THREADS), arguments);
}

/* weight, bias, velocity, learning_rate, momentum, steps, arrivals | x, labels | loss */
static void gpu_train_step(keel_env *env, void *const *buffers, int64_t batch) {
  uint64_t gradient = (uint64_t)env->arena, losses = gradient + CAPACITY * CLASSES * 4, transposed = losses + CAPACITY * 4;
  uint64_t b[10], rows = (uint64_t)batch;
  for (int i = 0; i < 10; ++i)
    b[i] = (uint64_t)buffers[i];
  uint64_t transpose[] = {b[0], transposed};
  env->launch(env, 0, CLASSES, transpose);
  uint64_t forward[] = {b[7], transposed, b[1], b[8], gradient, losses, rows};
  env->launch(env, 1, (uint32_t)((batch + ROW_THREADS - 1) / ROW_THREADS), forward);
  uint64_t update[] = {b[7], gradient, b[3], b[4], b[0], b[2], rows};
  env->launch(env, 2, INPUTS / 8, update);
  uint64_t finish[] = {gradient, losses, b[3], b[1], b[9], b[5], b[6], rows};
  env->launch(env, 3, 1, finish);
}

/* The CPU's state, and a counter of the kernels' own, which nothing prepares and nothing resets. */
static const keel_artifact_state gpu_states[] = {
    {"weight", {KEEL_DTYPE_F32, 2, weight_shape}, KEEL_STATE_PARAMETER, KEEL_INIT_KAIMING_UNIFORM, 0, {INPUTS, 1, 0}},
    {"bias", {KEEL_DTYPE_F32, 1, bias_shape}, KEEL_STATE_PARAMETER, KEEL_INIT_ZEROS, 0, {0}},
    {"weight.velocity", {KEEL_DTYPE_F32, 2, weight_shape}, KEEL_STATE_OPTIMIZER, KEEL_INIT_ZEROS, 0, {0}},
    {"learning_rate", {KEEL_DTYPE_F32, 0, 0}, KEEL_STATE_SETTING, KEEL_INIT_CONSTANT, 0, {0.5, 0, 0}},
    {"momentum", {KEEL_DTYPE_F32, 0, 0}, KEEL_STATE_SETTING, KEEL_INIT_DATA, &momentum_value, {0}},
    {"steps", {KEEL_DTYPE_I64, 0, 0}, KEEL_STATE_OPTIMIZER, KEEL_INIT_ZEROS, 0, {0}},
    {"weight.transposed", {KEEL_DTYPE_F32, 2, transposed_shape}, KEEL_STATE_DERIVED, KEEL_INIT_ZEROS, 0, {0}},
    {"arrivals", {KEEL_DTYPE_I32, 0, 0}, KEEL_STATE_DERIVED, KEEL_INIT_ZEROS, 0, {0}},
};
static const uint32_t gpu_step_state[] = {0, 1, 2, 3, 4, 5, 7}, gpu_step_access[] = {3, 3, 3, 1, 1, 3, 3};

static const keel_artifact_entry gpu_entries[] = {
    {"prepare", 2, 0, 0, 1, prepare_state, prepare_access, 0, 0, gpu_prepare_kernels, 0, 0, 0, 0, gpu_prepare},
    {"forward", 2, 1, 1, 1, forward_state, forward_access, inputs, logits, gpu_forward_kernels, CAPACITY, 1, 0, 0, gpu_forward},
    {"train_step", 7, 2, 1, 4, gpu_step_state, gpu_step_access, inputs, loss, gpu_step_kernels, CAPACITY, 0,
     (CAPACITY * CLASSES + CAPACITY + INPUTS * CLASSES) * sizeof(float), 0, gpu_train_step},
};

static const char image[] = "no cubin";

static const keel_artifact_program gpu_programs[] = {
#if WITH_CPU
    {.target = "native",
     .kind = KEEL_PROGRAM_CPU,
     .features = FEATURES,
     .num_entries = sizeof entries / sizeof *entries,
     .entries = entries},
#endif
    {.target = "sm_" EXPAND(SM),
     .kind = KEEL_PROGRAM_CUDA,
     .sm = SM,
     .image = image,
     .image_bytes = sizeof image,
     .num_entries = sizeof gpu_entries / sizeof *gpu_entries,
     .entries = gpu_entries,
     .num_imports = EMULATED ? sizeof imports / sizeof *imports : 0,
     .imports = imports},
};

static const keel_artifact gpu_artifact = {MAGIC, VERSION, sizeof gpu_states / sizeof *gpu_states, gpu_states,
                                           sizeof gpu_programs / sizeof *gpu_programs, gpu_programs};

const keel_artifact *keel_artifact_query(void) { return &gpu_artifact; }
