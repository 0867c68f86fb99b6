// A normalization's strategies in the cost model's numbers. Instructions an element are those that machine code has been
// counted to have (test/gpu/sass).
#include "passes/cost/StrategyCost.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace keel;

llvm::StringRef keel::nameOf(Strategy strategy) {
  switch (strategy) {
  case Strategy::RowComplete:
    return "row-complete";
  case Strategy::Cluster:
    return "cluster";
  case Strategy::RowBlockBarrier:
    return "row-block-barrier";
  case Strategy::Statistics:
    return "statistics";
  case Strategy::Deferred:
    return "deferred";
  }
  llvm_unreachable("all were named");
}

namespace {
/// Bias, activation, a store.
constexpr double plain = 2;
/// Columns of a tile where several share a row, or none does.
constexpr int64_t sharedTile = 128;
/// An operand's element that is normalized as it is loaded: once for each tile of the product's columns.
constexpr double prepared = 8;

class Estimator {
public:
  Estimator(const NormalizedRows &norm, const StrategyLimits &limits, const DeviceDescription &device)
      : norm(norm), limits(limits), device(device), elementBytes(norm.reads == KernelWork::Reads::Half ? 2 : 4) {}

  llvm::SmallVector<StrategyCost> run() const {
    llvm::SmallVector<StrategyCost> costs;
    int64_t blocks = llvm::divideCeil(norm.columns, sharedTile);
    bool isLong = norm.columns > limits.tile;
    if (!isLong)
      costs.push_back({Strategy::RowComplete, complete(std::max<int64_t>(64, llvm::PowerOf2Ceil(norm.columns)), 1, false)});
    // Clusters of more than 8 blocks are of 16.
    if (isLong && norm.columns <= limits.cluster && (blocks <= 8 || blocks == 16) && double(blocks) <= device.largestCluster)
      costs.push_back({Strategy::Cluster, complete(sharedTile, blocks, true)});
    if (isLong && norm.columns <= limits.barrier)
      costs.push_back({Strategy::RowBlockBarrier, complete(sharedTile, 1, true)});
    if (isLong)
      costs.push_back({Strategy::Statistics, statistics()});
    if (norm.canDefer)
      costs.push_back({Strategy::Deferred, deferred()});
    return costs;
  }

private:
  KernelWork product(int64_t columns, int64_t depth, int64_t tileColumns, double instructions) const {
    KernelWork work;
    work.rows = norm.rows, work.columns = columns, work.depth = depth, work.reads = norm.reads;
    work.tileRows = limits.hasWgmma ? 128 : 64, work.tileColumns = tileColumns;
    work.registers = std::min<int64_t>(255, work.tileRows * tileColumns / work.threads + 48);
    // A ring of stages; three of 64 bytes of depth.
    work.sharedBytes = limits.hasWgmma ? 200 << 10 : 3 * 64 * (work.tileRows + tileColumns);
    work.bytes = elementBytes * (double(norm.rows) * depth + double(depth) * columns + double(norm.rows) * columns);
    work.instructions = instructions;
    work.wgmma = limits.hasWgmma;
    work.pingpong = limits.hasWgmma && tileColumns <= sharedTile;
    return work;
  }
  double seconds(const KernelWork &work) const { return estimateCost(work, device).total(); }

  /// Of the product whose rows the gradient of the normalization is computed from.
  int64_t gradientDepth() const { return norm.readerColumns ? norm.readerColumns : norm.depth; }

  double complete(int64_t tileColumns, int64_t cluster, bool exchanges) const {
    auto ofProduct = [&](int64_t depth, double instructions, int64_t sums) {
      KernelWork work = product(norm.columns, depth, tileColumns, plain + instructions);
      if (exchanges) {
        work.exchanges = sums;
        work.cluster = cluster;
        work.exchange = cluster > 1 ? KernelWork::Exchange::Cluster : KernelWork::Exchange::Barrier;
        // Blocks that exchange through memory are clusters of two, which read shared rows together.
        if (cluster == 1 && limits.hasWgmma)
          work.cluster = 2;
        work.readers = limits.hasWgmma && 16 % work.cluster == 0 ? work.cluster : 1;
      }
      return seconds(work);
    };
    double forward = ofProduct(norm.depth, norm.isCentred ? 3.8 : 6.1, norm.isCentred ? 1 : 2);
    return forward + (norm.isTrained ? ofProduct(gradientDepth(), 7.8, 2) : 0);
  }

  /// Rows of so many tensors through memory, in a kernel of its own.
  double pass(double tensors, double instructions) const {
    KernelWork work;
    work.rows = norm.rows, work.columns = norm.columns;
    work.tileColumns = norm.columns;
    work.bytes = tensors * elementBytes * double(norm.rows) * norm.columns;
    work.instructions = instructions;
    return seconds(work);
  }

  /// What a product of so many columns costs more because it normalizes the rows as it loads them.
  double whileLoading(int64_t columns) const {
    double each = prepared * norm.columns / sharedTile;
    return seconds(product(columns, norm.columns, sharedTile, plain + each)) - seconds(product(columns, norm.columns, sharedTile, plain));
  }

  double statistics() const {
    bool canLoad = norm.readerColumns && norm.readerColumns <= limits.operandReuse;
    double forward = seconds(product(norm.columns, norm.depth, sharedTile, plain + (norm.isCentred ? 1 : 2)));
    forward += canLoad ? std::min(pass(2, 4), whileLoading(norm.readerColumns)) : pass(2, 4);
    if (!norm.isTrained)
      return forward;
    // The gradients of the product before, of its weights and of its operand, read the rows' gradient.
    double backward = seconds(product(norm.columns, gradientDepth(), sharedTile, plain + 3));
    return forward + backward + (canLoad ? std::min(pass(3, 6), 2 * whileLoading(norm.depth)) : pass(3, 6));
  }

  double deferred() const {
    double forward = seconds(product(norm.columns, norm.depth, sharedTile, plain + 1)) +
                     seconds(product(norm.readerColumns, norm.columns, sharedTile, plain + 1)) -
                     seconds(product(norm.readerColumns, norm.columns, sharedTile, plain));
    if (!norm.isTrained)
      return forward;
    // The weights that have taken scale and shift, and their gradient's way back, are launches of their own.
    double weights = 2 * device.launch + 3 * 4 * double(norm.columns) * norm.readerColumns / device.bandwidth;
    return forward + weights + seconds(product(norm.columns, gradientDepth(), sharedTile, plain + 3));
  }

  const NormalizedRows &norm;
  const StrategyLimits &limits;
  const DeviceDescription &device;
  double elementBytes;
};
} // namespace

llvm::SmallVector<StrategyCost> keel::estimateStrategies(const NormalizedRows &rows, const StrategyLimits &limits,
                                                         const DeviceDescription &device) {
  return Estimator(rows, limits, device).run();
}

Strategy keel::chooseStrategy(llvm::ArrayRef<StrategyCost> costs) {
  auto least = std::min_element(costs.begin(), costs.end(), [](const StrategyCost &a, const StrategyCost &b) { return a.seconds < b.seconds; });
  return std::find_if(costs.begin(), costs.end(), [&](const StrategyCost &cost) { return cost.seconds <= 1.1 * least->seconds; })->strategy;
}
