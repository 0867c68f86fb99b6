/* A linear softmax classifier (64 inputs, 10 classes, plain SGD with momentum), written by hand as the compiler would
 * write it: kernels over row blocks of a fixed size, buffers in the arena, a derived copy of the weights that `prepare`
 * makes. The runtime's tests load it. Macros make variants that must be refused.
 */
#include "keel/artifact.h"

#include <math.h>

#ifndef VERSION
#define VERSION KEEL_ARTIFACT_VERSION
#endif
#ifndef MAGIC
#define MAGIC KEEL_ARTIFACT_MAGIC
#endif
#ifndef FEATURES
#define FEATURES ""
#endif
#ifndef QUERY
#define QUERY keel_artifact_query
#endif

enum { INPUTS = 64, CLASSES = 10, CAPACITY = 128, ROWS = 16 };

typedef struct Rows {
  const float *x, *weight, *bias;
  const int32_t *labels; /* NULL: forward only */
  float *result;         /* logits, or their gradient */
  float *losses;
  int64_t batch;
} Rows;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* One row block: logits = x W + b, and in training dlogits = (softmax(logits) - onehot) / batch. */
static void rows_body(const void *captured, int64_t begin, int64_t end, void *scratch) {
  const Rows *c = captured;
  float *logits = scratch;
  for (int64_t row = begin * ROWS; row < least(end * ROWS, c->batch); ++row) {
    for (int n = 0; n < CLASSES; ++n) {
      float sum = c->bias[n];
      for (int k = 0; k < INPUTS; ++k)
        sum += c->x[row * INPUTS + k] * c->weight[n * INPUTS + k];
      logits[n] = sum;
    }
    float largest = logits[0], sum = 0;
    for (int n = 1; n < CLASSES; ++n)
      largest = fmaxf(largest, logits[n]);
    for (int n = 0; c->labels && n < CLASSES; ++n)
      sum += expf(logits[n] - largest);
    for (int n = 0; n < CLASSES; ++n)
      c->result[row * CLASSES + n] =
          c->labels ? (expf(logits[n] - largest) / sum - (n == c->labels[row])) / (float)c->batch : logits[n];
    if (c->labels)
      c->losses[row] = logf(sum) + largest - logits[c->labels[row]];
  }
}

typedef struct Update {
  const float *x, *gradient, *losses, *rate, *momentum;
  float *weight, *bias, *velocity, *loss;
  int64_t batch, *steps;
} Update;

/* Inputs [8 begin, 8 end) of the weights. */
static void update_body(const void *captured, int64_t begin, int64_t end, void *scratch) {
  const Update *c = captured;
  (void)scratch;
  for (int64_t k = begin * 8; k < end * 8; ++k)
    for (int n = 0; n < CLASSES; ++n) {
      float sum = 0;
      for (int64_t row = 0; row < c->batch; ++row)
        sum += c->x[row * INPUTS + k] * c->gradient[row * CLASSES + n];
      float *velocity = &c->velocity[k * CLASSES + n];
      *velocity = *c->momentum * *velocity + sum;
      c->weight[k * CLASSES + n] -= *c->rate * *velocity;
    }
}

static void finish_body(const void *captured, int64_t begin, int64_t end, void *scratch) {
  const Update *c = captured;
  (void)begin, (void)end, (void)scratch;
  float loss = 0;
  for (int64_t row = 0; row < c->batch; ++row) {
    loss += c->losses[row];
    for (int n = 0; n < CLASSES; ++n)
      c->bias[n] -= *c->rate * c->gradient[row * CLASSES + n];
  }
  *c->loss = loss / (float)c->batch;
  ++*c->steps;
}

typedef struct Transpose {
  const float *weight;
  float *transposed;
} Transpose;

static void transpose_body(const void *captured, int64_t begin, int64_t end, void *scratch) {
  const Transpose *c = captured;
  (void)scratch;
  for (int64_t n = begin; n < end; ++n)
    for (int k = 0; k < INPUTS; ++k)
      c->transposed[n * INPUTS + k] = c->weight[k * CLASSES + n];
}

/* weight, weight.transposed */
static void prepare(keel_env *env, void *const *buffers, int64_t batch) {
  Transpose c = {buffers[0], buffers[1]};
  (void)batch;
  env->parallel(env, 0, transpose_body, &c, CLASSES);
}

/* bias, weight.transposed | x | logits */
static void forward(keel_env *env, void *const *buffers, int64_t batch) {
  Rows c = {buffers[2], buffers[1], buffers[0], 0, buffers[3], 0, batch};
  env->parallel(env, 0, rows_body, &c, (batch + ROWS - 1) / ROWS);
}

/* weight, bias, velocity, learning_rate, momentum, steps | x, labels | loss */
static void train_step(keel_env *env, void *const *buffers, int64_t batch) {
  float *gradient = env->arena, *losses = gradient + CAPACITY * CLASSES, *transposed = losses + CAPACITY;
  Transpose t = {buffers[0], transposed};
  env->parallel(env, 0, transpose_body, &t, CLASSES);
  Rows r = {buffers[6], transposed, buffers[1], buffers[7], gradient, losses, batch};
  env->parallel(env, 1, rows_body, &r, (batch + ROWS - 1) / ROWS);
  Update u = {buffers[6], gradient,   losses,     buffers[3], buffers[4], buffers[0],
              buffers[1], buffers[2], buffers[8], batch,      buffers[5]};
  env->parallel(env, 2, update_body, &u, INPUTS / 8);
  env->parallel(env, 3, finish_body, &u, 1);
}

static const int64_t weight_shape[] = {INPUTS, CLASSES}, transposed_shape[] = {CLASSES, INPUTS},
                     bias_shape[] = {CLASSES}, x_shape[] = {-1, INPUTS}, logits_shape[] = {-1, CLASSES},
                     labels_shape[] = {-1};
static const float momentum_value = 0.9f;

static const keel_artifact_state states[] = {
    {"weight", {KEEL_DTYPE_F32, 2, weight_shape}, KEEL_STATE_PARAMETER, KEEL_INIT_KAIMING_UNIFORM, 0, {INPUTS, 1, 0}},
    {"bias", {KEEL_DTYPE_F32, 1, bias_shape}, KEEL_STATE_PARAMETER, KEEL_INIT_ZEROS, 0, {0}},
    {"weight.velocity", {KEEL_DTYPE_F32, 2, weight_shape}, KEEL_STATE_OPTIMIZER, KEEL_INIT_ZEROS, 0, {0}},
    {"learning_rate", {KEEL_DTYPE_F32, 0, 0}, KEEL_STATE_SETTING, KEEL_INIT_CONSTANT, 0, {0.5, 0, 0}},
    {"momentum", {KEEL_DTYPE_F32, 0, 0}, KEEL_STATE_SETTING, KEEL_INIT_DATA, &momentum_value, {0}},
    {"steps", {KEEL_DTYPE_I64, 0, 0}, KEEL_STATE_OPTIMIZER, KEEL_INIT_ZEROS, 0, {0}},
    {"weight.transposed", {KEEL_DTYPE_F32, 2, transposed_shape}, KEEL_STATE_DERIVED, KEEL_INIT_ZEROS, 0, {0}},
};

static const keel_artifact_tensor inputs[] = {{KEEL_DTYPE_F32, 2, x_shape}, {KEEL_DTYPE_I32, 1, labels_shape}};
static const keel_artifact_tensor logits[] = {{KEEL_DTYPE_F32, 2, logits_shape}}, loss[] = {{KEEL_DTYPE_F32, 0, 0}};
static const uint32_t prepare_state[] = {0, 6}, prepare_access[] = {1, 2}, forward_state[] = {1, 6},
                      forward_access[] = {1, 1}, step_state[] = {0, 1, 2, 3, 4, 5}, step_access[] = {3, 3, 3, 1, 1, 3};
static const keel_artifact_kernel kernels[] = {{.name = "transpose", .location = "linear.mlir:3:5"},
                                               {.name = "softmax_gradient", .location = "linear.mlir:9:8"},
                                               {.name = "update", .location = "linear.mlir:12:3"},
                                               {.name = "finish", .location = ""}};
static const keel_artifact_kernel forward_kernels[] = {{.name = "linear", .location = "linear.mlir:5:8"}};

static const keel_artifact_entry entries[] = {
    {"prepare", 2, 0, 0, 1, prepare_state, prepare_access, 0, 0, kernels, 0, 0, 0, 0, prepare},
    {"forward", 2, 1, 1, 1, forward_state, forward_access, inputs, logits, forward_kernels, CAPACITY, 1, 0,
     CLASSES * sizeof(float), forward},
    {"train_step", 6, 2, 1, 4, step_state, step_access, inputs, loss, kernels, CAPACITY, 0,
     (CAPACITY * CLASSES + CAPACITY + INPUTS * CLASSES) * sizeof(float), CLASSES * sizeof(float), train_step},
};

static const keel_artifact_program programs[] = {{.target = "native",
                                                  .kind = KEEL_PROGRAM_CPU,
                                                  .features = FEATURES,
                                                  .num_entries = sizeof entries / sizeof *entries,
                                                  .entries = entries}};

static const keel_artifact artifact = {MAGIC, VERSION, sizeof states / sizeof *states, states,
                                       sizeof programs / sizeof *programs, programs};

const keel_artifact *QUERY(void) { return &artifact; }
