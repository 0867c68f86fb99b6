// Times one kernel of test/bench/matmul against the measured FMA peak: GFLOP/s on one thread and on all.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <time.h>
#include <vector>

template <int rank> struct Memref {
  float *allocated, *aligned;
  int64_t offset, sizes[rank], strides[rank];
};

// The row blocks [begin, end) of C.
extern "C" void _mlir_ciface_blocks(Memref<2> *a, Memref<B_RANK> *b, Memref<2> *c, int64_t begin, int64_t end);

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One thread is timed by the time that it had the core.
static double threadNow() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

static float *allocate(int64_t count) { return static_cast<float *>(aligned_alloc(4096, (count * 4 + 8191) / 4096 * 4096)); }

// A pool that spins: the benchmark measures the kernel, not the runtime.
struct Pool {
  explicit Pool(int threads) : threads(threads) {
    for (int index = 1; index < threads; ++index)
      workers.emplace_back([this, index] { work(index); });
  }
  ~Pool() {
    stop = true;
    ++epoch;
    for (std::thread &worker : workers)
      worker.join();
  }
  template <class Body> void run(int64_t count, Body body) {
    if (threads == 1)
      return body(0, count);
    job = [](void *data, int64_t begin, int64_t end) { (*static_cast<Body *>(data))(begin, end); };
    argument = &body;
    blocks = count;
    next = 0;
    done = 0;
    ++epoch;
    take();
    while (done.load() != threads - 1)
      std::this_thread::yield();
  }
  void take() {
    for (int64_t block; (block = next++) < blocks;)
      job(argument, block, block + 1);
  }
  void work(int) {
    for (int seen = 0; true;) {
      while (epoch.load() == seen)
        std::this_thread::yield();
      ++seen;
      if (stop)
        return;
      take();
      ++done;
    }
  }
  int threads;
  std::vector<std::thread> workers;
  void (*job)(void *, int64_t, int64_t) = nullptr;
  void *argument = nullptr;
  int64_t blocks = 0;
  std::atomic<int64_t> next{0};
  std::atomic<int> epoch{0}, done{0};
  std::atomic<bool> stop{false};
};

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

static double measurePeak(Pool &pool) {
  double best = 0;
  for (int repeat = 0; repeat < 40; ++repeat) {
    std::atomic<double> sum{0};
    pool.run(pool.threads, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block)
        sum += burnFma(500000);
    });
    best = std::max(best, sum.load());
  }
  return best;
}

int main(int argc, char **argv) {
  int64_t m = atol(argv[1]), n = atol(argv[2]), k = atol(argv[3]), block = atol(argv[4]), panel = atol(argv[5]);
  bool transposed = atoi(argv[6]);
  int64_t panels = panel ? (n + panel - 1) / panel : 0;
  float *a = allocate(m * k), *b = allocate(panel ? panels * panel * k : n * k), *c = allocate(m * n);
  std::vector<float> plain(n * k);
  for (int64_t i = 0; i < m * k; ++i)
    a[i] = float(i * 7919 % 13) - 6;
  for (int64_t i = 0; i < n * k; ++i)
    plain[i] = float(i * 104729 % 11) - 5;
  for (int64_t row = 0; row < k; ++row)
    for (int64_t column = 0; column < (panel ? panels * panel : n); ++column)
      b[panel ? column / panel * panel * k + row * panel + column % panel : row * n + column] =
          column < n ? plain[row * n + column] : 0;
  Memref<2> ma = {a, a, 0, {transposed ? k : m, transposed ? m : k}, {transposed ? m : k, 1}}, mc = {c, c, 0, {m, n}, {n, 1}};
#if B_RANK == 3
  Memref<3> mb = {b, b, 0, {panels, k, panel}, {k * panel, panel, 1}};
#else
  Memref<2> mb = {b, b, 0, {k, n}, {n, 1}};
#endif
  int64_t blocks = (m + block - 1) / block;
  double seconds = getenv("SECONDS_A_CASE") ? atof(getenv("SECONDS_A_CASE")) : 0.5;
  std::string_view name = argv[7];
  printf("%-8s %5ld %5ld %5ld ", name.data(), m, n, k);
  for (int threads : {1, int(std::thread::hardware_concurrency())}) {
    if (getenv("ONE") && threads > 1)
      break;
    Pool pool(threads);
    auto call = [&] {
      pool.run(blocks, [&](int64_t begin, int64_t end) { _mlir_ciface_blocks(&ma, &mb, &mc, begin, end); });
    };
    double peak = measurePeak(pool);
    call();
    double worst = 0;
    for (int64_t i = 0; i < m; i += m > 64 ? 61 : 1)
      for (int64_t j = 0; j < n; j += 7) {
        double sum = 0;
        for (int64_t l = 0; l < k; ++l)
          sum += double(transposed ? a[l * m + i] : a[i * k + l]) * plain[l * n + j];
        worst = std::max(worst, std::fabs(sum - c[i * n + j]));
      }
    if (worst != 0)
      return printf("wrong by %g\n", worst), 1;
    // On a shared machine a sample counts only if the core was at its peak before and after it.
    std::vector<double> times, disturbed;
    for (double start = now(); (now() - start < seconds || times.size() + disturbed.size() < 9) && times.size() < 20000;) {
      double first = threads == 1 ? burnFma(30000) : peak, before = threads == 1 ? threadNow() : now();
      call();
      double elapsed = (threads == 1 ? threadNow() : now()) - before, last = threads == 1 ? burnFma(30000) : peak;
      (std::min(first, last) > 0.96 * peak ? times : disturbed).push_back(elapsed);
    }
    size_t quiet = times.size();
    if (times.empty())
      times = disturbed;
    std::sort(times.begin(), times.end());
    double work = 2e-9 * m * n * k, median = work / times[times.size() / 2], best = work / times[0];
    printf("| %d thread%s median %6.1f GFLOP/s (%3.0f%% of %.0f), best %6.1f (%3.0f%%), %zu quiet samples of %zu ", threads,
           threads > 1 ? "s" : " ", median, 100 * median / peak, peak, best, 100 * best / peak, quiet,
           quiet + disturbed.size());
  }
  puts("");
}
