// The roles of a warp-specialised kernel's threads: the last group of threads has the copy engine bring what the others
// multiply.
#include "passes/gpu/TileGenerator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

/// The group that copies gives the others its registers.
void TileGenerator::emitRoles() {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  // Of 168 that each of the 384 threads has at first.
  constexpr uint32_t registersToCopy = 40, registersToMultiply = 232;
  device.mostShared = 227 << 10; // CUDA C++ Programming Guide, compute capability 9.0
  int64_t stages = 0, cluster = schedule.cluster(), groups = schedule.groups();
  for (const SectionSchedule &each : schedule.sections)
    if (each.loop == SectionSchedule::Loop::Wgmma)
      stages = std::max(stages, each.stages);
  if (cluster > 1)
    device.function->setAttr(clusterAttribute, builder.getI32IntegerAttr(cluster));
  const Section &section = space.sections[0];
  const SectionSchedule &how = schedule.sections[0];
  if (schedule.pingpong()) {
    int64_t least = how.exchanges(section) ? RowExchange::leastBlocks(how.sharers(section), cluster) : cluster;
    device.function->setAttr(staysAttribute, builder.getI32IntegerAttr(least));
  }
  if (how.exchangesInCluster(section)) {
    clusterExchange.emplace(device, cluster, how.layout.rows, section.countRowSums(), schedule.pingpong() ? groups : 0);
    clusterExchange->prepare(device);
  }
  barriers.emplace(device, stages, /*readers=*/schedule.threads / 32 * how.readers());
  if (schedule.pingpong()) // the ring's memory is its own
    loops[0] = std::make_unique<WgmmaLoop>(device, kernel, section, how, *barriers);
  auto meet = [&] {
    if (cluster == 1)
      return device.blockBarrier();
    NVVM::ClusterArriveOp::create(builder, loc, UnitAttr());
    NVVM::ClusterWaitOp::create(builder, loc, UnitAttr());
  };
  meet();
  Value multiplies = device.lessThan(device.thread(), device.constant(schedule.threads * groups));
  auto roles = scf::IfOp::create(builder, loc, multiplies, /*withElseRegion=*/true);
  // Nobody leaves while others may still reach into its shared memory.
  if (cluster > 1)
    meet();
  OpBuilder::InsertionGuard guard(builder);
  auto multiply = [&] {
    builder.setInsertionPointToStart(roles.thenBlock());
    NVVM::SetMaxRegisterOp::create(builder, loc, registersToMultiply, NVVM::SetMaxRegisterAction::increase);
    schedule.pingpong() ? emitTurns() : emitComputations();
  };
  auto copy = [&] {
    builder.setInsertionPointToStart(roles.elseBlock());
    NVVM::SetMaxRegisterOp::create(builder, loc, registersToCopy, NVVM::SetMaxRegisterAction::decrease);
    if (schedule.pingpong())
      return emitCopiesOfTurns();
    forEachSection(
        [&](unsigned index, Value local, Value rowTiles, int64_t across) { emitCopies(index, local, across); });
  };
  if (schedule.pingpong()) {
    copy();
    multiply();
  } else { // where the tiles' numbers are drawn is known by then
    multiply();
    copy();
  }
}

void TileGenerator::inCopyingThread(llvm::function_ref<void()> body) {
  int64_t first = schedule.threads * schedule.groups();
  device.when(device.lessThan(device.thread(), device.constant(first + 32)), [&] {
    device.when(NVVM::ElectSyncOp::create(device.builder, device.loc, device.builder.getI1Type(), Value()), body);
  });
}

TilePlace TileGenerator::startOf(unsigned index, Value local, int64_t across) {
  auto [rowTile, columnTile] = tileOf(local, across);
  const FragmentLayout &layout = schedule.sections[index].layout;
  TilePlace place;
  place.firstRow = device.multiply(rowTile, layout.rows);
  place.firstColumn = device.multiply(columnTile, layout.columns);
  return place;
}

void TileGenerator::emitCopies(unsigned index, Value local, int64_t across) {
  const SectionSchedule &how = schedule.sections[index];
  if (how.exchanges(space.sections[index])) {
    device.blockBarrier();
    local = drawnTile(index);
  }
  if (how.loop == SectionSchedule::Loop::Wgmma)
    inCopyingThread([&] {
      WgmmaLoop &loop = *loops.at(index);
      loop.copy(startOf(index, local, across), depthOf(index), loop.start());
    });
}

//===----------------------------------------------------------------------===//
// Groups that take turns
//===----------------------------------------------------------------------===//

// Block b of B has the tiles b, b + B, b + 2B, ...; the copy engine brings their operands one after the other, each
// group takes every other.

void TileGenerator::emitCopiesOfTurns() {
  OpBuilder &builder = device.builder;
  int64_t across = columnTiles(space.sections[0], schedule.sections[0]);
  Value tiles = device.multiply(device.divideUp(numRows(0), schedule.sections[0].layout.rows), across);
  inCopyingThread([&] {
    WgmmaLoop::Position start = loops.at(0)->start();
    auto loop = scf::ForOp::create(builder, device.loc, device.block(), tiles, device.numBlocks(),
                                   ValueRange{start.stage, start.parity});
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    WgmmaLoop::Position next = loops.at(0)->copy(startOf(0, loop.getInductionVar(), across), depthOf(0),
                                                 {loop.getRegionIterArg(0), loop.getRegionIterArg(1)});
    scf::YieldOp::create(builder, device.loc, ValueRange{next.stage, next.parity});
  });
}

void TileGenerator::emitTurns() {
  OpBuilder &builder = device.builder;
  int64_t groups = schedule.groups(), across = columnTiles(space.sections[0], schedule.sections[0]);
  Value group = device.uniform(device.bits(device.thread(), llvm::Log2_64(groupThreads), 1));
  device.enterGroup(schedule.threads, group, groups);
  Value rowTiles = device.divideUp(numRows(0), schedule.sections[0].layout.rows);
  Value first = device.add(device.block(), device.multiply(group, device.numBlocks()));
  Value tiles = device.multiply(rowTiles, across);
  bool exchanges = schedule.sections[0].exchanges(space.sections[0]);
  if (exchanges) {
    epochCounter = counter(takeTicket());
    epoch = arith::AddIOp::create(builder, device.loc, device.load(epochCounter, builder.getI32Type()).front(),
                                  device.word(1));
  }
  auto loop = scf::ForOp::create(builder, device.loc, first, tiles, device.multiply(device.numBlocks(), groups), group);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value next = device.add(loop.getInductionVar(), device.numBlocks());
    turn = {loop.getRegionIterArg(0), group, device.lessThan(next, tiles)};
    if (clusterExchange)
      clusterExchange->turn = turn.number;
    emitSection(0, loop.getInductionVar(), rowTiles, across);
    // The next tile uses the same shared memory, behind the barrier with which it starts.
    scf::YieldOp::create(builder, device.loc, device.add(turn.number, groups));
  }
  device.renewThread();
  if (device.groupUsesShared())
    device.barrier();
  if (exchanges) // all have read the epoch
    afterAll(device.multiply(device.numBlocks(), groups), counter(takeTicket()),
             [&] { device.when(device.isZero(device.thread()), [&] { device.store({epoch}, epochCounter); }); });
  emitScalars();
  device.leaveGroups();
}
