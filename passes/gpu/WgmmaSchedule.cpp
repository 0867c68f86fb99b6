// Chooses tiles of wgmma, and how blocks and groups of threads share the work.
#include "passes/gpu/WgmmaSchedule.h"

#include "passes/gpu/ColumnSums.h"
#include "passes/gpu/SectionWork.h"
#include "passes/gpu/WgmmaLoop.h"

#include "dialect/norm/Strategy.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

static constexpr int64_t tileRows = 128;

/// What was asked for the kernel's normalization (dialect/norm/Strategy.h).
static StringRef strategyOf(KernelOp kernel) {
  auto strategy = kernel->getAttrOfType<StringAttr>(norm::strategyAttribute);
  return strategy ? strategy.getValue() : StringRef();
}

/// Whether wgmma takes the product that mma.sync could do: operands in memory, whichever way each of 16 bits lies; of
/// tf32, whose rows are the depth (PTX ISA 9.7.15.5.1: 32 bits are not transposed).
static bool fitsWgmma(const Section &section) {
  Product product = Product::get(section);
  auto isPlain = [](OpOperand *operand) {
    return isa<BlockArgument>(operand->get()) && hasWholeChunks(cast<RankedTensorType>(operand->get().getType()));
  };
  bool isComputed = RegisterOperand::findMatrix(product.a, product.aAxes) != nullptr;
  if (!(isPlain(product.a) || isComputed) || !isPlain(product.b) || !section.depthSums.empty())
    return false;
  if (product.elementType(product.a).getIntOrFloatBitWidth() == 16 ||
      (product.aAxes.back() == Axis::Depth && product.bAxes.back() == Axis::Depth))
    return true;
  remark::missed(section.mainLoop->getLoc(), remark::RemarkOpts::name("main-loop").category("gpu"))
      << "mma.sync in the place of wgmma, which takes tf32 along the depth alone: the rows of an operand are not the "
         "depth";
  return false;
}

/// Whether the tile program reads a matrix of the kernel's arguments.
static bool readsMatrix(const Section &section) {
  return llvm::any_of(section.ops, [&](Operation *op) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    return generic && op != section.mainLoop && llvm::any_of(generic.getDpsInputs(), [&](Value input) {
             auto type = dyn_cast<RankedTensorType>(input.getType());
             return isa<BlockArgument>(input) && type && type.getRank() == 2 &&
                    (!section.groupColumns || type.getDimSize(1) == section.columns);
           });
  });
}

/// Registers beside the tile's: more than four vectors along the rows; or several sums of what is read, as the
/// gradients of norms have them, where that is f16, which is extended (bf16 is the upper half of what it becomes), or
/// f32, of which a register holds one.
static bool needsRegisters(const Section &section) {
  Product product = Product::get(section);
  bool isWide = !product.elementType(product.a).isBF16() && readsMatrix(section);
  return isa_and_nonnull<linalg::GenericOp>(product.a->get().getDefiningOp()) || loadedOf(section).vectors > 2 ||
         (isWide && section.rowSums.size() > 1);
}

/// Elements of a tile that a thread may hold: those of 128 x 128 in a group, or 128 x 256 in two, where it has
/// registers for them.
static int64_t mostHeld(KernelOp kernel) { return 128 >> narrowingOf(kernel); }

static void setTile(const Section &section, SectionSchedule &schedule, int64_t columns, bool pingpong) {
  int64_t ringBytes = 200 << 10, mostStages = 8;
  schedule.loop = SectionSchedule::Loop::Wgmma;
  schedule.pingpong = pingpong;
  schedule.layout = wgmmaLayout(tileRows, columns, pingpong ? 1 : 2);
  Product product = Product::get(section);
  schedule.depthTile = WgmmaLoop::depthTile(product.elementType(product.a));
  if (pingpong) {
    // The tile programs run at the same time as the main loops, in memory of their own: what the cluster exchanges, and
    // two sums over the rows each, or little.
    constexpr int64_t groups = wgmmaThreads / groupThreads;
    int64_t exchanged = schedule.exchangesInCluster(section)
                            ? ClusterExchange::bytes(2 * groups, schedule.cluster, tileRows)
                        : schedule.exchanges(section) ? groups * RowExchange::bytes(section, tileRows, groupThreads)
                                                      : 0;
    // What the tile programs need not, the ring takes: the more of it is under way, the later memory may answer. Of a
    // tile that is less deep it takes one, and boxes of results the rest.
    bool isPlain = section.rowSums.empty() && !readsMatrix(section);
    ringBytes = std::min<int64_t>((isPlain ? 192 : 128) << 10,
                                  (224 << 10) - exchanged -
                                      groups * (section.rowSums.empty() ? 0 : 2 * ColumnSums::bytes(schedule.layout)));
    if (!ShapedType::isDynamic(section.depth))
      mostStages = std::clamp<int64_t>(llvm::divideCeil(section.depth, schedule.depthTile), 4, mostStages);
  }
  schedule.stages = std::min(ringBytes / WgmmaLoop::stageBytes(schedule.layout), mostStages);
}

std::optional<SectionSchedule> keel::chooseWgmma(KernelOp kernel, const Section &section) {
  constexpr int64_t multiprocessors = 132, narrowest = 64;
  auto forced = kernel->getAttrOfType<DenseI64ArrayAttr>(tileAttribute);
  int64_t widest = std::min(longestRowOfBlock, mostHeld(kernel) * wgmmaThreads / tileRows);
  if (widest < narrowest)
    return std::nullopt;
  bool fitsForced = !forced || (forced[0] == tileRows && forced[1] >= narrowest && forced[1] <= longestRowOfBlock);
  if (!fitsForced || !fitsWgmma(section))
    return std::nullopt;
  int64_t columns =
      std::min<int64_t>(std::max<int64_t>(narrowest, llvm::PowerOf2Ceil(section.columns)), longestRowOfBlock);
  // Registers are the limit: sums along the rows need the tile, and what it is multiplied with, twice. A cluster that
  // was asked for takes what holds its rows.
  int64_t narrow = longestRowOfBlock / 2;
  bool isNarrow = readsMatrix(section) || section.columns % longestRowOfBlock;
  if (section.wholeRows && isNarrow &&
      !(strategyOf(kernel) == "cluster" && section.summedColumns() > narrow * largestCluster))
    columns = std::min(columns, narrow);
  if (needsRegisters(section))
    columns = std::min(columns, narrow);
  // Random bits (dropout's) are made of constants that a thread holds beside its tile.
  if (section.wholeRows && drawsBits(section))
    columns = std::min(columns, narrowest);
  columns = std::min(columns, widest);
  // A thread keeps statistics of each group that it has columns of: of sixteen at most.
  if (section.sumsGroups)
    columns = std::min(columns, std::max(narrowest, 16 * section.groupColumns));
  // Narrower tiles where wide ones would leave multiprocessors without work.
  if ((!section.wholeRows || section.sumsGroups) && !ShapedType::isDynamic(section.rows))
    while (columns > (section.wholeRows ? std::max(narrowest, section.groupColumns) : narrowest) &&
           llvm::divideCeil(section.rows, tileRows) * llvm::divideCeil(section.columns, columns) < multiprocessors)
      columns /= 2;
  SectionSchedule schedule;
  setTile(section, schedule, forced ? forced[1] : columns, /*pingpong=*/false);
  // Whole rows in one tile where they were asked for: more registers than wgmma leaves.
  if (schedule.sharesRows(section) && strategyOf(kernel) == "row-complete")
    return std::nullopt;
  return schedule;
}

IntegerAttr keel::forcedPingpong(KernelOp kernel) {
  auto own = kernel->getAttrOfType<IntegerAttr>(pingpongAttribute);
  return own ? own : kernel->getParentOfType<ModuleOp>()->getAttrOfType<IntegerAttr>(pingpongAttribute);
}

/// Whether blocks can be clusters of that size: the tiles that share a row; or some that share the rows of an operand.
static bool fitsCluster(KernelOp kernel, const Section &section, const SectionSchedule &schedule) {
  int64_t across = llvm::divideCeil(section.columns, schedule.layout.columns), size = schedule.cluster;
  if (!schedule.sharesRows(section))
    return across % size == 0;
  across = schedule.sharers(section);
  StringRef strategy = strategyOf(kernel);
  // The row-block barrier: blocks that take their tiles in the order in which they start are no cluster.
  if (schedule.exchanges(section))
    return strategy != "cluster" && (size == 1 || (schedule.pingpong && across % size == 0));
  return size == across && (size <= 8 || size == largestCluster) && strategy != "row-block-barrier";
}

void keel::arrangeWgmma(KernelOp kernel, const KernelSpace &space, KernelSchedule &schedule,
                        const DeviceDescription &device, int64_t batch) {
  if (space.sections.size() != 1 || !schedule.isSpecialised())
    return;
  IntegerAttr wanted = forcedPingpong(kernel);
  const Section &section = space.sections[0];
  const SectionSchedule tile = schedule.sections[0];
  constexpr double unknown = std::numeric_limits<double>::infinity();
  double least = unknown;
  auto consider = [&](bool pingpong, int64_t cluster) {
    SectionSchedule how = tile;
    int64_t columns = pingpong ? std::min<int64_t>(tile.layout.columns, longestRowOfBlock / 2) : tile.layout.columns;
    how.cluster = cluster ? cluster : llvm::divideCeil(section.summedColumns(), columns);
    setTile(section, how, columns, pingpong);
    double seconds = estimate(section, how, device, batch);
    // Columns that may be missing take registers, too, and several groups of columns, that a whole tile in each group of
    // threads does not leave.
    if (!fitsCluster(kernel, section, how) || seconds >= least ||
        (pingpong && (section.columns % columns || columns > mostHeld(kernel) || needsRegisters(section) ||
                      drawsBits(section) || (section.groupColumns && section.groupColumns < columns))))
      return;
    least = seconds;
    schedule.sections[0] = how;
  };
  bool isForced = kernel->hasAttr(tileAttribute);
  for (bool pingpong : {false, true}) {
    if (pingpong && (wanted ? !wanted.getInt() : isForced))
      continue;
    if (pingpong && wanted)
      least = unknown;                   // what was asked for, where it can be had
    for (int64_t cluster : {1, 2, 4, 0}) // 0: all that share a row
      consider(pingpong, cluster);
  }
  if (!schedule.pingpong())
    return;
  schedule.threads = groupThreads;
  int64_t cluster = schedule.cluster(),
          blocks = wanted ? std::max(wanted.getInt(), cluster) : int64_t(device.multiprocessorsOf(cluster));
  schedule.mostBlocks = blocks - blocks % cluster;
  if (const SectionSchedule &how = schedule.sections[0]; how.exchanges(section))
    schedule.mostBlocks = std::max(
        schedule.mostBlocks, RowExchange::leastBlocks(how.sharers(section), cluster));
}
