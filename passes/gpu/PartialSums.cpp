// Sums over all rows, and along rows, from parts.
#include "passes/gpu/PartialSums.h"

#include "dialect/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace keel;

const Workspace &PartialSums::workspaceOf(Value sum) const {
  return *llvm::find_if(workspaces, [&](const Workspace &workspace) { return workspace.sum == sum; });
}

void PartialSums::writeColumns(TileProgram &program, Value sum, Value part, Value first, ArrayRef<Value> sums) {
  const Workspace &workspace = workspaceOf(sum);
  Type type = workspace.type.getElementType();
  const TilePlace &place = program.getPlace();
  Value column = device.add(place.firstColumn, first);
  Value start = device.at(pointerTo(workspace), type, device.add(device.multiply(part, place.numColumns), column));
  bool together = place.columnsFit && place.numColumns % sums.size() == 0;
  if (together)
    return device.store(sums, start);
  for (auto [held, value] : llvm::enumerate(sums)) {
    Value isThere = device.lessThan(device.add(column, held), device.constant(place.numColumns));
    device.when(isThere, [&] { device.store({value}, device.at(start, type, held)); });
  }
}

void PartialSums::write(TileProgram &program, Operation *op, Value part, ArrayRef<Fragment> sums) {
  for (auto [sum, fragment] : llvm::zip(op->getResults(), sums)) {
    const Workspace &workspace = workspaceOf(sum);
    Type type = workspace.type.getElementType();
    int64_t columns = fragment.columns ? program.getPlace().numColumns : 1;
    Value start = device.at(pointerTo(workspace), type, device.multiply(part, columns));
    // Every tile of rows writes a part.
    Value owner = device.all({program.isFirstAcross(Axis::Row), program.isFirstWithout(/*rows=*/true, fragment.columns)});
    device.when(owner, [&] {
      for (auto [held, value] : llvm::enumerate(fragment.elements))
        device.when(fragment.columns ? program.columnIsThere(held) : Value(), [&] {
          device.store({value}, fragment.columns ? device.at(start, type, program.column(held)) : start);
        });
    });
  }
}

void PartialSums::writeAlong(TileProgram &program, Operation *op, Value rowTile, Value columnTile, int64_t columnTiles) {
  // [tile of rows][tile of columns][row]: all of the tile's rows have a place, there or not.
  auto generic = cast<linalg::GenericOp>(op);
  int64_t tileRows = program.getLayout().rows;
  SmallVector<SmallVector<Value>> sums = program.sumHeld(generic, Axis::Column);
  program.reduceAcross(Axis::Column, sums, TileProgram::combiners(generic));
  device.when(program.isFirstAcross(Axis::Column), [&] {
    for (auto [sum, values] : llvm::zip(op->getResults(), sums)) {
      const Workspace &workspace = workspaceOf(sum);
      Type type = workspace.type.getElementType();
      Value tile = device.add(device.multiply(rowTile, columnTiles), columnTile);
      Value start = device.at(pointerTo(workspace), type, device.multiply(tile, tileRows));
      start = device.at(start, type, program.rowInTile());
      for (auto [offset, value] : llvm::zip(program.getLayout().rowOffsets, values))
        device.store({value}, device.at(start, type, offset));
    }
  });
}

SmallVector<Fragment> PartialSums::addAlong(TileProgram &program, Operation *op, Value rowTile, int64_t columnTiles,
                                            int64_t tileRows) {
  SmallVector<Fragment> results;
  for (auto [sum, combiner] : llvm::zip(op->getResults(), TileProgram::combiners(cast<linalg::GenericOp>(op)))) {
    const Workspace &workspace = workspaceOf(sum);
    Type type = workspace.type.getElementType();
    Value start = device.at(pointerTo(workspace), type, device.multiply(rowTile, columnTiles * tileRows));
    Fragment fragment{true, false, {}};
    for (int64_t offset : program.getLayout().rowOffsets) {
      Value row = device.minimum(device.add(program.rowInTile(), offset), device.constant(tileRows - 1));
      Value mine = device.at(start, type, row), total;
      for (int64_t tile = 0; tile < columnTiles; ++tile) {
        Value part = device.load(device.at(mine, type, tile * tileRows), type).front();
        total = total ? program.combine(combiner, total, part) : part;
      }
      fragment.elements.push_back(total);
    }
    results.push_back(fragment);
  }
  return results;
}

SmallVector<Value> keel::addInOrder(DeviceKernel &device, Value parts,
                                    llvm::function_ref<SmallVector<Value>(Value)> load,
                                    llvm::function_ref<void(Value, MutableArrayRef<Value>, ArrayRef<Value>)> combine,
                                    int64_t together) {
  OpBuilder &builder = device.builder;
  // Were their number known, the loop would be unrolled to its end.
  parts = device.opaque(parts);
  SmallVector<Value> starts = load(device.constant(0));
  // Of those asked for together, the ones after the last are the last, and not added.
  auto loop = scf::ForOp::create(builder, device.loc, device.constant(1), parts, device.constant(together), starts);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> sums(loop.getRegionIterArgs()), numbers;
  std::vector<SmallVector<Value>> next;
  for (int64_t i = 0; i < together; ++i) {
    Value number = device.add(loop.getInductionVar(), i);
    numbers.push_back(number);
    next.push_back(load(i ? device.minimum(number, device.add(parts, -1)) : number));
  }
  for (auto [number, values] : llvm::zip(numbers, next)) {
    SmallVector<Value> before(sums);
    combine(number, sums, values);
    if (number == numbers.front())
      continue;
    Value isThere = device.lessThan(number, parts);
    for (auto [sum, old] : llvm::zip(sums, before))
      sum = arith::SelectOp::create(builder, device.loc, isThere, sum, old);
  }
  scf::YieldOp::create(builder, device.loc, sums);
  return loop.getResults();
}

/// The tiles' partial sums, added in the order of the tiles.
SmallVector<Fragment> PartialSums::add(TileProgram &program, Operation *op, Value rowTiles, Value rows, int64_t tileRows) {
  bool columns = cast<RankedTensorType>(op->getResult(0).getType()).getRank() > 0;
  int64_t held = columns ? program.getLayout().columnsHeld() : 1;
  auto loadParts = [&](Value tile) {
    SmallVector<Value> values;
    for (Value sum : op->getResults()) {
      const Workspace &workspace = workspaceOf(sum);
      Type type = workspace.type.getElementType();
      int64_t numColumns = columns ? program.getPlace().numColumns : 1;
      Value start = device.at(pointerTo(workspace), type, device.multiply(tile, numColumns));
      for (int64_t column = 0; column < held; ++column) {
        Value at = columns ? device.minimum(program.column(column), device.constant(numColumns - 1)) : device.constant(0);
        values.append(device.load(device.at(start, type, at), type));
      }
    }
    return values;
  };
  auto combineParts = [&](Value tile, MutableArrayRef<Value> sums, ArrayRef<Value> next) {
    if (isa<norm::MomentsOp>(op))
      return mergeMoments(tile, rows, tileRows, sums, next);
    for (auto [index, combiner] : llvm::enumerate(TileProgram::combiners(cast<linalg::GenericOp>(op))))
      for (int64_t column = 0; column < held; ++column)
        sums[index * held + column] = program.combine(combiner, sums[index * held + column], next[index * held + column]);
  };
  // Moments of many tiles are what the next kernel waits for.
  int64_t together = isa<norm::MomentsOp>(op) && held <= 2 ? 8 : 1;
  SmallVector<Value> sums = addInOrder(device, rowTiles, loadParts, combineParts, together);
  SmallVector<Fragment> results;
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    results.push_back({false, columns, SmallVector<Value>(ArrayRef(sums).slice(i * held, held))});
  return results;
}

/// Chan et al. 1983, "Algorithms for computing the sample variance", eq. 1.5: (mean, M2) of all tiles before `tile` and
/// of that tile. All of them are full but perhaps the last.
void PartialSums::mergeMoments(Value tile, Value rows, int64_t tileRows, MutableArrayRef<Value> sums, ArrayRef<Value> next) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Type type = sums.front().getType();
  auto toFloat = [&](Value number) -> Value { return arith::SIToFPOp::create(builder, loc, type, number); };
  Value before = device.multiply(tile, tileRows);
  Value left = arith::SubIOp::create(builder, loc, rows, before);
  Value here = device.minimum(left, device.constant(tileRows));
  Value a = toFloat(before), b = toFloat(here), all = toFloat(device.add(before, here));
  Value share = arith::DivFOp::create(builder, loc, b, all);
  Value both = arith::MulFOp::create(builder, loc, a, share);
  int64_t held = sums.size() / 2;
  for (int64_t i = 0; i < held; ++i) {
    Value delta = arith::SubFOp::create(builder, loc, next[i], sums[i]);
    sums[i] = arith::AddFOp::create(builder, loc, sums[i], arith::MulFOp::create(builder, loc, delta, share));
    Value square = arith::MulFOp::create(builder, loc, arith::MulFOp::create(builder, loc, delta, delta), both);
    Value m2 = arith::AddFOp::create(builder, loc, sums[held + i], next[held + i]);
    sums[held + i] = arith::AddFOp::create(builder, loc, m2, square);
  }
}

Fragment TileProgram::addParts(linalg::GenericOp op) {
  auto argument = cast<BlockArgument>(op.getDpsInputs()[0]);
  auto type = cast<RankedTensorType>(argument.getType());
  Type elementType = type.getElementType();
  int64_t columns = type.getDimSize(1), held = layout.columnsHeld();
  int64_t width = std::min<int64_t>(layout.vector, 128 / elementType.getIntOrFloatBitWidth());
  while (columns % width)
    width /= 2;
  auto load = [&](Value part) {
    Value start = device.at(device.parameter(argument.getArgNumber()), elementType, device.multiply(part, columns));
    SmallVector<Value> values;
    for (int64_t c = 0; c < held; c += width) {
      Value at = place.columnsFit ? column(c) : device.minimum(column(c), device.constant(columns - width));
      values.append(device.load(device.at(start, elementType, at), elementType, width, /*isConstant=*/true));
    }
    return values;
  };
  Operation *combiner = combiners(op).front();
  auto combineAll = [&](Value, MutableArrayRef<Value> sums, ArrayRef<Value> next) {
    for (auto [sum, part] : llvm::zip(sums, next))
      sum = combine(combiner, sum, part);
  };
  SmallVector<Value> sums = addInOrder(device, device.extent(argument.getArgNumber(), 0), load, combineAll);
  const Fragment &start = find(op.getDpsInits()[0], {Axis::Column});
  for (auto [c, sum] : llvm::enumerate(sums))
    sum = startFrom(at(start, 0, c), combiner, sum);
  return {false, true, sums};
}
