// Parts of a main loop's depth, summed by several blocks.
#include "passes/gpu/SplitDepth.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

void SplitDepth::restrict(TilePlace &place, Value depth) {
  // Whole steps of the main loop, so that parts do not overlap.
  Value steps = device.divideUp(depth, schedule.splits * schedule.depthTile);
  Value each = device.multiply(steps, schedule.depthTile);
  place.firstDepth = device.multiply(part, each);
  place.endDepth = device.minimum(device.add(place.firstDepth, each), depth);
}

Value SplitDepth::start(Value ofPart) {
  Value number = device.add(device.multiply(ofPart, tiles), tile);
  Value offset = device.add(device.multiply(number, held() * device.threads), device.thread());
  return device.at(workspace, device.builder.getF32Type(), offset);
}

void SplitDepth::write(const Fragment &sums) {
  Value mine = start(part);
  for (auto [index, value] : llvm::enumerate(sums.elements))
    device.store({value}, device.at(mine, value.getType(), int64_t(index) * device.threads));
}

Fragment SplitDepth::add() {
  OpBuilder &builder = device.builder;
  Type f32 = builder.getF32Type();
  auto load = [&](Value ofPart) {
    Value from = start(ofPart);
    SmallVector<Value> values;
    for (int64_t index = 0; index < held(); ++index)
      values.append(device.load(device.at(from, f32, index * device.threads), f32));
    return values;
  };
  auto loop = scf::ForOp::create(builder, device.loc, device.constant(1), device.constant(schedule.splits),
                                 device.constant(1), load(device.constant(0)));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> sums;
    for (auto [sum, next] : llvm::zip(loop.getRegionIterArgs(), load(loop.getInductionVar())))
      sums.push_back(arith::AddFOp::create(builder, device.loc, sum, next));
    scf::YieldOp::create(builder, device.loc, sums);
  }
  return {true, true, SmallVector<Value>(loop.getResults())};
}

int64_t SplitDepth::choose(const Section &section, const FragmentLayout &layout, int64_t depth) {
  // The multiprocessors of an A100, whatever the GPU: the bits must not depend on it. A shorter part than the other
  // would not pay for writing and reading the tile.
  // Of narrow tiles, a multiprocessor has room for several, and needs them to read as fast as the memory gives.
  const int64_t blocks = layout.columns <= narrowTile ? 4 * 108 : 108;
  constexpr int64_t shortestPart = 256;
  if (ShapedType::isDynamic(section.rows) || section.wholeRows || !section.depthSums.empty())
    return 1;
  int64_t tiles = llvm::divideCeil(section.rows, layout.rows) * llvm::divideCeil(section.columns, layout.columns),
          splits = 1;
  while (2 * splits * tiles <= blocks && depth >= 2 * splits * shortestPart)
    splits *= 2;
  return splits;
}
