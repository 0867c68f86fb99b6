// The roles of a warp-specialised kernel's threads: the last group of threads has the copy engine bring what the others multiply.
#include "passes/gpu/TileGenerator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace keel;

/// Sums along the rows.
static int64_t countRowSums(const Section &section) {
  int64_t count = 0;
  for (Operation *op : section.ops)
    count += section.sums(op, Axis::Column) ? op->getNumResults() : 0;
  return count;
}

/// The group that copies gives the others its registers.
void TileGenerator::emitRoles() {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  // Of 168 that each of the 384 threads has at first.
  constexpr uint32_t registersToCopy = 40, registersToMultiply = 232;
  device.mostShared = 216 << 10;
  int64_t stages = 0;
  for (const SectionSchedule &section : schedule.sections)
    if (section.loop == SectionSchedule::Loop::Wgmma)
      stages = std::max(stages, section.stages);
  int64_t cluster = schedule.cluster();
  if (cluster > 1) {
    clusterExchange.emplace(device, cluster, schedule.sections[0].layout.rows, countRowSums(space.sections[0]));
    clusterExchange->prepare(device);
    device.function->setAttr(clusterAttribute, builder.getI32IntegerAttr(cluster));
  }
  barriers.emplace(device, stages);
  auto meet = [&] {
    if (cluster == 1)
      return device.blockBarrier();
    NVVM::ClusterArriveOp::create(builder, loc, UnitAttr());
    NVVM::ClusterWaitOp::create(builder, loc, UnitAttr());
  };
  meet();
  Value multiplies = device.lessThan(device.thread(), device.constant(schedule.threads));
  auto roles = scf::IfOp::create(builder, loc, multiplies, /*withElseRegion=*/true);
  // Nobody leaves while others may still reach into its shared memory.
  if (cluster > 1)
    meet();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(roles.thenBlock());
  NVVM::SetMaxRegisterOp::create(builder, loc, registersToMultiply, NVVM::SetMaxRegisterAction::increase);
  device.enterGroup(schedule.threads);
  emitComputations();
  builder.setInsertionPointToStart(roles.elseBlock());
  NVVM::SetMaxRegisterOp::create(builder, loc, registersToCopy, NVVM::SetMaxRegisterAction::decrease);
  forEachSection([&](unsigned index, Value local, Value rowTiles, int64_t across) { emitCopies(index, local, across); });
}

void TileGenerator::emitCopies(unsigned index, Value local, int64_t across) {
  const SectionSchedule &how = schedule.sections[index];
  if (how.exchanges(space.sections[index])) {
    device.blockBarrier();
    local = drawnTile(index);
  }
  if (how.loop != SectionSchedule::Loop::Wgmma)
    return;
  // One thread of one warp.
  device.when(device.lessThan(device.thread(), device.constant(schedule.threads + 32)), [&] {
    Value isElected = NVVM::ElectSyncOp::create(device.builder, device.loc, device.builder.getI1Type(), Value());
    device.when(isElected, [&] {
      auto [rowTile, columnTile] = tileOf(local, across);
      TilePlace place;
      place.firstRow = device.multiply(rowTile, how.layout.rows);
      place.firstColumn = device.multiply(columnTile, how.layout.columns);
      loops.at(index)->copy(place, depthOf(index));
    });
  });
}
