// Kernels as a model: an entry for each, f(i32[2048]) -> i32[2048], one block of 128 threads (or a cluster of them). So
// keel-run runs them on a GPU, in the emulator, or through the driver's stand-in. Compiled with IMAGE, a cubin's path, TARGET
// and SM; linked with what keel-emulate makes of the same kernels.
#include "keel/artifact.h"
#include "runtime/emulator/Abi.h"

enum { THREADS = 128, WORDS = 16, MOST = 128 };

__asm__(".section .rodata\n.balign 64\ngolden_image: .incbin \"" IMAGE "\"\ngolden_image_end:\n.previous");
extern const char golden_image[] __attribute__((visibility("hidden"))), golden_image_end[] __attribute__((visibility("hidden")));

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
  static keel_artifact_program program;
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
  program.target = TARGET;
  program.kind = KEEL_PROGRAM_CUDA;
  program.features = "";
  program.sm = SM;
  program.sm_specific = SM >= 90;
  program.image = golden_image;
  program.image_bytes = (uint64_t)(golden_image_end - golden_image);
  program.num_entries = module->num_kernels;
  program.entries = entries;
  program.num_imports = module->num_imports;
  program.imports = module->imports;
  artifact.version = KEEL_ARTIFACT_VERSION;
  artifact.num_programs = 1;
  artifact.programs = &program;
  artifact.magic = KEEL_ARTIFACT_MAGIC;
  return &artifact;
}
