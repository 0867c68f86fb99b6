// Sums over a tile's rows where many threads hold parts of each column, as the accumulators of mma.sync and wgmma are
// spread: each thread puts what it has into shared memory, then adds up whole columns.
#include "passes/gpu/ColumnSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

static constexpr int64_t atOnce = 4; // columns of an access of 16 bytes
static constexpr int64_t valueBytes = 4;

/// Threads that hold parts of one column.
static int64_t partsOf(const FragmentLayout &layout) {
  int64_t parts = 1;
  for (const FragmentLayout::Bit &bit : layout.bits)
    parts *= bit.axis == Axis::Row ? 2 : 1;
  return parts;
}

/// Eight rows lie in different banks.
static int64_t pitchOf(const FragmentLayout &layout) { return layout.columns + 8; }

/// Threads that share a column when whole ones are added.
static int64_t sharersOf(const FragmentLayout &layout, int64_t threads) {
  return layout.columns % atOnce ? 0 : threads / (layout.columns / atOnce);
}

int64_t ColumnSums::bytes(const FragmentLayout &layout) { return partsOf(layout) * pitchOf(layout) * valueBytes; }

bool ColumnSums::fits(TypeRange types, const FragmentLayout &layout, int64_t threads) {
  for (Type type : types)
    if (getElementTypeOrSelf(type).getIntOrFloatBitWidth() != 8 * valueBytes)
      return false;
  // Row bits among a warp's lanes are shuffles for each column otherwise.
  int64_t laneRows = 1, sharers = sharersOf(layout, threads);
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    laneRows *= index < 5 && bit.axis == Axis::Row ? 2 : 1;
  return laneRows >= 8 && layout.vector == 2 && sharers >= 1 && sharers <= 32 && llvm::isPowerOf2_64(sharers) &&
         partsOf(layout) % sharers == 0;
}

ColumnSums::ColumnSums(DeviceKernel &device, TileProgram &program, TypeRange ofSums, ArrayRef<Operation *> combiners)
    : device(device), program(program), layout(program.getLayout()), combiners(combiners) {
  for (Type type : ofSums) {
    types.push_back(getElementTypeOrSelf(type));
    regions.push_back(device.shared(device.allocateShared(bytes(layout))));
  }
  // The thread's number among those that hold parts of its columns.
  Value part = device.constant(0);
  int64_t weight = 1;
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    if (bit.axis == Axis::Row) {
      part = device.add(part, device.multiply(device.bits(device.thread(), index, 1), weight));
      weight *= 2;
    }
  mine = device.add(device.multiply(part, pitchOf(layout)), program.columnInTile());
}

void ColumnSums::put(unsigned result, int64_t column, Value low, Value high) {
  Value start = device.at(regions[result], types[result], mine);
  device.store({low, high}, device.at(start, types[result], layout.columnOffsets[column]));
}

void ColumnSums::add(llvm::function_ref<void(unsigned, Value, ArrayRef<Value>)> use) {
  int64_t parts = partsOf(layout), pitch = pitchOf(layout), sharers = sharersOf(layout, device.threads);
  // Neighbouring lanes take turns with the parts of the same four columns.
  unsigned shareBits = llvm::Log2_64(sharers);
  Value turn = device.bits(device.thread(), 0, shareBits);
  Value group = arith::ShRUIOp::create(device.builder, device.loc, device.thread(), device.constant(shareBits));
  Value first = device.multiply(group, atOnce), from = device.add(device.multiply(turn, pitch), first);
  SmallVector<SmallVector<Value>> sums;
  for (auto [index, region] : llvm::enumerate(regions)) {
    SmallVector<Value> total;
    Value start = device.at(region, types[index], from);
    for (int64_t at = 0; at < parts; at += sharers) {
      SmallVector<Value> next = device.load(device.at(start, types[index], at * pitch), types[index], atOnce);
      if (total.empty())
        total = next;
      else
        for (auto [sum, value] : llvm::zip(total, next))
          sum = program.combine(combiners[index], sum, value);
    }
    for (unsigned bit = 0; bit < shareBits; ++bit)
      for (Value &sum : total)
        sum = program.combine(combiners[index], sum, device.shuffleXor(sum, int64_t(1) << bit));
    sums.push_back(total);
  }
  device.when(device.isZero(turn), [&] {
    for (auto [index, total] : llvm::enumerate(sums))
      use(index, first, total);
  });
}
