// A roofline of three: products, bytes, and the instructions that go with each element.
#include "passes/cost/KernelCost.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace keel;

static double peakOf(const KernelWork &work, const DeviceDescription &device) {
  double share = work.wgmma ? 1 : device.mmaShare;
  switch (work.reads) {
  case KernelWork::Reads::F32:
    return device.f32;
  case KernelWork::Reads::Tf32:
    return device.tf32 > 0 ? device.tf32 * share : device.f32;
  case KernelWork::Reads::Half:
    return device.half > 0 ? device.half * share : device.f32;
  }
  llvm_unreachable("all were named");
}

KernelCost keel::estimateCost(const KernelWork &work, const DeviceDescription &device) {
  KernelCost cost;
  auto ratio = [](int64_t extent, int64_t tile) {
    return double(llvm::divideCeil(std::max<int64_t>(extent, 1), std::max<int64_t>(tile, 1)));
  };
  double tiles = ratio(work.rows, work.tileRows) * ratio(work.columns, work.tileColumns);
  double elements = double(work.tileRows) * work.tileColumns;
  // Blocks that a multiprocessor holds at a time, and tiles that the busiest one computes.
  double byRegisters = device.registers / (double(work.threads) * work.registers);
  double byShared = work.sharedBytes ? device.sharedBytes / work.sharedBytes : byRegisters;
  double resident = std::max(1.0, std::floor(std::min(byRegisters, byShared)));
  // Where no whole cluster fits, multiprocessors idle.
  double busy = std::max(1.0, device.multiprocessorsOf(work.cluster));
  double turns = std::ceil(tiles / busy);
  double together = std::min(resident, turns);

  cost.memory = work.bytes / device.bandwidth;
  double operands = (double(work.tileRows) / work.readers + work.tileColumns) * work.depth *
                    (work.reads == KernelWork::Reads::Half ? 2 : 4);
  cost.matmul = turns * device.multiprocessors *
                std::max(2 * elements * work.depth / peakOf(work, device), operands / device.cacheBandwidth);
  double epilogue = turns * elements * work.instructions / (device.lanes * device.clock);
  if (work.depth) {
    // One block's epilogue runs beside the other blocks' main loops.
    cost.epilogue = epilogue / together;
  } else {
    // Nothing but loads, which other warps' instructions hide.
    cost.epilogue = std::max(0.0, epilogue - cost.memory);
  }
  cost.launch = device.launch + (work.wgmma ? device.pipeline : 0);
  double latency = work.exchange == KernelWork::Exchange::Cluster ? device.cluster : device.barrier;
  if (work.pingpong) {
    // A tile's other work runs beside the next tile's main loop; the last one's, and what is longer than that, beside
    // none.
    double main = cost.matmul / turns, rest = epilogue / turns + work.exchanges * latency;
    cost.epilogue = rest + (turns - 1) * std::max(0.0, (rest - main) / 2);
    return cost;
  }
  cost.exchange = turns * work.exchanges * latency / together;
  return cost;
}
