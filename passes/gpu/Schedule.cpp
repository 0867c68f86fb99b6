// Chooses tiles and main loops for a kernel.
#include "passes/gpu/Generate.h"
#include "passes/gpu/RowsInTurn.h"
#include "passes/gpu/SectionWork.h"
#include "passes/gpu/SplitDepth.h"
#include "passes/gpu/WgmmaSchedule.h"

#include "dialect/norm/Strategy.h"
#include "passes/schedule/Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

std::string SectionSchedule::describe(const Section &section) const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  switch (loop) {
  case Loop::Rows:
    stream << "rows";
    break;
  case Loop::Dots:
    stream << "dots";
    break;
  case Loop::RegisterTile:
    stream << "register tile";
    break;
  case Loop::Mma:
    stream << "mma.sync";
    break;
  case Loop::Wgmma:
    stream << "wgmma";
    break;
  }
  stream << " " << layout.rows << "x" << layout.columns;
  if (section.mainLoop)
    stream << "x" << depthTile;
  if (splits > 1)
    stream << " depth in " << splits;
  if (section.mainLoop && section.wholeRows && !exchangesInCluster(section))
    stream << (exchanges(section) ? " row-block barrier" : section.sumsGroups ? " group-complete" : " row-complete");
  if (cluster > 1)
    stream << " cluster of " << cluster;
  if (pingpong)
    stream << " ping-pong";
  if (!section.rowStatistics.empty())
    stream << " + row statistics";
  if (!section.rowSums.empty())
    stream << " + column sums";
  if (blocks)
    stream << " in " << blocks << " blocks";
  return text;
}

std::string KernelSchedule::describe(const KernelSpace &space) const {
  std::vector<std::string> parts;
  for (auto [section, how] : llvm::zip(space.sections, sections))
    if (std::string text = how.describe(section); !llvm::is_contained(parts, text))
      parts.push_back(text);
  if (parts.empty())
    return "numbers";
  return llvm::join(parts, ", ");
}

/// An extent, of a batch of so many rows where it is dynamic.
static int64_t mostOf(int64_t extent, int64_t batch) { return ShapedType::isDynamic(extent) ? batch : extent; }

/// Columns that one access may move: a power of two that divides the row; 16 bytes of its narrowest elements.
static int64_t vectorOf(const Section &section) {
  int64_t vector = 4, columns = section.columns;
  for (Operation *op : section.ops)
    for (Value operand : op->getOperands())
      if (auto type = dyn_cast<RankedTensorType>(operand.getType()))
        if (isa<BlockArgument>(operand) && type.getRank() == 2 && type.getElementType().getIntOrFloatBitWidth() == 16)
          vector = 8;
  while (columns % vector)
    vector /= 2;
  return vector;
}

/// Rows without a sum along them: two accesses a thread hide each other's latency, and a thread's columns serve several
/// rows where it loads something for each of them, and tiles enough are left.
static FragmentLayout chooseElementsLayout(const Section &section, int64_t columns, int64_t vector, int64_t threads,
                                           int64_t batch, int64_t narrow) {
  constexpr int64_t mostRows = 4, manyTiles = 1024;
  const int64_t mostRegisters = 64 >> narrow;
  int64_t accesses = llvm::PowerOf2Ceil(llvm::divideCeil(columns, vector));
  int64_t perRow = section.rows == 1 ? threads : std::min(std::max<int64_t>(accesses / 2, 1), threads),
          rows = threads / perRow;
  int64_t columnsHeld = llvm::divideCeil(columns, perRow * vector) * vector, rowsHeld = 1;
  Loaded loaded = loadedOf(section);
  int64_t allRows = mostOf(section.rows, batch);
  while (loaded.vectors && rowsHeld < mostRows && 2 * rowsHeld * columnsHeld * (1 + loaded.matrices) <= mostRegisters &&
         allRows / (2 * rowsHeld * rows) * llvm::divideCeil(section.columns, columns) >= manyTiles)
    rowsHeld *= 2;
  return rowsLayout(rows * rowsHeld, columns, threads, perRow, vector);
}

static FragmentLayout chooseRowsLayout(const Section &section, int64_t threads, int64_t batch, int64_t narrow) {
  // A tile holds whole rows only where it must.
  int64_t columns = tileColumnsOfRows(section);
  int64_t vector = vectorOf(section);
  if (!section.wholeRows && section.rowSums.empty())
    return chooseElementsLayout(section, columns, vector, threads, batch, narrow);
  int64_t accesses = llvm::PowerOf2Ceil(llvm::divideCeil(columns, vector));
  // Two accesses a thread hide each other's latency; a warp a row needs no shared memory.
  int64_t perRow = std::min(std::max<int64_t>(accesses / 2, 1), std::max<int64_t>(32, accesses / 8));
  // One row is everybody's.
  perRow = section.rows == 1 ? threads : std::min(perRow, threads);
  // All that is loaded of a row may be there at once.
  Loaded loaded = loadedOf(section);
  double perElement = 1 + loaded.matrices + loaded.vectors;
  while (section.wholeRows && perRow < threads &&
         llvm::divideCeil(columns, perRow * vector) * vector * perElement > (100 >> narrow))
    perRow *= 2;
  int64_t held = llvm::divideCeil(columns, perRow * vector) * vector;
  int64_t rows = threads / perRow;
  // Fewer tiles mean fewer partial sums.
  if (!section.rowSums.empty())
    while (rows < 32 && held * (rows * perRow / threads) < (32 >> narrow))
      rows *= 2;
  return rowsLayout(rows, columns, threads, perRow, vector);
}

/// Whether mma.sync takes the product: 16-bit floats of one kind, or f32 as tf32; sums in f32.
static bool fitsMma(const Section &section) {
  Product product = Product::get(section);
  Type a = product.elementType(product.a), b = product.elementType(product.b);
  auto precision = product.op->getAttrOfType<StringAttr>(precisionAttribute);
  bool isTensorFloat = a.isF32() && precision && precision == "tf32";
  return a == b && (a.isF16() || a.isBF16() || isTensorFloat) &&
         getElementTypeOrSelf(product.op.getResultTypes()[0]).isF32() && matchContraction(product.op);
}

static SectionSchedule mmaSchedule(const Section &section, int64_t rows, int64_t columns) {
  SectionSchedule schedule;
  schedule.loop = SectionSchedule::Loop::Mma;
  // Few warps share a row, so that its sums are few; but no fewer than keep each at 32 rows: what a warp reads of its
  // operands is used often enough then.
  int64_t warpColumns = std::min<int64_t>(rows >= 128 ? 2 : 4, columns / 16), warpRows = 8 / warpColumns;
  if (rows / warpRows < 16) {
    warpRows = rows / 16;
    warpColumns = 8 / warpRows;
  }
  schedule.layout = mmaLayout(rows, columns, warpRows, warpColumns);
  Product product = Product::get(section);
  // 64 bytes of the depth at a time; more of few columns, whose products are soon done: the memory is what they wait
  // for.
  bool isDeep = columns <= narrowTile && (ShapedType::isDynamic(section.depth) || section.depth >= 512);
  schedule.depthTile = (isDeep ? 2048 : 512) / product.elementType(product.a).getIntOrFloatBitWidth();
  schedule.stages = 3;
  return schedule;
}

/// A tile with half of the elements, where a warp keeps sixteen rows and columns of it: fewer rows first, since fewer
/// columns may no longer be whole rows.
static void halve(int64_t &rows, int64_t &columns) {
  if (rows * columns <= 32 * 64)
    return;
  (rows > 32 ? rows : columns) /= 2;
}

/// The tiles of a product, in a batch of so many rows.
static int64_t tilesOf(const Section &section, const SectionSchedule &how, int64_t batch) {
  return llvm::divideCeil(mostOf(section.rows, batch), how.layout.rows) *
         llvm::divideCeil(section.columns, how.layout.columns);
}

/// Smaller tiles, of `make`, where those of `schedule` would leave multiprocessors without work: as small as the cost
/// model finds faster.
static SectionSchedule spread(const Section &section, SectionSchedule schedule,
                              llvm::function_ref<SectionSchedule(int64_t, int64_t)> make,
                              const DeviceDescription &device, int64_t batch) {
  constexpr int64_t leastRows = 16, leastElements = 32 * 64; // eight sums a thread, 16 x 16 a warp
  Product product = Product::get(section);
  // What is computed as it is loaded is computed for each tile along it.
  bool isPlainA = isa<BlockArgument>(product.a->get()), isPlainB = isa<BlockArgument>(product.b->get());
  int64_t leastColumns = section.sumsGroups  ? std::max<int64_t>(32, section.groupColumns)
                         : section.wholeRows ? schedule.layout.columns
                                             : 32;
  while (2 * tilesOf(section, schedule, batch) <= int64_t(device.multiprocessors) &&
         schedule.layout.rows * schedule.layout.columns > leastElements) {
    SectionSchedule best = schedule;
    auto consider = [&](int64_t rows, int64_t columns) {
      if (SectionSchedule how = make(rows, columns);
          estimate(section, how, device, batch) < estimate(section, best, device, batch))
        best = how;
    };
    if (isPlainB && schedule.layout.rows > leastRows)
      consider(schedule.layout.rows / 2, schedule.layout.columns);
    if (isPlainA && schedule.layout.columns > leastColumns)
      consider(schedule.layout.rows, schedule.layout.columns / 2);
    if (best.layout.rows == schedule.layout.rows && best.layout.columns == schedule.layout.columns)
      break;
    schedule = best;
  }
  return schedule;
}

/// Where a multiprocessor has one tile, nothing but its own loop hides the memory's latency: as much of the depth is
/// under way as there is room for, in as few stages as let it begin early.
static void deepen(const Section &section, SectionSchedule &schedule, const DeviceDescription &device, int64_t batch,
                   bool isHopper) {
  if (schedule.splits > 1 || tilesOf(section, schedule, batch) > int64_t(device.multiprocessors))
    return;
  // Code for sm_80 runs on GPUs with less shared memory than an A100.
  const int64_t ringBytes = (isHopper ? 192 : 96) << 10;
  Product product = Product::get(section);
  int64_t depth = mostOf(section.depth, batch),
          bytes = std::max(product.elementType(product.a).getIntOrFloatBitWidth(),
                           product.elementType(product.b).getIntOrFloatBitWidth()) /
                  8,
          depthBytes = bytes * (schedule.layout.rows + schedule.layout.columns);
  auto fits = [&](int64_t stages, int64_t depthTile) { return stages * depthTile * depthBytes <= ringBytes; };
  if (schedule.depthTile * bytes <= 64 && depth >= 4 * schedule.depthTile &&
      fits(schedule.stages, 2 * schedule.depthTile))
    schedule.depthTile *= 2;
  // What goes by way of registers has one stage there.
  auto isCopied = [](OpOperand *operand) {
    return isa<BlockArgument>(operand->get()) && hasWholeChunks(cast<RankedTensorType>(operand->get().getType()));
  };
  if (schedule.loop != SectionSchedule::Loop::Mma || !isCopied(product.a) || !isCopied(product.b))
    return;
  int64_t wanted = 1 + llvm::divideCeil(depth, schedule.depthTile);
  while (schedule.stages < wanted && fits(schedule.stages + 1, schedule.depthTile))
    ++schedule.stages;
}

/// A main loop for any target; `narrow`: how often its tile is halved. `isHopper`: for sm_90a alone.
static SectionSchedule chooseOlderLoop(KernelOp kernel, const Section &section, const DeviceDescription &device,
                                       int64_t batch, int64_t narrow, bool isHopper) {
  SectionSchedule schedule;
  auto forced = kernel->getAttrOfType<DenseI64ArrayAttr>(tileAttribute);
  int64_t columns = std::max<int64_t>(32, llvm::PowerOf2Ceil(section.columns)),
          summed = llvm::PowerOf2Ceil(section.summedColumns());
  constexpr int64_t part = longestRowOfBlock / 2;
  if (fitsMma(section)) {
    // Beyond what one block holds, several share a row.
    bool complete = section.wholeRows && summed > part && summed <= longestRowOfBlock;
    columns = std::min<int64_t>(columns, complete ? longestRowOfBlock : part);
    bool isCrowded = columns > 128 && drawsBits(section);
    int64_t rows = isCrowded ? 32 : 64;
    for (int64_t i = 0; i < narrow; ++i)
      halve(rows, columns);
    schedule = forced ? mmaSchedule(section, forced[0], forced[1]) : mmaSchedule(section, rows, columns);
    // A tile that reads each operand for twice as many products, where multiprocessors enough get one. Sums over the
    // rows need registers of their own. Of a shallow product nothing is read twice: small tiles, several on a
    // multiprocessor, hide the memory's latency.
    if (!forced && !narrow && !isCrowded && !schedule.isShallow(section) && (columns <= 128 || section.rowSums.empty()))
      if (SectionSchedule tall = mmaSchedule(section, 128, columns);
          estimate(section, tall, device, batch) < estimate(section, schedule, device, batch))
        schedule = tall;
    schedule.splits = SplitDepth::choose(section, schedule.layout, mostOf(section.depth, batch));
    if (auto splits = kernel->getAttrOfType<IntegerAttr>(splitsAttribute);
        splits && !ShapedType::isDynamic(section.rows) && section.depthSums.empty())
      schedule.splits = splits.getInt();
    if (schedule.splits == 1 && !forced && !narrow) {
      auto make = [&](int64_t r, int64_t c) { return mmaSchedule(section, r, c); };
      schedule = spread(section, schedule, make, device, batch);
      deepen(section, schedule, device, batch, isHopper);
    }
    schedule.holdsDepth =
        schedule.splits == 1 && mostOf(section.depth, batch) <= (schedule.stages - 1) * schedule.depthTile;
    return schedule;
  }
  schedule.loop = SectionSchedule::Loop::RegisterTile;
  if (!section.wholeRows || summed > longestRowOfBlock || section.sumsGroups)
    columns = std::min<int64_t>(columns, section.wholeRows && summed <= longestRowOfBlock ? std::max<int64_t>(64, summed) : 64);
  if (forced)
    columns = forced[1];
  int64_t rows = columns > 64 ? 32 : 64;
  for (int64_t i = 0; i < narrow; ++i)
    halve(rows, columns);
  schedule.layout = registerTileLayout(forced ? forced[0] : rows, columns);
  if (forced || narrow)
    return schedule;
  auto make = [&](int64_t r, int64_t c) {
    SectionSchedule how = schedule;
    how.layout = registerTileLayout(r, c);
    return how;
  };
  schedule = spread(section, schedule, make, device, batch);
  deepen(section, schedule, device, batch, isHopper);
  return schedule;
}

static SectionSchedule chooseMainLoop(KernelOp kernel, const Section &section, const DeviceDescription &device,
                                      int64_t batch, bool hasWgmma) {
  int64_t narrow = narrowingOf(kernel);
  if (hasWgmma && fitsMma(section)) {
    if (std::optional<SectionSchedule> wgmma = chooseWgmma(kernel, section))
      return *wgmma;
    if (narrow >= wgmmaTiles)
      narrow -= wgmmaTiles;
  }
  return chooseOlderLoop(kernel, section, device, batch, narrow, hasWgmma);
}

/// Where few tiles go a short way, what wgmma's pipeline takes to start may be more than it saves: mma.sync where that
/// is expected to take a tenth less, unless one of them was asked for.
static void compareLoops(KernelOp kernel, const KernelSpace &space, KernelSchedule &schedule,
                         const DeviceDescription &device, int64_t batch) {
  auto wanted = kernel->getAttrOfType<StringAttr>(loopAttribute);
  IntegerAttr turns = forcedPingpong(kernel);
  auto strategy = kernel->getAttrOfType<StringAttr>(norm::strategyAttribute);
  if (space.sections.size() != 1 || !schedule.isSpecialised() || kernel->hasAttr(tileAttribute) ||
      (turns && turns.getInt()) || (strategy && strategy == "cluster"))
    return;
  const Section &section = space.sections[0];
  SectionSchedule older = chooseOlderLoop(kernel, section, device, batch, narrowingOf(kernel), /*isHopper=*/true);
  schedule.compared = {estimate(section, schedule.sections[0], device, batch), estimate(section, older, device, batch)};
  if (wanted ? wanted != "mma.sync" : schedule.compared->wgmma <= 1.1 * schedule.compared->mma)
    return;
  schedule.sections[0] = older;
  schedule.threads = older.layout.threads();
  schedule.mostBlocks = 0;
}

/// For rows that several blocks would share, and exchange sums along, and a product that is next to nothing: whole rows
/// in a block, where that is expected to take less.
static std::optional<SectionSchedule> chooseDots(KernelOp kernel, const Section &section,
                                                 const DeviceDescription &device, int64_t batch) {
  // Columns of a thread: each has factors, sums of the gradients and what those are made of.
  constexpr int64_t mostHeld = 8;
  bool isForced = kernel->hasAttr(norm::strategyAttribute) || kernel->hasAttr(tileAttribute) ||
                  kernel->hasAttr(pingpongAttribute) || narrowingOf(kernel);
  if (isForced || !section.mainLoop || !section.wholeRows || section.groupColumns ||
      section.columns <= longestRowOfBlock || !fitsDots(section))
    return std::nullopt;
  SectionSchedule dots;
  int64_t threads = section.columns > 256 * mostHeld ? 512 : 256, vector = vectorOf(section);
  if (!chooseRowsInTurn(section, threads, vector, vector, dots))
    dots.layout = chooseRowsLayout(section, threads, batch, /*narrow=*/0);
  dots.loop = SectionSchedule::Loop::Dots;
  dots.depthTile = section.depth;
  dots.stages = 0;
  SectionSchedule other = chooseOlderLoop(kernel, section, device, batch, /*narrow=*/0, /*isHopper=*/false);
  if (estimate(section, dots, device, batch) >= estimate(section, other, device, batch))
    return std::nullopt;
  return dots;
}

KernelSchedule keel::chooseSchedule(KernelOp kernel, const KernelSpace &space, const DeviceDescription &device,
                                    int64_t batch, bool hasWgmma) {
  KernelSchedule schedule;
  if (space.sections.size() == 1)
    if (std::optional<SectionSchedule> dots = chooseDots(kernel, space.sections[0], device, batch)) {
      schedule.sections = {*dots};
      schedule.threads = dots->layout.threads();
      return schedule;
    }
  for (const Section &section : space.sections)
    if (!section.mainLoop && section.wholeRows && section.summedColumns() > 32768)
      schedule.threads = 1024;
  for (const Section &section : space.sections) {
    if (section.mainLoop) {
      bool usesWgmma = hasWgmma && schedule.threads == wgmmaThreads;
      schedule.sections.push_back(chooseMainLoop(kernel, section, device, batch, usesWgmma));
      continue;
    }
    SectionSchedule rows;
    if (int64_t vector = vectorOf(section); !chooseRowsInTurn(section, schedule.threads, vector, 2 * vector, rows))
      rows.layout = chooseRowsLayout(section, schedule.threads, batch, narrowingOf(kernel));
    schedule.sections.push_back(rows);
  }
  arrangeWgmma(kernel, space, schedule, device, batch);
  compareLoops(kernel, space, schedule, device, batch);
  return schedule;
}
