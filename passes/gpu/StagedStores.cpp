// Results that the copy engine writes.
#include "passes/gpu/StagedStores.h"

#include "passes/gpu/ColumnSums.h"
#include "passes/gpu/KernelSpace.h"

#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace keel;

/// A row of a box is a swizzled one.
static constexpr int64_t boxColumns = 64, rowBytes = 128, patternBytes = 8 * rowBytes;
/// Columns and rows that a warp puts down at once: a thread has four columns of each of two rows.
static constexpr int64_t columnsAtOnce = 16, heldAtOnce = 4;

static int64_t bytesOf(const FragmentLayout &layout) { return layout.rows * layout.columns * 2; }

void StagedStores::prepare(KernelOp kernel, const Section &section) {
  if (layout.columns % boxColumns)
    return;
  int64_t reserved = 0;
  for (Operation *op : section.rowSums)
    reserved += op->getNumResults() * ColumnSums::bytes(layout);
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  for (auto [index, value] : llvm::enumerate(yield.getValues())) {
    Operation *producer = value.getDefiningOp();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!producer || !section.loops.contains(producer) || !type || type.getRank() != 2 || !hasWholeChunks(type) ||
        type.getElementTypeBitWidth() != 16 || !isa<FloatType>(type.getElementType()))
      continue;
    AffineMap map = LoopNest::get(producer)->resultMaps[cast<OpResult>(value).getResultNumber()];
    if (section.axesOf(producer, map) != Axes{Axis::Row, Axis::Column} ||
        device.sharedMark() + bytesOf(layout) + reserved > device.mostShared)
      continue;
    places[kernel.getInputs().size() + index] = device.allocateShared(bytesOf(layout), patternBytes);
  }
  if (places.empty())
    return;
  // Lane l names row l % 8 of matrix l / 8: of the upper eight rows, of the lower, and the same of the next eight columns.
  Value thread = device.thread(), lane = device.bits(thread, 0, 5), row = device.bits(lane, 0, 3);
  Value lower = device.bits(lane, 3, 1), right = device.bits(lane, 4, 1);
  Value fromTop = device.add(row, device.multiply(lower, 8));
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    if (index >= 5 && bit.axis == Axis::Row)
      fromTop = device.add(fromTop, device.multiply(device.bits(thread, index, 1), bit.stride));
  auto exchange = [&](Value a, Value b) -> Value { return arith::XOrIOp::create(device.builder, device.loc, a, b); };
  Value key = exchange(row, right);
  for (int64_t pair = 0; pair < boxColumns / columnsAtOnce; ++pair)
    inRow.push_back(device.add(device.multiply(fromTop, rowBytes),
                               device.multiply(exchange(key, device.constant(2 * pair)), 16)));
}

void StagedStores::put(unsigned operand, ArrayRef<Value> elements, int64_t first, int64_t count) {
  OpBuilder &builder = device.builder;
  int64_t held = layout.columnsHeld();
  for (int64_t r = 0; r < layout.rowsHeld(); r += 2)
    for (int64_t c = first; c < first + count; c += heldAtOnce) {
      SmallVector<Value> words;
      for (int64_t column : {c, c + 2})
        for (int64_t row : {r, r + 1})
          words.push_back(device.wordFrom(elements[row * held + column], elements[row * held + column + 1]));
      int64_t fromLeft = layout.columnOffsets[c];
      int64_t offset = places.lookup(operand) + fromLeft / boxColumns * layout.rows * rowBytes +
                       layout.rowOffsets[r] * rowBytes;
      Value to = device.at(device.at(device.shared(0), builder.getI8Type(), inRow[fromLeft % boxColumns / columnsAtOnce]),
                           builder.getI8Type(), offset);
      NVVM::StMatrixOp::create(builder, device.loc, to, words, NVVM::MMALayout::row,
                               NVVM::LdStMatrixShapeAttr::get(builder.getContext(), 8, 8), NVVM::LdStMatrixEltType::B16);
    }
}

void StagedStores::write(const TilePlace &place) {
  if (places.empty())
    return;
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  NVVM::FenceProxyOp::create(builder, loc, NVVM::ProxyKind::async_shared,
                             NVVM::SharedSpaceAttr::get(builder.getContext(), NVVM::SharedSpace::shared_cta));
  device.barrier();
  auto word = [&](Value number) -> Value { return arith::TruncIOp::create(builder, loc, builder.getI32Type(), number); };
  device.when(device.isZero(device.thread()), [&] {
    for (auto [operand, offset] : places) {
      Value map = device.tensorMap(operand, layout.rows, boxColumns);
      for (int64_t column = 0; column < layout.columns; column += boxColumns) {
        Value coordinates[] = {word(device.add(place.firstColumn, column)), word(place.firstRow)};
        NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp::create(
            builder, loc, map, device.shared(offset + column / boxColumns * layout.rows * rowBytes), coordinates, Value(),
            NVVM::TMAStoreMode::TILE, Value());
      }
    }
    NVVM::CpAsyncBulkCommitGroupOp::create(builder, loc);
  });
}

void StagedStores::finish() {
  if (places.empty())
    return;
  device.when(device.isZero(device.thread()), [&] {
    NVVM::CpAsyncBulkWaitGroupOp::create(device.builder, device.loc, device.builder.getI32IntegerAttr(0),
                                         device.builder.getUnitAttr());
  });
}
