// The device function of a kernel that runs over tiles: which block takes which tile, and the tile's computations.
#include "passes/gpu/TileGenerator.h"

#include "passes/gpu/RowsInTurn.h"
#include "passes/gpu/SectionOrder.h"
#include "passes/gpu/SplitDepth.h"
#include "passes/gpu/StagedStores.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

static DeviceFunction describeWorkspaces(const KernelSpace &space, const KernelSchedule &schedule) {
  DeviceFunction made;
  for (auto [index, section] : llvm::enumerate(space.sections)) {
    const SectionSchedule &how = schedule.sections[index];
    int64_t rowTiles = section.rows;
    if (!ShapedType::isDynamic(rowTiles)) {
      rowTiles = llvm::divideCeil(rowTiles, how.layout.rows);
      if (how.blocks)
        rowTiles = std::min(rowTiles, how.blocks);
    }
    auto add = [&](Operation *op, auto shapeOfTile) {
      for (Value sum : op->getResults()) {
        auto type = cast<RankedTensorType>(sum.getType());
        SmallVector<int64_t> shape = {rowTiles};
        llvm::append_range(shape, shapeOfTile(type));
        made.workspaces.push_back({RankedTensorType::get(shape, type.getElementType()), unsigned(index), sum});
      }
    };
    for (Operation *op : section.rowSums)
      add(op, [](RankedTensorType type) { return SmallVector<int64_t>(type.getShape()); });
    for (Operation *op : section.rowStatistics)
      add(op, [&](RankedTensorType) { return SmallVector<int64_t>{columnTiles(section, how), how.layout.rows}; });
    if (how.splits > 1) {
      int64_t numbers = how.splits * tilesOf(section, how) * how.layout.rows * how.layout.columns;
      made.workspaces.push_back({RankedTensorType::get({numbers}, Float32Type::get(section.mainLoop->getContext())),
                                 unsigned(index), section.mainLoop->getResult(0)});
    }
  }
  return made;
}

TileGenerator::TileGenerator(OpBuilder &moduleBuilder, KernelOp kernel, const KernelSpace &space,
                             const KernelSchedule &schedule, unsigned firstTicket, int64_t firstWord, int64_t batch)
    : kernel(kernel), space(space), schedule(schedule), result(describeWorkspaces(space, schedule)),
      firstTicket(firstTicket), firstWord(firstWord), batch(batch), families(findFamilies(kernel, space)),
      device(moduleBuilder, kernel, ownInputs(), workspaceTypes(), schedule.blockThreads()),
      partials(device, result.workspaces) {
  result.function = device.function;
}

bool TileGenerator::hidesLatency() const {
  return !space.sections.empty() && llvm::all_of(llvm::zip(space.sections, schedule.sections), [](auto each) {
    auto [section, how] = each;
    return (how.loop == SectionSchedule::Loop::Dots && how.layout.threads() == 256) ||
           (how.loop == SectionSchedule::Loop::Mma && how.isShallow(section) &&
            how.layout.rowsHeld() * how.layout.columnsHeld() <= 32);
  });
}

DeviceFunction TileGenerator::run() {
  if (schedule.isSpecialised())
    emitRoles();
  else
    emitComputations();
  eraseLastBarriers(device.function);
  sinkLoads(device.function);
  DeviceFunction made = result;
  made.tickets = tickets;
  made.words = words;
  device.function->setAttr(threadsAttribute, device.builder.getI32IntegerAttr(schedule.blockThreads()));
  if (hidesLatency())
    device.function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), device.builder.getI32IntegerAttr(2));
  device.function->setAttr(sharedBytesAttribute, device.builder.getI32IntegerAttr(device.sharedBytes()));
  device.function->setAttr(scheduleAttribute, device.builder.getStringAttr(schedule.describe(space)));
  return made;
}

void TileGenerator::forEachSection(llvm::function_ref<void(unsigned, Value, Value, int64_t)> body) {
  Value start = device.constant(0);
  for (const SectionFamily &family : families) {
    unsigned index = family.members.front();
    const Section &section = space.sections[index];
    int64_t members = family.members.size();
    Value rowTiles = device.divideUp(numRows(index), schedule.sections[index].layout.rows);
    int64_t across = columnTiles(section, schedule.sections[index]);
    const SectionSchedule &how = schedule.sections[index];
    Value blocks = how.blocks ? device.minimum(rowTiles, device.constant(how.blocks)) : rowTiles;
    Value end = device.add(start, device.multiply(blocks, across * how.splits * members));
    Value mine;
    if (families.size() > 1) {
      Value after = arith::CmpIOp::create(device.builder, device.loc, arith::CmpIPredicate::sge, device.block(), start);
      mine = arith::AndIOp::create(device.builder, device.loc, after, device.lessThan(device.block(), end));
    }
    device.when(mine, [&] {
      Value local = arith::SubIOp::create(device.builder, device.loc, device.block(), start);
      if (members > 1) {
        Value tiles = device.multiply(rowTiles, across);
        chooseMember(device, family, arith::DivUIOp::create(device.builder, device.loc, local, tiles));
        local = arith::RemUIOp::create(device.builder, device.loc, local, tiles);
      }
      body(index, local, rowTiles, across);
      device.standFor.clear();
    });
    start = end;
  }
}

void TileGenerator::emitComputations() {
  if (schedule.isSpecialised())
    device.enterGroup(schedule.threads);
  readScalars();
  forEachSection([&](unsigned index, Value local, Value rowTiles, int64_t across) {
    emitSection(index, local, rowTiles, across);
  });
  emitScalars();
}

SmallVector<Type> TileGenerator::workspaceTypes() const {
  SmallVector<Type> types;
  for (const Workspace &workspace : result.workspaces)
    types.push_back(workspace.type);
  return types;
}

/// Counters, and the words that blocks exchange.
SmallVector<Type> TileGenerator::ownInputs() {
  bool exchanges = false, counts = !space.scalars.empty();
  for (auto [section, how] : llvm::zip(space.sections, schedule.sections)) {
    exchanges |= how.exchanges(section);
    counts |= finishesSums(section) || !section.rowStatistics.empty() || how.splits > 1;
  }
  Builder builder(kernel.getContext());
  SmallVector<Type> types;
  if (counts || exchanges)
    types.push_back(RankedTensorType::get({1}, builder.getI32Type()));
  if (exchanges)
    types.push_back(RankedTensorType::get({1}, builder.getI64Type()));
  return types;
}

Value TileGenerator::extentOf(std::optional<std::pair<Value, unsigned>> where, int64_t known) {
  if (!ShapedType::isDynamic(known) || !where)
    return device.constant(known);
  auto [argument, dim] = findExtent(*where);
  return dim ? device.extent(argument, *dim) : device.parameter(argument);
}

/// Takes those of `ops` out that an op reads.
static SmallVector<Operation *> takeProducers(Operation *op, SmallVector<Operation *> &ops) {
  llvm::SmallPtrSet<Operation *, 8> read = {op};
  auto visit = [&](auto &self, Operation *reader) -> void {
    forEachProducer(reader, [&](Operation *producer) {
      if (read.insert(producer).second)
        self(self, producer);
    });
  };
  visit(visit, op);
  SmallVector<Operation *> taken;
  llvm::copy_if(ops, std::back_inserter(taken), [&](Operation *each) { return each != op && read.contains(each); });
  llvm::erase_if(ops, [&](Operation *each) { return read.contains(each); });
  return taken;
}

/// Takes those of `ops` out that need no sum along the rows which another of them makes.
static SmallVector<Operation *> takeWave(const Section &section, SmallVector<Operation *> &ops) {
  llvm::SmallPtrSet<Operation *, 8> waitedFor;
  SmallVector<Operation *> wave, rest;
  for (Operation *op : ops) {
    bool waits = false;
    forEachProducer(op, [&](Operation *producer) { waits |= waitedFor.contains(producer); });
    (waits ? rest : wave).push_back(op);
    if (waits || section.sums(op, Axis::Column))
      waitedFor.insert(op);
  }
  ops = rest;
  return wave;
}

std::pair<Value, Value> TileGenerator::tileOf(Value local, int64_t across) {
  if (across == 1)
    return {local, device.constant(0)};
  return {arith::DivUIOp::create(device.builder, device.loc, local, device.constant(across)),
          arith::RemUIOp::create(device.builder, device.loc, local, device.constant(across))};
}

void TileGenerator::emitSection(unsigned index, Value local, Value rowTiles, int64_t across) {
  const Section &section = space.sections[index];
  const SectionSchedule &how = schedule.sections[index];
  int64_t mark = device.sharedMark();
  Value part;
  if (how.splits > 1) {
    part = arith::RemUIOp::create(device.builder, device.loc, local, device.constant(how.splits));
    local = arith::DivUIOp::create(device.builder, device.loc, local, device.constant(how.splits));
  }
  RowExchange exchange;
  if (how.exchanges(section)) {
    if (!turn.number)
      local = takeTile(index, device.multiply(rowTiles, across));
    exchange.epoch = epoch;
    exchange.words = device.at(device.extraInput(1), device.builder.getI64Type(), firstWord);
  }
  auto [rowTile, columnTile] = tileOf(local, across);
  TilePlace place;
  if (across > 1)
    place.isFirstColumn = device.isZero(columnTile);
  if (how.exchanges(section))
    place.exchange = &exchange;
  if (how.exchangesInCluster(section))
    place.cluster = &*clusterExchange;
  int64_t rowTilesAtMost = llvm::divideCeil(ShapedType::isDynamic(section.rows) ? batch : section.rows, how.layout.rows);
  exchange.rowTile = rowTile;
  exchange.columnTile = columnTile;
  exchange.columnTiles = across;
  exchange.rowTiles = rowTilesAtMost;
  // Groups of columns that several tiles share are rows of their own.
  if (int64_t sharers = section.groupColumns / how.layout.columns; sharers > 1) {
    Value group = arith::DivUIOp::create(device.builder, device.loc, columnTile, device.constant(sharers));
    Value inGroup = arith::RemUIOp::create(device.builder, device.loc, columnTile, device.constant(sharers));
    place.isFirstOfGroup = device.isZero(inGroup);
    if (section.sumsGroups) {
      exchange.rowTile = device.add(device.multiply(rowTile, across / sharers), group);
      exchange.rowTiles *= across / sharers;
      exchange.columnTiles = sharers;
      exchange.columnTile = inGroup;
    }
  }
  if (how.blocks)
    return emitInTurn(index, place, rowTile, columnTile, rowTiles, across);
  setPlace(place, index, rowTile, columnTile);
  StagedStores staged(device, kernel, section, how.layout, place, how.loop == SectionSchedule::Loop::Wgmma);
  place.staged = &staged;
  place.absentRowsAreZero = how.fillsRows(section);
  TileProgram program(device, kernel, section, how.layout, place);
  SmallVector<Operation *> ops = section.ops;
  auto rest = [&, rowTile = rowTile, columnTile = columnTile] {
    emitTile(section, program, ops, rowTile, columnTile, across);
    arriveAsReader();
    program.store();
    if (!section.rowStatistics.empty()) {
      // A counter for each tile of rows.
      Value arrivals = device.at(counter(firstTicket + tickets), device.builder.getI32Type(), rowTile);
      tickets += rowTilesAtMost;
      afterAll(device.constant(across), arrivals, [&] { emitRowFinish(index, place, rowTile, across); });
    }
    finishSums(index, rowTiles, columnTile, across);
    staged.finish();
  };
  if (section.mainLoop)
    for (Operation *op : takeProducers(section.mainLoop, ops))
      program.run(op);
  if (part) {
    emitPart(index, place, program, local, part, rest);
  } else {
    if (section.mainLoop)
      addSums(section, program,
              how.loop == SectionSchedule::Loop::Dots ? emitDotLoop(device, section, program)
                                                      : emitMainLoop(index, place));
    rest();
  }
  if (place.exchange)
    words += exchange.sites * exchange.rowTiles * exchange.columnTiles * how.layout.rows;
  device.releaseShared(mark);
}

void TileGenerator::emitTile(const Section &section, TileProgram &program, SmallVector<Operation *> ops, Value rowTile,
                             Value columnTile, int64_t across) {
  while (!ops.empty()) {
    SmallVector<Operation *> together, others;
    for (Operation *op : takeWave(section, ops)) {
      const Axes &loops = section.loops.find(op)->second;
      bool isTile = llvm::is_contained(loops, Axis::Row) && llvm::is_contained(loops, Axis::Column);
      if (llvm::is_contained(section.rowStatistics, op) ||
          (llvm::is_contained(section.rowSums, op) && !(isTile && isa<linalg::GenericOp>(op))))
        others.push_back(op);
      else if (isTile)
        together.push_back(op);
      else // it reads nothing of the wave that has rows and columns
        program.run(op);
    }
    auto ofColumns = [&](Value sum, Value first, ArrayRef<Value> sums) {
      partials.writeColumns(program, sum, rowTile, first, sums);
    };
    auto ofFragments = [&](Operation *op, ArrayRef<Fragment> sums) { partials.write(program, op, rowTile, sums); };
    TileProgram::SumsOverRows use{ofColumns, ofFragments};
    program.runTogether(together, ops, use);
    for (Operation *op : others) {
      if (llvm::is_contained(section.rowStatistics, op)) {
        partials.writeAlong(program, op, rowTile, columnTile, across);
        continue;
      }
      auto moments = dyn_cast<norm::MomentsOp>(op);
      if (!moments || !program.sumMomentsInMemory(moments, use))
        partials.write(program, op, rowTile, program.sumRows(op));
    }
  }
}

void TileGenerator::setPlace(TilePlace &place, unsigned index, Value rowTile, Value columnTile) {
  const Section &section = space.sections[index];
  const FragmentLayout &layout = schedule.sections[index].layout;
  place.firstRow = device.multiply(rowTile, layout.rows);
  place.firstColumn = device.multiply(columnTile, layout.columns);
  place.numRows = numRows(index);
  place.numColumns = section.columns;
  place.rowsFit = !ShapedType::isDynamic(section.rows) && section.rows % layout.rows == 0;
  place.columnsFit = section.columns % layout.columns == 0;
  if (section.rows != layout.rows)
    place.isFirstRow = device.isZero(rowTile);
}

void TileGenerator::emitInTurn(unsigned index, TilePlace place, Value block, Value columnTile, Value rowTiles,
                               int64_t across) {
  const Section &section = space.sections[index];
  const SectionSchedule &how = schedule.sections[index];
  int64_t mark = device.sharedMark();
  Value blocks = device.minimum(rowTiles, device.constant(how.blocks));
  auto placeOf = [&](Value rowTile) {
    setPlace(place, index, rowTile, columnTile);
    return place;
  };
  auto multiply = [&](TileProgram &program) { addSums(section, program, emitDotLoop(device, section, program)); };
  emitRowsInTurn(device, kernel, section, how, partials, block, blocks, rowTiles, placeOf, multiply);
  finishSums(index, blocks, columnTile, across);
  device.releaseShared(mark);
}

Fragment TileGenerator::emitMainLoop(unsigned index, const TilePlace &place) {
  const Section &section = space.sections[index];
  const SectionSchedule &how = schedule.sections[index];
  if (how.loop == SectionSchedule::Loop::Mma)
    return emitMmaLoop(device, kernel, section, how, place, depthOf(index));
  if (how.loop == SectionSchedule::Loop::RegisterTile)
    return emitRegisterTileLoop(device, kernel, section, how, place, depthOf(index));
  if (turn.number) {
    Fragment sums = loops.at(index)->multiply(depthOf(index), turn, place);
    device.renewThread();
    return sums;
  }
  int64_t mark = device.sharedMark();
  loops[index] = std::make_unique<WgmmaLoop>(device, kernel, section, how, *barriers);
  Fragment sums = loops[index]->multiply(depthOf(index), turn, place);
  device.releaseShared(mark);
  return sums;
}

void TileGenerator::emitPart(unsigned index, TilePlace place, TileProgram &program, Value tile, Value part,
                             llvm::function_ref<void()> rest) {
  const Section &section = space.sections[index];
  const SectionSchedule &how = schedule.sections[index];
  int64_t tiles = tilesOf(section, how);
  SplitDepth split(device, how, partials.pointerTo(section.mainLoop->getResult(0)), device.constant(tiles), tile, part);
  split.restrict(place, depthOf(index));
  split.write(emitMainLoop(index, place));
  Value counters = counter(firstTicket + tickets);
  tickets += tiles;
  afterAll(device.constant(how.splits), device.at(counters, device.builder.getI32Type(), tile), [&] {
    addSums(section, program, split.add());
    rest();
  });
}

void TileGenerator::addSums(const Section &section, TileProgram &program, const Fragment &sums) {
  auto op = cast<linalg::GenericOp>(section.mainLoop);
  OpOperand *init = op.getDpsInitOperand(0);
  program.addTo(op, sums, program.get(init->get(), section.axesOf(op, op.getMatchingIndexingMap(init))));
}

DeviceFunction keel::generateTileKernel(OpBuilder &moduleBuilder, KernelOp kernel, const KernelSpace &space,
                                        const KernelSchedule &schedule, unsigned firstTicket, int64_t firstWord,
                                        int64_t batch) {
  return TileGenerator(moduleBuilder, kernel, space, schedule, firstTicket, firstWord, batch).run();
}
