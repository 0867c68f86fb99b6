// Results that the copy engine writes.
#include "passes/gpu/StagedStores.h"

#include "passes/gpu/ColumnSums.h"

#include "passes/fuse/RowLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

/// Columns of a box: a swizzled row of 128 bytes, or of 64.
static constexpr int64_t wide = 64, narrow = 32;
/// Columns that a warp puts down at once, of which a thread has four, in each of two rows.
static constexpr int64_t columnsAtOnce = 16, heldAtOnce = 4;
static constexpr int64_t patternBytes = 1024;

/// The operands that are such results.
static SmallVector<unsigned> findStaged(KernelOp kernel, const Section &section, const FragmentLayout &layout) {
  SmallVector<unsigned> operands;
  if (layout.columns % wide)
    return operands;
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  for (auto [index, value] : llvm::enumerate(yield.getValues())) {
    Operation *producer = value.getDefiningOp();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!producer || !section.loops.contains(producer) || !type || type.getRank() != 2 || !hasWholeChunks(type) ||
        !isa<FloatType>(type.getElementType()) || type.getElementTypeBitWidth() != 16)
      continue;
    AffineMap map = LoopNest::get(producer)->resultMaps[cast<OpResult>(value).getResultNumber()];
    if (section.axesOf(producer, map) == Axes{Axis::Row, Axis::Column})
      operands.push_back(kernel.getInputs().size() + index);
  }
  return operands;
}

void StagedStores::prepare() {
  if (isPrepared)
    return;
  isPrepared = true;
  SmallVector<unsigned> operands = findStaged(kernel, section, layout);
  int64_t room = llvm::alignDown(device.mostShared, patternBytes) - device.sharedMark();
  auto fits = [&](int64_t boxColumns, int64_t boxes, int64_t results) {
    columns = boxColumns;
    slots = boxes;
    return results * slots * boxBytes() <= room;
  };
  // The whole tile, so that nothing is waited for; else a box of each result; else of some results.
  if (operands.empty() || !(fits(wide, layout.columns / wide, operands.size()) || fits(wide, 1, operands.size()) ||
                            fits(narrow, 1, operands.size()) || fits(narrow, 1, 1)))
    return;
  mostShared = device.mostShared;
  for (unsigned operand : operands)
    if (fits(columns, slots, places.size() + 1))
      places[operand] = device.takeLastShared(slots * boxBytes(), patternBytes);
  // Lane l names row l % 8 of matrix l / 8: of the upper eight rows, of the lower, and of the next eight columns.
  Value thread = device.thread(), row = device.bits(thread, 0, 3), lower = device.bits(thread, 3, 1);
  Value right = device.bits(thread, 4, 1), fromTop = device.add(row, device.multiply(lower, 8));
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    if (index >= 5 && bit.axis == Axis::Row)
      fromTop = device.add(fromTop, device.multiply(device.bits(thread, index, 1), bit.stride));
  auto exchange = [&](Value a, Value b) -> Value { return arith::XOrIOp::create(device.builder, device.loc, a, b); };
  // The pieces of 16 bytes in a row are permuted by the number of the line of 128 bytes that it is in.
  int64_t bits = llvm::Log2_64(columns / 8);
  Value key = exchange(device.bits(row, 3 - bits, bits), right);
  for (int64_t piece = 0; piece < columns / 8; piece += 2)
    inBox.push_back(
        device.add(device.multiply(fromTop, columns * 2), device.multiply(exchange(key, device.constant(piece)), 16)));
}

void StagedStores::put(unsigned operand, ArrayRef<Value> elements, int64_t first, int64_t count) {
  OpBuilder &builder = device.builder;
  int64_t held = layout.columnsHeld();
  for (int64_t c = first; c < first + count; c += heldAtOnce) {
    int64_t fromLeft = layout.columnOffsets[c], box = fromLeft / columns, inside = fromLeft % columns;
    if (inside == 0 && full.contains(operand) && box % slots == 0) {
      waitForRead();
      device.barrier();
    }
    Value start = device.at(device.shared(places.lookup(operand) + box % slots * boxBytes()), builder.getI8Type(),
                            inBox[inside / columnsAtOnce]);
    for (int64_t r = 0; r < layout.rowsHeld(); r += 2) {
      SmallVector<Value> words;
      for (int64_t column : {c, c + 2})
        for (int64_t row : {r, r + 1})
          words.push_back(device.wordFrom(elements[row * held + column], elements[row * held + column + 1]));
      NVVM::StMatrixOp::create(builder, device.loc,
                               device.at(start, builder.getI8Type(), layout.rowOffsets[r] * columns * 2), words,
                               NVVM::MMALayout::row, NVVM::LdStMatrixShapeAttr::get(builder.getContext(), 8, 8),
                               NVVM::LdStMatrixEltType::B16);
    }
    if (inside + columnsAtOnce == columns)
      write(operand, box);
  }
}

/// A full box, when all threads have put what they hold.
void StagedStores::write(unsigned operand, int64_t box) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  NVVM::FenceProxyOp::create(builder, loc, NVVM::ProxyKind::async_shared,
                             NVVM::SharedSpaceAttr::get(builder.getContext(), NVVM::SharedSpace::shared_cta));
  device.barrier();
  device.when(device.isZero(device.thread()), [&] {
    auto word = [&](Value number) -> Value {
      return arith::TruncIOp::create(builder, loc, builder.getI32Type(), number);
    };
    Value coordinates[] = {word(device.add(place.firstColumn, box * columns)), word(place.firstRow)};
    NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp::create(builder, loc, device.tensorMap(operand, layout.rows, columns),
                                                       device.shared(places.lookup(operand) + box % slots * boxBytes()),
                                                       coordinates, Value(), NVVM::TMAStoreMode::TILE, Value());
  });
  if (box % slots == slots - 1)
    full.insert(operand);
}

/// What was in any box has been read.
void StagedStores::waitForRead() {
  full.clear();
  device.when(device.isZero(device.thread()), [&] {
    NVVM::CpAsyncBulkCommitGroupOp::create(device.builder, device.loc);
    NVVM::CpAsyncBulkWaitGroupOp::create(device.builder, device.loc, device.builder.getI32IntegerAttr(0),
                                         device.builder.getUnitAttr());
  });
}

void StagedStores::finish() {
  if (places.empty())
    return;
  waitForRead();
  device.mostShared = mostShared;
}
