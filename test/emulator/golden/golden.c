// Kernels as a model: an entry for each, f(i32[2048]) -> i32[2048], one block of 128 threads (or a cluster of them). So
// keel-run runs them on a GPU, in the emulator, or through the driver's stand-in. Compiled with IMAGES: IMAGE(sm_80, "cubin's
// path") for each target; linked with what keel-emulate makes of the same kernels.
#include "keel/artifact.h"
#include "runtime/emulator/Abi.h"
#include <stdlib.h>

enum { THREADS = 128, WORDS = 16, MOST = 128, TARGETS = 4 };

#define HIDDEN __attribute__((visibility("hidden")))
#define IMAGE(target, path)                                                                                            \
  __asm__(".section .rodata\n.balign 64\ngolden_" #target ": .incbin \"" path "\"\ngolden_" #target "_end:\n.previous"); \
  extern const char golden_##target[] HIDDEN, golden_##target##_end[] HIDDEN;
IMAGES
#undef IMAGE
typedef struct {
  const char *target, *start, *end;
} Image;
#define IMAGE(target, path) {#target, golden_##target, golden_##target##_end},

static void call(keel_env *env, void *const *buffers, int64_t batch, uint32_t blocks) {
  (void)batch;
  uint64_t arguments[] = {(uint64_t)buffers[0], (uint64_t)buffers[1]};
  env->launch(env, 0, blocks, arguments);
}
static void callBlock(keel_env *env, void *const *buffers, int64_t batch) { call(env, buffers, batch, 1); }
static void callCluster(keel_env *env, void *const *buffers, int64_t batch) { call(env, buffers, batch, 2); }

const keel_artifact *keel_artifact_query(void) {
  static const int64_t shape[] = {THREADS * WORDS};
  static const keel_artifact_tensor words = {KEEL_DTYPE_I32, 1, shape};
  static keel_artifact_kernel kernels[MOST];
  static keel_artifact_entry entries[MOST];
  static keel_artifact_program programs[TARGETS];
  static keel_artifact artifact;
  if (artifact.magic)
    return &artifact;
  const keel_emulator_module *module = keel_emulator_query();
  if (module->num_kernels > MOST)
    return 0;
  for (uint32_t i = 0; i < module->num_kernels; ++i) {
    const keel_emulator_kernel *from = &module->kernels[i];
    keel_artifact_kernel kernel = {.name = from->name, .location = from->location, .symbol = from->name, .threads = THREADS,
                                   .shared_bytes = from->shared_bytes, .cluster = from->cluster, .num_arguments = 2, .emulated = from->entry};
    kernels[i] = kernel;
    keel_artifact_entry entry = {.name = from->name, .num_inputs = 1, .num_outputs = 1, .num_kernels = 1, .inputs = &words,
                                 .outputs = &words, .kernels = &kernels[i], .call = from->cluster > 1 ? callCluster : callBlock};
    entries[i] = entry;
  }
  const Image images[] = {IMAGES};
  _Static_assert(sizeof(images) / sizeof(*images) <= TARGETS, "more programs");
  for (const Image *image = images; image < images + sizeof(images) / sizeof(*images); ++image) {
    keel_artifact_program *program = &programs[artifact.num_programs++];
    char *letter;
    program->target = image->target;
    program->kind = KEEL_PROGRAM_CUDA;
    program->features = "";
    program->sm = strtoul(image->target + 3, &letter, 10);
    program->sm_specific = *letter == 'a';
    program->image = image->start;
    program->image_bytes = image->end - image->start;
    program->num_entries = module->num_kernels;
    program->entries = entries;
    program->num_imports = module->num_imports;
    program->imports = module->imports;
  }
  artifact.version = KEEL_ARTIFACT_VERSION;
  artifact.programs = programs;
  artifact.magic = KEEL_ARTIFACT_MAGIC;
  return &artifact;
}
