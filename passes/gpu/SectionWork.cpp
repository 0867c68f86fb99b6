// Counts what a tile program does to an element of its tile.
#include "passes/gpu/SectionWork.h"

#include "dialect/norm/Norm.h"
#include "passes/fuse/RowLoop.h"
#include "passes/schedule/Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace keel;

/// Instructions of a GPU's thread for an op on numbers. A product that one sum reads is fused with it.
static double instructionsOf(Operation &op) {
  if (isa<arith::ConstantOp, linalg::YieldOp>(op))
    return 0;
  if (isa<arith::MulFOp>(op) && op.hasOneUse() && isa<arith::AddFOp, arith::SubFOp>(*op.user_begin()))
    return 0;
  if (isa<arith::DivFOp>(op))
    return 8;
  if (isa<math::RsqrtOp, math::SqrtOp>(op))
    return 4;
  if (isa<math::ExpOp, math::LogOp, math::TanhOp, math::ErfOp>(op))
    return 12;
  // In pairs.
  if (isa<arith::TruncFOp, arith::ExtFOp>(op))
    return 0.5;
  return 1;
}

namespace {
class WorkCounter {
public:
  WorkCounter(const Section &section, const SectionSchedule &schedule) : section(section), schedule(schedule) {
    for (const FragmentLayout::Bit &bit : schedule.layout.bits)
      threadsAcross += bit.axis == Axis::Column;
    // A product's loops end with the column's: warps side by side exchange by way of shared memory, too.
    rowsHeld = schedule.layout.rowsHeld();
    columnsHeld = schedule.layout.columnsHeld();
  }

  void run() {
    for (Operation *op : section.ops)
      if (op != section.mainLoop)
        count(op);
  }

  double all = 0, norm = 0; // instructions an element
  int64_t sums = 0;         // along rows

private:
  /// How many elements of the tile share an element of such axes.
  double shareOf(const Axes &axes) const {
    double share = 1;
    if (!llvm::is_contained(axes, Axis::Row))
      share *= rowsHeld;
    if (llvm::is_contained(axes, Axis::Group))
      share *= std::min<double>(columnsHeld, section.groupColumns);
    else if (!llvm::is_contained(axes, Axis::Column))
      share *= columnsHeld;
    return share;
  }

  void add(double instructions, bool isNorm) {
    all += instructions;
    if (isNorm)
      norm += instructions;
  }

  void count(Operation *op) {
    LoopNest nest = *LoopNest::get(op);
    const Axes &loops = section.loops.find(op)->second;
    bool sumsRow = section.sums(op, Axis::Column);
    double share = shareOf(loops);
    if (sumsRow) {
      ++sums;
      // Halving by shuffles, for each row that a thread holds.
      add(2.0 * threadsAcross * op->getNumResults() / columnsHeld, true);
    }
    if (isa<norm::MomentsOp>(op)) // the mean, then squares of what is left
      return add(3 / share, true);
    auto generic = cast<linalg::GenericOp>(op);
    countAccesses(generic, nest);
    SmallPtrSet<Value, 8> statistics, normalized;
    for (auto [operand, map, argument] : llvm::zip(generic.getInputs(), nest.operandMaps, generic.getRegionInputArgs()))
      if (Operation *producer = operand.getDefiningOp();
          producer && section.loops.contains(producer) && section.sums(producer, Axis::Column))
        statistics.insert(argument);
    SmallPtrSet<Value, 8> columns;
    for (auto [map, argument] : llvm::zip(nest.operandMaps, generic.getRegionInputArgs()))
      if (section.axesOf(op, map) == Axes{Axis::Column})
        columns.insert(argument);
    for (Operation &each : generic.getBody()->without_terminator()) {
      auto reads = [&](const SmallPtrSet<Value, 8> &values) {
        return llvm::any_of(each.getOperands(), [&](Value value) { return values.contains(value); });
      };
      bool isOfRow = llvm::all_of(each.getOperands(), [&](Value value) {
        Operation *constant = value.getDefiningOp();
        return statistics.contains(value) || (constant && isa<arith::ConstantOp>(constant));
      });
      bool isNorm = sumsRow || reads(statistics) || (reads(normalized) && reads(columns));
      if (isNorm && !sumsRow)
        for (Value result : each.getResults())
          (isOfRow ? statistics : normalized).insert(result);
      // What is one number a row is computed once.
      add(instructionsOf(each) / (isOfRow && !statistics.empty() ? columnsHeld : share), isNorm);
    }
  }

  /// Loads and stores, as many elements at a time as one access moves.
  void countAccesses(linalg::GenericOp op, const LoopNest &nest) {
    auto access = [&](Value value, AffineMap map) {
      if (isa<RankedTensorType>(value.getType()))
        add(1 / (shareOf(section.axesOf(op, map)) * schedule.layout.vector), false);
    };
    for (auto [operand, map] : llvm::zip(op.getInputs(), nest.operandMaps))
      if (isa<BlockArgument>(operand))
        access(operand, map);
    for (auto [result, map] : llvm::zip(op.getResults(), nest.resultMaps))
      if (llvm::any_of(result.getUsers(), llvm::IsaPred<YieldOp>))
        access(result, map);
  }

  const Section &section;
  const SectionSchedule &schedule;
  int64_t threadsAcross = 0;
  double rowsHeld, columnsHeld;
};
} // namespace

/// Bytes of the tensors that a section reads and writes, each once.
static double bytesOf(const Section &section, int64_t batch) {
  double bytes = 0;
  SmallPtrSet<Value, 16> seen;
  auto touch = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || !seen.insert(value).second)
      return;
    double elements = 1;
    for (int64_t extent : type.getShape())
      elements *= ShapedType::isDynamic(extent) ? batch : extent;
    bytes += elements * type.getElementTypeBitWidth() / 8;
  };
  for (Operation *op : section.ops) {
    auto destination = dyn_cast<DestinationStyleOpInterface>(op);
    for (OpOperand &operand : op->getOpOperands())
      if (isa<BlockArgument>(operand.get()) && !(destination && destination.isDpsInit(&operand)))
        touch(operand.get());
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), llvm::IsaPred<YieldOp>))
        touch(result);
  }
  return bytes;
}

static KernelWork::Reads readsOf(const Section &section) {
  Product product = Product::get(section);
  Type type = product.elementType(product.a);
  if (type.isF16() || type.isBF16())
    return KernelWork::Reads::Half;
  return section.mainLoop->hasAttr(precisionAttribute) ? KernelWork::Reads::Tf32 : KernelWork::Reads::F32;
}

KernelWork keel::describeWork(const Section &section, const SectionSchedule &schedule, int64_t batch, bool withNorm) {
  auto known = [&](int64_t extent) { return ShapedType::isDynamic(extent) ? batch : extent; };
  KernelWork work;
  work.rows = known(section.rows);
  work.columns = section.columns;
  work.tileRows = schedule.layout.rows;
  work.tileColumns = schedule.layout.columns;
  work.threads = schedule.layout.threads();
  int64_t held = schedule.layout.rowsHeld() * schedule.layout.columnsHeld();
  if (section.mainLoop && schedule.loop != SectionSchedule::Loop::Dots) {
    work.depth = known(section.depth);
    work.reads = readsOf(section);
    Product product = Product::get(section);
    int64_t bytes = product.elementType(product.a).getIntOrFloatBitWidth() / 8;
    work.sharedBytes = schedule.stages * schedule.depthTile * (work.tileRows + work.tileColumns) * bytes;
  }
  work.pingpong = schedule.pingpong;
  work.wgmma = schedule.loop == SectionSchedule::Loop::Wgmma;
  // The fragment, addresses and what is under way.
  work.registers = std::min<int64_t>(255, held + 48);
  work.bytes = bytesOf(section, batch);
  WorkCounter counter(section, schedule);
  counter.run();
  work.instructions = withNorm ? counter.all : counter.all - counter.norm;
  // A factor is loaded and extended, and multiplied and added.
  if (schedule.loop == SectionSchedule::Loop::Dots)
    work.instructions += 2.5 * section.depth;
  work.cluster = schedule.cluster;
  work.readers = schedule.readers();
  if (schedule.sharesRows(section) && withNorm) {
    work.exchanges = counter.sums;
    if (schedule.exchangesInCluster(section))
      work.exchange = KernelWork::Exchange::Cluster;
  }
  return work;
}

Loaded keel::loadedOf(const Section &section) {
  llvm::SmallPtrSet<Value, 8> seen;
  Loaded loaded;
  auto visit = [&](auto &self, Operation *op) -> void {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    for (OpOperand &operand : op->getOpOperands()) {
      bool isRead = !generic || generic.payloadUsesValueFromOperand(&operand);
      if (op == section.mainLoop && generic.isDpsInput(&operand))
        continue;
      auto type = dyn_cast<RankedTensorType>(operand.get().getType());
      if (!isRead || !type || !seen.insert(operand.get()).second)
        continue;
      if (Operation *producer = operand.get().getDefiningOp()) {
        if (isEvaluatedInPlace(producer))
          self(self, producer);
        continue;
      }
      if (type.getRank() == 2 && (!section.groupColumns || type.getDimSize(1) != section.columns / section.groupColumns))
        loaded.matrices += type.getElementTypeBitWidth() / 32.0;
      else if (type.getRank() == 1 && type.getDimSize(0) == section.columns)
        loaded.vectors += 0.5; // they serve two rows
    }
  };
  for (Operation *op : section.ops)
    visit(visit, op);
  return loaded;
}

bool keel::drawsBits(const Section &section) {
  int64_t products = 0;
  for (Operation *op : section.ops)
    op->walk([&](arith::MulIOp) { ++products; });
  return products > 10;
}

double keel::estimate(const Section &section, const SectionSchedule &schedule, const DeviceDescription &device,
                      int64_t batch) {
  return estimateCost(describeWork(section, schedule, batch), device).total();
}
