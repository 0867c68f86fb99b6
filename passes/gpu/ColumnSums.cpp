// Sums over a tile's rows where many threads hold parts of each column, as the accumulators of mma.sync and wgmma are spread: each
// thread puts what it has into shared memory, then adds up whole columns.
#include "passes/gpu/TileProgram.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

static constexpr int64_t atOnce = 4; // columns of an access of 16 bytes

/// Threads that hold parts of one column.
static int64_t partsOf(const FragmentLayout &layout) {
  int64_t parts = 1;
  for (const FragmentLayout::Bit &bit : layout.bits)
    parts *= bit.axis == Axis::Row ? 2 : 1;
  return parts;
}

bool TileProgram::sumsByColumn(Operation *op) const {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !llvm::is_contained(section.loops.find(op)->second, Axis::Column))
    return false;
  for (Type type : op->getResultTypes())
    if (getElementTypeOrSelf(type).getIntOrFloatBitWidth() != 32)
      return false;
  // Row bits among a warp's lanes are shuffles for each column otherwise.
  int64_t laneRows = 1;
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    laneRows *= index < 5 && bit.axis == Axis::Row ? 2 : 1;
  int64_t groups = layout.columns / atOnce, each = groups ? device.threads / groups : 0;
  return laneRows >= 8 && layout.vector == 2 && layout.columns % atOnce == 0 && each >= 1 && each <= 32 && llvm::isPowerOf2_64(each) &&
         partsOf(layout) % each == 0;
}

void TileProgram::sumRowsByColumn(linalg::GenericOp op,
                                  llvm::function_ref<void(unsigned, Value, ArrayRef<Value>)> use) {
  SmallVector<Operation *> combiners = TileProgram::combiners(op);
  SmallVector<Fragment> inputs = inputsOf(op);
  int64_t parts = partsOf(layout), pitch = layout.columns + 8; // so that eight rows lie in different banks
  int64_t each = device.threads / (layout.columns / atOnce);   // threads that share a column
  // The thread's number among those that hold parts of its columns.
  Value part = device.constant(0);
  int64_t weight = 1;
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    if (bit.axis == Axis::Row) {
      part = device.add(part, device.multiply(device.bits(device.thread(), index, 1), weight));
      weight *= 2;
    }
  SmallVector<Type> types;
  SmallVector<Value> regions;
  int64_t mark = device.sharedMark();
  for (Type type : op->getResultTypes()) {
    types.push_back(getElementTypeOrSelf(type));
    regions.push_back(device.shared(device.allocateShared(parts * pitch * 4)));
  }
  Value mine = device.add(device.multiply(part, pitch), base(Axis::Column));
  for (int64_t column = 0; column < layout.columnsHeld(); column += 2) {
    SmallVector<Value> low = sumSlot(op, inputs, Axis::Row, column, neutral(device, op));
    SmallVector<Value> high = sumSlot(op, inputs, Axis::Row, column + 1, neutral(device, op));
    for (auto [index, region] : llvm::enumerate(regions))
      device.store({low[index], high[index]}, device.at(device.at(region, types[index], mine), types[index], layout.columnOffsets[column]));
  }
  device.barrier();
  // Neighbouring lanes take turns with the parts of the same four columns.
  unsigned shareBits = llvm::Log2_64(each);
  Value turn = device.bits(device.thread(), 0, shareBits);
  Value first = device.multiply(arith::ShRUIOp::create(device.builder, device.loc, device.thread(), device.constant(shareBits)), atOnce);
  Value from = device.add(device.multiply(turn, pitch), first);
  SmallVector<SmallVector<Value>> sums;
  for (auto [index, region] : llvm::enumerate(regions)) {
    SmallVector<Value> total;
    Value start = device.at(region, types[index], from);
    for (int64_t at = 0; at < parts; at += each) {
      SmallVector<Value> next = device.load(device.at(start, types[index], at * pitch), types[index], atOnce);
      if (total.empty())
        total = next;
      else
        for (auto [sum, value] : llvm::zip(total, next))
          sum = combine(combiners[index], sum, value);
    }
    for (unsigned bit = 0; bit < shareBits; ++bit)
      for (Value &sum : total)
        sum = combine(combiners[index], sum, device.shuffleXor(sum, int64_t(1) << bit));
    sums.push_back(total);
  }
  device.when(device.isZero(turn), [&] {
    for (auto [index, total] : llvm::enumerate(sums))
      use(index, first, total);
  });
  // The memory is used again by what comes next, which need not wait.
  device.barrier();
  device.releaseShared(mark);
}
