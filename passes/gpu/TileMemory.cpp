// A kernel's computations on a tile: loads and stores. What lies outside of the tensor is read from its edge, so that a
// load needs no branch, and is never written.
#include "passes/gpu/StagedStores.h"
#include "passes/gpu/TileProgram.h"

#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

namespace {
/// A matrix in memory: where its elements are.
struct Matrix {
  Value pointer, rowStride, columnStride;            // i64, null for an axis that the tensor does not have
  int64_t knownRowStride = 0, knownColumnStride = 0; // 0: unknown
};
} // namespace

static Matrix describe(DeviceKernel &device, unsigned operand, RankedTensorType type, ArrayRef<Axis> axes) {
  Matrix matrix;
  matrix.pointer = device.parameter(operand);
  Value stride = device.constant(1);
  int64_t known = 1;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    // (groups lie along the columns)
    (axes[dim] == Axis::Row ? matrix.rowStride : matrix.columnStride) = stride;
    (axes[dim] == Axis::Row ? matrix.knownRowStride : matrix.knownColumnStride) = known;
    if (dim) {
      stride = device.multiply(stride, device.extent(operand, dim));
      known = type.isDynamicDim(dim) ? 0 : known * type.getDimSize(dim);
    }
  }
  return matrix;
}

/// Where the thread's row of that number starts: rows at known distances lie at constant distances from the first,
/// which an access's instruction holds. `last`: the last row that is there, in the place of those after it; or null.
static Value startOfRow(DeviceKernel &device, TileProgram &program, const Matrix &matrix, Type elementType,
                        int64_t held, Value last) {
  auto start = [&](Value row) {
    return device.at(matrix.pointer, elementType, device.multiply(row, matrix.rowStride));
  };
  if (last)
    return start(device.minimum(program.row(held), last));
  if (!matrix.knownRowStride)
    return start(program.row(held));
  return device.at(start(program.row(-1)), elementType, program.getLayout().rowOffsets[held] * matrix.knownRowStride);
}

/// Elements of a row that one access moves: 16 bytes at most, and only where every row starts at a multiple.
static int64_t accessWidth(const Matrix &matrix, const FragmentLayout &layout, Type elementType, int64_t numColumns) {
  if (!matrix.columnStride || matrix.knownColumnStride != 1 || elementType.isInteger(1))
    return 1;
  int64_t bytes = llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
  int64_t width = std::min<int64_t>(layout.vector, 16 / bytes);
  while (width > 1 &&
         (numColumns % width || (matrix.rowStride && (!matrix.knownRowStride || matrix.knownRowStride % width))))
    width /= 2;
  return width;
}

Value TileProgram::group(int64_t held) {
  return arith::DivUIOp::create(device.builder, device.loc, column(columnOf[held]), device.constant(section.groupColumns));
}

Value TileProgram::isFirstOfGroup() {
  int64_t mask = 0;
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    if (bit.axis == Axis::Column && bit.stride < section.groupColumns)
      mask |= int64_t(1) << index;
  Value field = arith::AndIOp::create(device.builder, device.loc, device.thread(), device.constant(mask));
  return device.all({mask ? device.isZero(field) : Value(), place.isFirstOfGroup});
}

Fragment TileProgram::loadGroups(BlockArgument argument, ArrayRef<Axis> axes) {
  auto type = cast<RankedTensorType>(argument.getType());
  Type elementType = type.getElementType();
  Matrix matrix = describe(device, argument.getArgNumber(), type, axes);
  Fragment fragment{bool(matrix.rowStride), false, {}, true};
  bool isConstant = argument.getArgNumber() < kernel.getInputs().size();
  Value lastGroup = device.constant(section.columns / section.groupColumns - 1);
  for (int64_t r = 0; r < (fragment.rows ? layout.rowsHeld() : 1); ++r)
    for (int64_t g = 0; g < int64_t(columnOf.size()); ++g) {
      auto access = [&] {
        Value start = matrix.pointer;
        if (fragment.rows)
          start = startOfRow(device, *this, matrix, elementType, r,
                             place.rowsFit || !isConstant ? Value() : device.add(place.numRows, -1));
        Value number = place.columnsFit ? group(g) : device.minimum(group(g), lastGroup);
        return device.load(device.at(start, elementType, device.multiply(number, matrix.columnStride)), elementType, 1,
                           isConstant);
      };
      // What the kernel updates in place is read by the thread that writes it.
      Value isOwner = isConstant ? Value()
                                 : device.all({fragment.rows ? rowIsThere(r) : isFirstAcross(Axis::Row),
                                               columnIsThere(columnOf[g]), isFirstOfGroup()});
      fragment.elements.append(isConstant ? access() : device.loadWhere(isOwner, elementType, 1, access));
    }
  return fragment;
}

void TileProgram::storeGroups(const Fragment &fragment, RankedTensorType type, unsigned operand, ArrayRef<Axis> axes) {
  Type elementType = type.getElementType();
  Matrix matrix = describe(device, operand, type, axes);
  Value isFirst = fragment.rows ? Value() : device.all({isFirstAcross(Axis::Row), place.isFirstRow});
  device.when(device.all({isFirst, isFirstOfGroup()}), [&] {
    for (int64_t r = 0; r < (fragment.rows ? layout.rowsHeld() : 1); ++r)
      for (int64_t g = 0; g < int64_t(columnOf.size()); ++g)
        device.when(device.all({fragment.rows ? rowIsThere(r) : Value(), columnIsThere(columnOf[g])}), [&] {
          Value start = matrix.pointer;
          if (fragment.rows)
            start = startOfRow(device, *this, matrix, elementType, r, Value());
          start = device.at(start, elementType, device.multiply(group(g), matrix.columnStride));
          device.store({fragment.elements[(fragment.rows ? r : 0) * columnOf.size() + g]}, start);
        });
  });
}

Fragment TileProgram::load(BlockArgument argument, ArrayRef<Axis> axes) {
  if (llvm::is_contained(axes, Axis::Group))
    return loadGroups(argument, axes);
  if (Value number = device.numbers.lookup(argument.getArgNumber()))
    return {false, false, {number}};
  auto type = cast<RankedTensorType>(argument.getType());
  Type elementType = type.getElementType();
  Matrix matrix = describe(device, argument.getArgNumber(), type, axes);
  bool rows = bool(matrix.rowStride), columns = bool(matrix.columnStride);
  Fragment fragment{rows, columns, {}};
  int64_t width = accessWidth(matrix, layout, elementType, place.numColumns);
  int64_t numRows = rows ? layout.rowsHeld() : 1, numColumns = columns ? layout.columnsHeld() : 1;
  // What the kernel updates in place is read by the thread that writes it, and by no other.
  bool inPlace = argument.getArgNumber() >= kernel.getInputs().size() && !axes.empty();
  bool isConstant = argument.getArgNumber() < kernel.getInputs().size();
  Value lastRow = rows && !place.rowsFit && !inPlace ? device.add(place.numRows, -1) : Value();
  Value lastColumn = columns && !place.columnsFit && !inPlace ? device.constant(place.numColumns - width) : Value();
  for (int64_t r = 0; r < numRows; ++r) {
    auto rowStart = [&] { return rows ? startOfRow(device, *this, matrix, elementType, r, lastRow) : matrix.pointer; };
    for (int64_t c = 0; c < numColumns; c += width) {
      auto access = [&] {
        Value start = rowStart();
        if (!columns)
          return device.load(start, elementType, 1, isConstant);
        if (lastColumn || !matrix.knownColumnStride)
          start = device.at(
              start, elementType,
              device.multiply(lastColumn ? device.minimum(column(c), lastColumn) : column(c), matrix.columnStride));
        else // a constant distance from one address is part of the instruction
          start = device.at(device.at(start, elementType, device.multiply(column(-1), matrix.columnStride)),
                            elementType, layout.columnOffsets[c] * matrix.knownColumnStride);
        return device.load(start, elementType, width, isConstant);
      };
      fragment.elements.append(inPlace ? device.loadWhere(isOwner(rows, columns, r, c), elementType, width, access)
                                       : access());
    }
  }
  return fragment;
}

Value TileProgram::isOwner(bool rows, bool columns, int64_t heldRow, int64_t heldColumn) {
  return device.all({rows ? rowIsThere(heldRow) : isFirstAcross(Axis::Row),
                     columns ? columnIsThere(heldColumn) : isFirstAcross(Axis::Column)});
}

Value TileProgram::isFirstWithout(bool rows, bool columns) {
  return device.all({rows ? Value() : isFirstAcross(Axis::Row), rows ? Value() : place.isFirstRow,
                     columns ? Value() : isFirstAcross(Axis::Column), columns ? Value() : place.isFirstColumn});
}

void TileProgram::exchangePairs(MutableArrayRef<Value> four) {
  OpBuilder &builder = device.builder;
  Value low = device.wordFrom(four[0], four[1]), high = device.wordFrom(four[2], four[3]);
  Value isOdd = arith::CmpIOp::create(builder, device.loc, arith::CmpIPredicate::ne, device.bits(device.thread(), 0, 1),
                                      device.constant(0));
  auto select = [&](Value odd, Value even) -> Value {
    return arith::SelectOp::create(builder, device.loc, isOdd, odd, even);
  };
  Value received = device.shuffleXorWord(select(low, high), 1);
  Type type = four[0].getType();
  llvm::copy(device.halves(select(received, low), type), four.begin());
  llvm::copy(device.halves(select(high, received), type), four.begin() + 2);
}

void TileProgram::storeValue(Value value, const Fragment &fragment, unsigned operand, ArrayRef<Axis> axes,
                             int64_t first, int64_t count) {
  auto type = cast<RankedTensorType>(value.getType());
  if (llvm::is_contained(axes, Axis::Group))
    return storeGroups(fragment, type, operand, axes);
  Type elementType = type.getElementType();
  Matrix matrix = describe(device, operand, type, axes);
  bool rows = bool(matrix.rowStride), columns = bool(matrix.columnStride);
  int64_t width = accessWidth(matrix, layout, elementType, place.numColumns);
  int64_t numRows = rows ? layout.rowsHeld() : 1, numColumns = count     ? first + count
                                                               : columns ? layout.columnsHeld()
                                                                         : 1;
  if (place.staged && place.staged->takes(operand))
    return place.staged->put(operand, fragment.elements, first, numColumns - first);
  std::optional<FragmentLayout> fours = layout.inFours();
  if (fours && rows && columns && elementType.getIntOrFloatBitWidth() == 16 && first % 4 == 0 && numColumns % 4 == 0 &&
      accessWidth(matrix, *fours, elementType, place.numColumns) == 4) {
    Fragment exchanged = fragment;
    for (int64_t r = 0; r < numRows; ++r)
      for (int64_t c = first; c < numColumns; c += 4)
        exchangePairs(MutableArrayRef(exchanged.elements).slice(r * layout.columnsHeld() + c, 4));
    TileProgram(device, kernel, section, *fours, place).storeValue(value, exchanged, operand, axes, first, count);
    return;
  }
  device.when(isFirstWithout(rows, columns), [&] {
    for (int64_t r = 0; r < numRows; ++r)
      device.when(rows ? rowIsThere(r) : Value(), [&] {
        Value start = rows ? startOfRow(device, *this, matrix, elementType, r, Value()) : matrix.pointer;
        if (columns)
          start = device.at(start, elementType, device.multiply(column(-1), matrix.columnStride));
        for (int64_t c = first; c < numColumns; c += width)
          device.when(columns ? columnIsThere(c) : Value(), [&] {
            Value address = start;
            if (columns)
              address =
                  matrix.knownColumnStride
                      ? device.at(start, elementType, layout.columnOffsets[c] * matrix.knownColumnStride)
                      : device.at(start, elementType, device.multiply(matrix.columnStride, layout.columnOffsets[c]));
            SmallVector<Value> values;
            for (int64_t element = 0; element < width; ++element)
              values.push_back(at(fragment, r, c + element));
            device.store(values, address);
          });
      });
  });
}

void TileProgram::store() {
  if (place.staged)
    place.staged->prepare();
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  for (auto [index, value] : llvm::enumerate(yield.getValues())) {
    Operation *producer = value.getDefiningOp();
    auto it = fragments.find(value);
    if (it == fragments.end() || !producer || !stores.contains(value))
      continue;
    AffineMap map = LoopNest::get(producer)->resultMaps[cast<OpResult>(value).getResultNumber()];
    storeValue(value, it->second, kernel.getInputs().size() + index, section.axesOf(producer, map));
  }
  stores.clear();
}
