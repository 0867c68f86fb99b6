// The layouts of fragments.
#include "passes/gpu/Fragment.h"

#include "llvm/Support/MathExtras.h"

using namespace keel;

static void addBits(FragmentLayout &layout, Axis axis, int64_t count, int64_t stride) {
  for (; count > 1; count /= 2, stride *= 2)
    layout.bits.push_back({axis, stride});
}

std::optional<FragmentLayout> FragmentLayout::inFours() const {
  auto isColumn = [&](unsigned bit, int64_t stride) {
    return bits[bit].axis == Axis::Column && bits[bit].stride == stride;
  };
  if (vector != 2 || bits.size() < 2 || !isColumn(0, 2) || !isColumn(1, 4) || columnsHeld() % 4)
    return std::nullopt;
  FragmentLayout layout = *this;
  layout.vector = 4;
  layout.bits[0].stride = 8;
  layout.bits[1].stride = 4;
  for (int64_t held = 0; held < columnsHeld(); ++held)
    layout.columnOffsets[held] = columnOffsets[held / 4 * 4] + held % 4;
  return layout;
}

FragmentLayout keel::rowsLayout(int64_t rows, int64_t columns, int64_t threads, int64_t threadsPerRow, int64_t vector) {
  FragmentLayout layout;
  int64_t step = threadsPerRow * vector, rowsAtOnce = threads / threadsPerRow;
  layout.rows = llvm::alignTo(rows, rowsAtOnce);
  layout.columns = llvm::alignTo(columns, step);
  layout.vector = vector;
  for (int64_t column = 0; column < layout.columns; column += step)
    for (int64_t element = 0; element < vector; ++element)
      layout.columnOffsets.push_back(column + element);
  for (int64_t row = 0; row < layout.rows; row += rowsAtOnce)
    layout.rowOffsets.push_back(row);
  addBits(layout, Axis::Column, threadsPerRow, vector);
  addBits(layout, Axis::Row, rowsAtOnce, 1);
  return layout;
}

FragmentLayout keel::registerTileLayout(int64_t rows, int64_t columns) {
  constexpr int64_t threads = 256, vector = 4;
  FragmentLayout layout;
  layout.rows = rows;
  layout.columns = columns;
  layout.vector = vector;
  // Up to a warp's worth of threads side by side; more, where each would have few rows: what it reads of the operands
  // is used often enough then.
  int64_t across = std::min<int64_t>(columns / vector, 32);
  while (rows * across < vector * threads && across * vector < columns)
    across *= 2;
  int64_t down = threads / across;
  for (int64_t column = 0; column < columns; column += across * vector)
    for (int64_t element = 0; element < vector; ++element)
      layout.columnOffsets.push_back(column + element);
  int64_t held = std::max<int64_t>(rows / down, 1);
  for (int64_t row = 0; row < held; ++row)
    layout.rowOffsets.push_back(row);
  layout.rows = held * down;
  addBits(layout, Axis::Column, across, vector);
  addBits(layout, Axis::Row, down, held);
  return layout;
}

FragmentLayout keel::mmaLayout(int64_t rows, int64_t columns, int64_t warpRows, int64_t warpColumns) {
  FragmentLayout layout;
  layout.rows = rows;
  layout.columns = columns;
  layout.vector = 2;
  int64_t rowsOfWarp = rows / warpRows, columnsOfWarp = columns / warpColumns;
  for (int64_t row = 0; row < rowsOfWarp; row += 16)
    layout.rowOffsets.append({row, row + 8});
  for (int64_t column = 0; column < columnsOfWarp; column += 8)
    layout.columnOffsets.append({column, column + 1});
  addBits(layout, Axis::Column, 4, 2);
  addBits(layout, Axis::Row, 8, 1);
  addBits(layout, Axis::Column, warpColumns, columnsOfWarp);
  addBits(layout, Axis::Row, warpRows, rowsOfWarp);
  return layout;
}

FragmentLayout keel::wgmmaLayout(int64_t rows, int64_t columns, int64_t groups) {
  FragmentLayout layout = mmaLayout(64, columns, 4, 1);
  layout.rows = rows;
  for (int64_t row = 64; row < rows / groups; row += 64)
    layout.rowOffsets.append({row, row + 8});
  addBits(layout, Axis::Row, groups, rows / groups);
  return layout;
}
