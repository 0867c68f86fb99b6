// How many blocks a kernel of tiles is launched with.
#include "passes/gpu/Generate.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

int64_t keel::columnTiles(const Section &section, const SectionSchedule &schedule) {
  return llvm::divideCeil(section.columns, schedule.layout.columns);
}

int64_t keel::tilesOf(const Section &section, const SectionSchedule &schedule) {
  return llvm::divideCeil(section.rows, schedule.layout.rows) * columnTiles(section, schedule);
}

std::pair<unsigned, std::optional<unsigned>> keel::findExtent(std::pair<Value, unsigned> where) {
  auto [value, dim] = where;
  while (!isa<BlockArgument>(value)) {
    if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
      return {cast<BlockArgument>(empty.getDynamicSizes()[empty.getType().getDynamicDimIndex(dim)]).getArgNumber(),
              std::nullopt};
    // What it is written into.
    value = cast<DestinationStyleOpInterface>(value.getDefiningOp()).getTiedOpOperand(cast<OpResult>(value))->get();
  }
  return {cast<BlockArgument>(value).getArgNumber(), dim};
}

/// A tensor's extent at the launch: the kernel's operand behind it.
static Value launchExtent(OpBuilder &builder, KernelOp kernel, std::optional<std::pair<Value, unsigned>> where,
                          int64_t known) {
  if (!ShapedType::isDynamic(known) || !where)
    return arith::ConstantIndexOp::create(builder, kernel.getLoc(), known);
  auto [argument, dim] = findExtent(*where);
  Value operand = kernel->getOperand(argument);
  return dim ? tensor::DimOp::create(builder, kernel.getLoc(), operand, *dim).getResult() : operand;
}

LaunchSize keel::buildLaunchSize(OpBuilder &builder, KernelOp kernel, const KernelSpace &space,
                                 const KernelSchedule &schedule) {
  LaunchSize size;
  Location loc = kernel.getLoc();
  for (auto [section, how] : llvm::zip(space.sections, schedule.sections)) {
    Value rows = launchExtent(builder, kernel, section.rowsOf, section.rows);
    Value tiles =
        arith::CeilDivUIOp::create(builder, loc, rows, arith::ConstantIndexOp::create(builder, loc, how.layout.rows));
    if (how.blocks)
      tiles = arith::MinUIOp::create(builder, loc, tiles, arith::ConstantIndexOp::create(builder, loc, how.blocks));
    size.rowTiles.push_back(tiles);
    Value blocks = arith::MulIOp::create(
        builder, loc, tiles, arith::ConstantIndexOp::create(builder, loc, columnTiles(section, how) * how.splits));
    size.blocks = size.blocks ? arith::AddIOp::create(builder, loc, size.blocks, blocks).getResult() : blocks;
  }
  if (schedule.pingpong())
    size.blocks = arith::MinUIOp::create(builder, loc, size.blocks,
                                         arith::ConstantIndexOp::create(builder, loc, schedule.mostBlocks));
  if (!size.blocks)
    size.blocks = arith::ConstantIndexOp::create(builder, loc, 1);
  return size;
}
