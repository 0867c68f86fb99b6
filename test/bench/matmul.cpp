// Times a compiled matmul (test/bench/matmul) against the measured FMA peak: GFLOP/s on one thread and on all.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string_view>
#include <time.h>
#include <vector>

#include "keel/artifact.h"
#include "runtime/model/ThreadPool.h"

using keel::runtime::ThreadPool;

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One thread is timed by the time that it had the core.
static double threadNow() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

static float *allocate(int64_t count) {
  return static_cast<float *>(aligned_alloc(4096, (count * 4 + 8191) / 4096 * 4096));
}

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float Vector __attribute__((vector_size(lanes * 4)));

static double burnFma(int64_t rounds) {
  Vector sums[12], x = {}, y = {};
  for (int lane = 0; lane < lanes; ++lane)
    x[lane] = 1.0001f, y[lane] = 1e-9f;
  for (Vector &sum : sums)
    sum = x;
  double start = threadNow();
  for (int64_t round = 0; round < rounds; ++round) {
#pragma clang loop unroll(full)
    for (int index = 0; index < 12; ++index)
      sums[index] = sums[index] * x + y;
    asm volatile("" : "+v"(x));
  }
  double seconds = threadNow() - start;
  Vector total = sums[0];
  for (int index = 1; index < 12; ++index)
    total += sums[index];
  volatile float sink = total[0];
  (void)sink;
  return 2e-9 * 12 * lanes * rounds / seconds;
}

static double measurePeak(ThreadPool &pool) {
  double best = 0;
  std::vector<double> rates(pool.threads());
  for (int repeat = 0; repeat < 40; ++repeat) {
    auto burn = [](const void *rates, int64_t begin, int64_t end, void *) {
      for (int64_t thread = begin; thread < end; ++thread)
        (*(std::vector<double> *)rates)[thread] = burnFma(500000);
    };
    pool.run(burn, &rates, pool.threads());
    best = std::max(best, std::accumulate(rates.begin(), rates.end(), 0.0));
  }
  return best;
}

// What the compiled code sees of the runtime; the kernels that pack are timed apart.
struct Environment : keel_env {
  ThreadPool &pool;
  const keel_artifact_entry &entry;
  double packing = 0, multiplying = 0;
  std::atomic<double> busy{0}; // of all threads, the time that they had a core

  Environment(ThreadPool &pool, const keel_artifact_entry &entry) : pool(pool), entry(entry) {
    arena = allocate(entry.arena_bytes / 4 + 16);
    pool.reserveScratch(entry.scratch_bytes + 64);
    parallel = [](keel_env *env, uint32_t kernel, keel_kernel_body body, const void *captured, int64_t count) {
      static_cast<Environment *>(env)->run(kernel, body, captured, count);
    };
  }
  double clock() const { return pool.threads() == 1 ? threadNow() : now(); }
  void run(uint32_t kernel, keel_kernel_body body, const void *captured, int64_t count) {
    bool packs = !strncmp(entry.kernels[kernel].name, "pack", 4);
    struct Timed {
      keel_kernel_body body;
      const void *captured;
      std::atomic<double> *busy;
    } timed{body, captured, &busy};
    auto timedBody = [](const void *data, int64_t begin, int64_t end, void *scratch) {
      auto &timed = *static_cast<const Timed *>(data);
      double first = threadNow();
      timed.body(timed.captured, begin, end, scratch);
      *timed.busy += threadNow() - first;
    };
    double start = clock();
    if (timesThreads && !packs)
      pool.run(timedBody, &timed, count);
    else
      pool.run(body, captured, count);
    (packs ? packing : multiplying) += clock() - start;
  }
  bool timesThreads = false; // asking for a thread's time takes time: in calls of their own
};

// FORM BATCH N K: nn C[b, n] = A[b, k]·W[k, n]; dx C[b, n] = A[b, k]·W[n, k]ᵀ; dw C[k, n] = A[b, k]ᵀ·B[b, n].
int main(int argc, char **argv) {
  std::string_view form = argv[1];
  int64_t batch = atol(argv[2]), n = atol(argv[3]), k = atol(argv[4]);
  double seconds = atof(argv[5]);
  int maxThreads = atoi(argv[6]);
  const keel_artifact &artifact = *keel_artifact_query();
  const keel_artifact_program &program = artifact.programs[0];
  auto findEntry = [&](std::string_view name) -> const keel_artifact_entry * {
    for (uint32_t index = 0; index < program.num_entries; ++index)
      if (program.entries[index].name == name)
        return &program.entries[index];
    return nullptr;
  };
  const keel_artifact_entry &entry = *findEntry("forward");
  bool isGradient = form == "dw", transposed = form == "dx";
  int64_t sizeB = isGradient ? batch * n : n * k, sizeC = isGradient ? k * n : batch * n;
  float *a = allocate(batch * k), *b = allocate(sizeB), *c = allocate(sizeC);
  for (int64_t i = 0; i < batch * k; ++i)
    a[i] = float(i * 7919 % 13) - 6;
  for (int64_t i = 0; i < sizeB; ++i)
    b[i] = float(i * 104729 % 11) - 5;
  // The weight, and its packed copy where the compiler keeps one.
  std::vector<float *> states;
  for (uint32_t index = 0; index < artifact.num_states; ++index) {
    int64_t size = 1;
    for (uint32_t dim = 0; dim < artifact.states[index].type.rank; ++dim)
      size *= artifact.states[index].type.shape[dim];
    states.push_back(std::string_view(artifact.states[index].name) == "w" ? b : allocate(size));
  }
  auto getBuffers = [&](const keel_artifact_entry &called, std::vector<void *> operands) {
    std::vector<void *> buffers;
    for (uint32_t index = 0; index < called.num_state; ++index)
      buffers.push_back(states[called.state[index]]);
    buffers.insert(buffers.end(), operands.begin(), operands.end());
    return buffers;
  };
  std::vector<void *> buffers =
      getBuffers(entry, isGradient ? std::vector<void *>{a, b, c} : std::vector<void *>{a, c});
  double preparing = 0;
  if (const keel_artifact_entry *prepare = findEntry("prepare")) {
    ThreadPool pool(1);
    Environment env(pool, *prepare);
    for (int repeat = 0; repeat < 3; ++repeat) {
      double start = threadNow();
      prepare->call(&env, getBuffers(*prepare, {}).data(), 1);
      preparing = threadNow() - start;
    }
  }

  printf("%-3s %5ld %5ld %5ld ", argv[1], batch, n, k);
  for (int threads = 1; threads <= maxThreads; threads += std::max(1, maxThreads - 1)) {
    ThreadPool pool(threads);
    Environment env(pool, entry);
    double peak = measurePeak(pool);
    entry.call(&env, buffers.data(), batch);
    int64_t rows = isGradient ? k : batch, depth = isGradient ? batch : k;
    for (int64_t i = 0; i<rows; i += rows> 64 ? 61 : 1)
      for (int64_t j = 0; j < n; j += 7) {
        double sum = 0;
        for (int64_t l = 0; l < depth; ++l)
          sum += double(isGradient ? a[l * k + i] : a[i * k + l]) * (transposed ? b[j * k + l] : b[l * n + j]);
        if (sum != c[i * n + j])
          return printf("wrong: C[%ld, %ld] is %g, not %g\n", i, j, c[i * n + j], sum), 1;
      }
    // On a shared machine a sample counts only if the core was at its peak before and after it.
    std::vector<double> times, disturbed, packing, busy;
    for (double start = now();
         (now() - start < seconds || times.size() + disturbed.size() < 9) && times.size() < 20000;) {
      double first = threads == 1 ? burnFma(30000) : peak;
      env.packing = env.multiplying = 0;
      entry.call(&env, buffers.data(), batch);
      double last = threads == 1 ? burnFma(30000) : peak;
      (std::min(first, last) > 0.96 * peak ? times : disturbed).push_back(env.multiplying);
      packing.push_back(env.packing);
      if (threads > 1) {
        env.timesThreads = true;
        env.busy = 0;
        entry.call(&env, buffers.data(), batch);
        busy.push_back(env.busy / threads);
        env.timesThreads = false;
      }
    }
    size_t quiet = times.size();
    if (times.empty())
      times = disturbed;
    std::sort(times.begin(), times.end());
    std::sort(packing.begin(), packing.end());
    double work = 2e-9 * batch * n * k, median = work / times[times.size() / 2], best = work / times[0];
    printf("| %d thread%s median %6.1f GFLOP/s (%3.0f%% of %.0f), best %6.1f (%3.0f%%), packing %2.0f%%, %zu quiet of "
           "%zu ",
           threads, threads > 1 ? "s" : " ", median, 100 * median / peak, peak, best, 100 * best / peak,
           100 * (packing[packing.size() / 2] + preparing) / times[times.size() / 2], quiet, quiet + disturbed.size());
    if (threads > 1) {
      std::sort(busy.begin(), busy.end());
      printf("| while running %6.1f GFLOP/s (%3.0f%%) ", work / busy[busy.size() / 2],
             100 * work / busy[busy.size() / 2] / peak);
    }
  }
  puts("");
}
