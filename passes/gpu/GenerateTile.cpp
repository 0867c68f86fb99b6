// The device function of a kernel that runs over tiles: which block takes which tile, the tile's computations, and what is
// left when the tiles of all rows are done, which the last block to arrive does, in a fixed order.
#include "passes/gpu/Generate.h"
#include "passes/gpu/PartialSums.h"
#include "passes/gpu/RowsInTurn.h"
#include "passes/gpu/SplitDepth.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

namespace {
class TileGenerator {
public:
  TileGenerator(OpBuilder &moduleBuilder, KernelOp kernel, const KernelSpace &space, const KernelSchedule &schedule,
                unsigned firstTicket, int64_t firstWord, int64_t batch)
      : kernel(kernel), space(space), schedule(schedule), result(describeWorkspaces(space, schedule)),
        firstTicket(firstTicket), firstWord(firstWord), batch(batch),
        device(moduleBuilder, kernel, ownInputs(), workspaceTypes(), schedule.threads), partials(device, result.workspaces) {
    result.function = device.function;
  }

  DeviceFunction run() {
    Value start = device.constant(0);
    for (auto [index, section] : llvm::enumerate(space.sections)) {
      Value rowTiles = device.divideUp(numRows(index), schedule.sections[index].layout.rows);
      int64_t across = columnTiles(section, schedule.sections[index]);
      const SectionSchedule &how = schedule.sections[index];
      Value blocks = how.blocks ? device.minimum(rowTiles, device.constant(how.blocks)) : rowTiles;
      Value end = device.add(start, device.multiply(blocks, across * how.splits));
      Value mine;
      if (space.sections.size() > 1) {
        Value after = arith::CmpIOp::create(device.builder, device.loc, arith::CmpIPredicate::sge, device.block(), start);
        mine = arith::AndIOp::create(device.builder, device.loc, after, device.lessThan(device.block(), end));
      }
      device.when(mine, [&] {
        Value local = arith::SubIOp::create(device.builder, device.loc, device.block(), start);
        emitSection(index, local, rowTiles, across);
      });
      start = end;
    }
    if (!space.scalars.empty())
      afterAll(device.numBlocks(), counter(takeTicket()), [&] { emitScalars(); });
    eraseLastBarriers(device.function);
    DeviceFunction made = result;
    made.tickets = tickets;
    made.words = words;
    device.function->setAttr(threadsAttribute, device.builder.getI32IntegerAttr(schedule.threads));
    device.function->setAttr(sharedBytesAttribute, device.builder.getI32IntegerAttr(device.sharedBytes()));
    device.function->setAttr(scheduleAttribute, device.builder.getStringAttr(schedule.describe(space)));
    return made;
  }

private:
  static DeviceFunction describeWorkspaces(const KernelSpace &space, const KernelSchedule &schedule) {
    DeviceFunction made;
    for (auto [index, section] : llvm::enumerate(space.sections)) {
      const SectionSchedule &how = schedule.sections[index];
      int64_t rowTiles = how.blocks                            ? how.blocks
                         : ShapedType::isDynamic(section.rows) ? section.rows
                                                               : int64_t(llvm::divideCeil(section.rows, how.layout.rows));
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

  SmallVector<Type> workspaceTypes() {
    SmallVector<Type> types;
    for (const Workspace &workspace : result.workspaces)
      types.push_back(workspace.type);
    return types;
  }

  bool exchanges() const {
    return llvm::any_of(llvm::zip(space.sections, schedule.sections),
                        [](auto pair) { return std::get<1>(pair).exchanges(std::get<0>(pair)); });
  }

  /// Counters, and the words that blocks exchange.
  SmallVector<Type> ownInputs() {
    Builder builder(kernel.getContext());
    SmallVector<Type> types;
    if (!result.workspaces.empty() || !space.scalars.empty() || exchanges())
      types.push_back(RankedTensorType::get({1}, builder.getI32Type()));
    if (exchanges())
      types.push_back(RankedTensorType::get({1}, builder.getI64Type()));
    return types;
  }

  Value extentOf(std::optional<std::pair<Value, unsigned>> where, int64_t known) {
    if (!ShapedType::isDynamic(known) || !where)
      return device.constant(known);
    auto [argument, dim] = findExtent(*where);
    return dim ? device.extent(argument, *dim) : device.parameter(argument);
  }

  Value numRows(unsigned index) { return extentOf(space.sections[index].rowsOf, space.sections[index].rows); }

  void emitSection(unsigned index, Value local, Value rowTiles, int64_t across) {
    OpBuilder &builder = device.builder;
    const Section &section = space.sections[index];
    const SectionSchedule &how = schedule.sections[index];
    int64_t mark = device.sharedMark();
    TilePlace place;
    Value part;
    if (how.splits > 1) {
      part = arith::RemUIOp::create(builder, device.loc, local, device.constant(how.splits));
      local = arith::DivUIOp::create(builder, device.loc, local, device.constant(how.splits));
    }
    Value rowTile = local, columnTile = device.constant(0);
    RowExchange exchange;
    if (how.exchanges(section)) {
      local = takeTile(device.multiply(rowTiles, across), exchange);
      place.exchange = &exchange;
    }
    if (across > 1) {
      rowTile = arith::DivUIOp::create(builder, device.loc, local, device.constant(across));
      columnTile = arith::RemUIOp::create(builder, device.loc, local, device.constant(across));
      place.isFirstColumn = device.isZero(columnTile);
    }
    exchange.rowTile = rowTile;
    exchange.columnTile = columnTile;
    exchange.columnTiles = across;
    exchange.rowTiles = llvm::divideCeil(ShapedType::isDynamic(section.rows) ? batch : section.rows, how.layout.rows);
    if (how.blocks)
      return emitInTurn(index, place, rowTile, columnTile, rowTiles, across);
    setPlace(place, index, rowTile, columnTile);
    TileProgram program(device, kernel, section, how.layout, place);
    auto run = [&](auto &self, ArrayRef<Operation *> ops) -> void {
      for (; !ops.empty(); ops = ops.drop_front()) {
        Operation *op = ops.front();
        if (op == section.mainLoop && part)
          return emitPart(index, place, program, local, part, [&] { self(self, ops.drop_front()); });
        if (op == section.mainLoop)
          addSums(section, program, emitMainLoop(section, how, place));
        else if (llvm::is_contained(section.rowSums, op))
          partials.write(program, op, rowTile);
        else if (llvm::is_contained(section.rowStatistics, op))
          partials.writeAlong(program, op, rowTile, columnTile, across);
        else
          program.run(op);
      }
      program.store();
      if (!section.rowStatistics.empty()) {
        // A counter for each tile of rows.
        Value arrivals = device.at(counter(firstTicket + tickets), builder.getI32Type(), rowTile);
        tickets += exchange.rowTiles;
        afterAll(device.constant(across), arrivals, [&] { emitRowFinish(index, place, rowTile, across); });
      }
      if (!section.rowSums.empty())
        afterAll(device.multiply(rowTiles, across), counter(takeTicket()), [&] { emitFinish(index, rowTiles); });
    };
    run(run, section.ops);
    if (place.exchange) {
      words += exchange.sites * exchange.rowTiles * across * how.layout.rows;
      // The next launch's words are of another epoch.
      afterAll(device.multiply(rowTiles, across), counter(takeTicket()), [&] {
        device.when(device.isZero(device.thread()), [&] { device.store({exchange.epoch}, epochCounter); });
      });
    }
    device.releaseShared(mark);
  }

  void setPlace(TilePlace &place, unsigned index, Value rowTile, Value columnTile) {
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

  /// The tiles of rows whose turn it is in the block.
  void emitInTurn(unsigned index, TilePlace place, Value block, Value columnTile, Value rowTiles, int64_t across) {
    const Section &section = space.sections[index];
    const SectionSchedule &how = schedule.sections[index];
    int64_t mark = device.sharedMark();
    Value blocks = device.minimum(rowTiles, device.constant(how.blocks));
    emitRowsInTurn(device, kernel, section, how, partials, block, blocks, rowTiles, [&](Value rowTile) {
      setPlace(place, index, rowTile, columnTile);
      return place;
    });
    afterAll(device.multiply(blocks, across), counter(takeTicket()), [&] { emitFinish(index, blocks); });
    device.releaseShared(mark);
  }

  /// The block's tile, in the order in which blocks start: whoever waits, waits for a block that started before it or that
  /// will get a multiprocessor of its own.
  Value takeTile(Value count, RowExchange &exchange) {
    OpBuilder &builder = device.builder;
    Type i32 = builder.getI32Type();
    Value order = counter(takeTicket());
    epochCounter = counter(takeTicket());
    Value drawn = device.shared(device.allocateShared(8));
    device.when(device.isZero(device.thread()), [&] {
      Value last = arith::TruncIOp::create(builder, device.loc, i32, device.add(count, -1));
      Value ticket = LLVM::AtomicRMWOp::create(builder, device.loc, LLVM::AtomicBinOp::uinc_wrap, order, last,
                                               LLVM::AtomicOrdering::monotonic, "device");
      Value one = arith::ConstantOp::create(builder, device.loc, builder.getI32IntegerAttr(1));
      Value epoch = arith::AddIOp::create(builder, device.loc, device.load(epochCounter, i32).front(), one);
      device.store({ticket, epoch}, drawn);
    });
    device.barrier();
    SmallVector<Value> both = device.load(drawn, i32, 2);
    exchange.epoch = both[1];
    exchange.words = device.at(device.extraInput(1), builder.getI64Type(), firstWord);
    return arith::ExtUIOp::create(builder, device.loc, builder.getI64Type(), both[0]);
  }

  Value counter(unsigned ticket) { return device.at(device.extraInput(0), device.builder.getI32Type(), int64_t(ticket)); }

  Fragment emitMainLoop(const Section &section, const SectionSchedule &how, const TilePlace &place) {
    Value depth = extentOf(section.depthOf, section.depth);
    return how.loop == SectionSchedule::Loop::Mma ? emitMmaLoop(device, kernel, section, how, place, depth)
                                                  : emitRegisterTileLoop(device, kernel, section, how, place, depth);
  }

  /// The block's part of the main loop; the last block of the tile goes on with `rest`.
  void emitPart(unsigned index, TilePlace place, TileProgram &program, Value tile, Value part, llvm::function_ref<void()> rest) {
    const Section &section = space.sections[index];
    const SectionSchedule &how = schedule.sections[index];
    int64_t tiles = tilesOf(section, how);
    SplitDepth split(device, how, partials.pointerTo(section.mainLoop->getResult(0)), device.constant(tiles), tile, part);
    split.restrict(place, extentOf(section.depthOf, section.depth));
    split.write(emitMainLoop(section, how, place));
    Value counters = counter(firstTicket + tickets);
    tickets += tiles;
    afterAll(device.constant(how.splits), device.at(counters, device.builder.getI32Type(), tile), [&] {
      addSums(section, program, split.add());
      rest();
    });
  }

  /// The main loop's result: its sums, and what they start from.
  void addSums(const Section &section, TileProgram &program, const Fragment &sums) {
    auto op = cast<linalg::GenericOp>(section.mainLoop);
    OpOperand *init = op.getDpsInitOperand(0);
    program.addTo(op, sums, program.get(init->get(), section.axesOf(op, op.getMatchingIndexingMap(init))));
  }

  unsigned takeTicket() { return firstTicket + tickets++; }

  /// Runs `body` in the block that is the last of `count` to get here, by a counter: it sees what all of them wrote.
  void afterAll(Value count, Value arrivals, llvm::function_ref<void()> body) {
    OpBuilder &builder = device.builder;
    Type i32 = builder.getI32Type();
    auto fence = [&] { LLVM::FenceOp::create(builder, device.loc, LLVM::AtomicOrdering::acq_rel, "device"); };
    device.barrier();
    Value flag = device.shared(device.allocateShared(4));
    device.when(device.isZero(device.thread()), [&] {
      Value last = arith::TruncIOp::create(builder, device.loc, i32, device.add(count, -1));
      // The barrier put the block's writes before this fence, which releases them all (PTX ISA 8.8, causality order).
      fence();
      // Wraps to zero with the last arrival, ready for the next launch.
      Value arrived = LLVM::AtomicRMWOp::create(builder, device.loc, LLVM::AtomicBinOp::uinc_wrap, arrivals, last,
                                                LLVM::AtomicOrdering::monotonic, "device");
      fence();
      Value isLast = arith::CmpIOp::create(builder, device.loc, arith::CmpIPredicate::eq, arrived, last);
      device.store({arith::ExtUIOp::create(builder, device.loc, i32, isLast)}, flag);
    });
    device.barrier();
    Value isLast = arith::CmpIOp::create(builder, device.loc, arith::CmpIPredicate::ne, device.load(flag, i32).front(),
                                         arith::ConstantOp::create(builder, device.loc, builder.getI32IntegerAttr(0)));
    device.when(isLast, body);
  }

  /// What is made of sums along the rows of a tile, by its last block: a thread a row.
  void emitRowFinish(unsigned index, TilePlace place, Value rowTile, int64_t across) {
    const Section &section = space.sections[index];
    int64_t tileRows = schedule.sections[index].layout.rows;
    FragmentLayout layout = rowsLayout(tileRows, 1, schedule.threads, 1, 1);
    place.numRows = device.minimum(place.numRows, device.add(place.firstRow, tileRows));
    place.rowsFit = false;
    place.firstColumn = device.constant(0);
    place.isFirstColumn = Value();
    TileProgram program(device, kernel, section, layout, place);
    for (Operation *op : section.rowStatistics)
      program.bindSums(op, partials.addAlong(program, op, rowTile, across, tileRows));
    for (Operation *op : section.rowFinish)
      program.run(op);
    program.store();
  }

  void emitFinish(unsigned index, Value rowTiles) {
    OpBuilder &builder = device.builder;
    const Section &section = space.sections[index];
    // One row: a thread a column, a few columns a thread.
    int64_t across = llvm::divideCeil(section.columns, schedule.threads), atOnce = section.wholeFinish ? across : std::min<int64_t>(across, 4);
    FragmentLayout layout = rowsLayout(1, atOnce * schedule.threads, schedule.threads, schedule.threads, 1);
    TilePlace place;
    place.firstRow = device.constant(0);
    place.numRows = device.constant(1);
    place.rowsFit = true;
    place.numColumns = section.columns;
    place.columnsFit = section.columns % layout.columns == 0;
    auto emit = [&](Value firstColumn) {
      place.firstColumn = firstColumn;
      if (across > atOnce)
        place.isFirstColumn = device.isZero(firstColumn);
      TileProgram program(device, kernel, section, layout, place);
      for (Operation *op : section.rowSums) {
        SmallVector<Fragment> sums = partials.add(program, op, rowTiles, numRows(index), schedule.sections[index].layout.rows);
        program.bindSums(op, sums);
      }
      for (Operation *op : section.finish)
        program.run(op);
      program.store();
    };
    if (across <= atOnce)
      return emit(device.constant(0));
    auto loop = scf::ForOp::create(builder, device.loc, device.constant(0), device.constant(section.columns),
                                   device.constant(layout.columns));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    emit(loop.getInductionVar());
  }

  /// Single numbers that are functions of arguments: when no block reads the old ones any more.
  void emitScalars() {
    Section none;
    FragmentLayout layout = rowsLayout(1, schedule.threads, schedule.threads, schedule.threads, 1);
    TilePlace place{device.constant(0), device.constant(0), device.constant(1), 1, true, false, Value(), Value()};
    TileProgram program(device, kernel, none, layout, place);
    auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
    // All are computed before the first is written: they may read each other's old values.
    SmallVector<std::pair<unsigned, Value>> written;
    for (auto [index, value] : llvm::enumerate(yield.getValues()))
      if (llvm::is_contained(space.scalars, value.getDefiningOp()))
        written.emplace_back(index, value);
    SmallVector<Fragment> fragments;
    for (auto [index, value] : written)
      fragments.push_back(program.get(value, {}));
    for (auto [entry, fragment] : llvm::zip(written, fragments))
      program.storeValue(entry.second, fragment, kernel.getInputs().size() + entry.first, {});
  }

  KernelOp kernel;
  const KernelSpace &space;
  const KernelSchedule &schedule;
  DeviceFunction result;
  unsigned firstTicket, tickets = 0;
  int64_t firstWord, batch, words = 0;
  Value epochCounter;
  DeviceKernel device;
  PartialSums partials;
};
} // namespace

DeviceFunction keel::generateTileKernel(OpBuilder &moduleBuilder, KernelOp kernel, const KernelSpace &space,
                                        const KernelSchedule &schedule, unsigned firstTicket, int64_t firstWord,
                                        int64_t batch) {
  return TileGenerator(moduleBuilder, kernel, space, schedule, firstTicket, firstWord, batch).run();
}
