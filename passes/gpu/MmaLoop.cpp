// The main loop of mma.sync: operands of 16 bits, or of 32 that are rounded to tf32, come by cp.async into a ring of
// swizzled shared-memory tiles, warps read them with ldmatrix and multiply them on the tensor cores, sums stay in
// registers. PTX ISA 9.7.14 (mma, ldmatrix), 9.7.9.25.3 (cp.async).
#include "passes/gpu/DepthSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

namespace {

/// One operand's ring of tiles in shared memory, each as it lies in memory: rows of chunks. A chunk's place in its row
/// is exchanged with another's depending on the row, so that what a warp reads at once lies in different banks.
class OperandRing {
public:
  OperandRing(DeviceKernel &device, KernelOp kernel, const Section &section, const TilePlace &tile, OpOperand *operand,
              const Axes &axes, int64_t outer, int64_t depthTile, int64_t stages, Value firstOuter, Value outerExtent,
              Value depth)
      : device(device), kernel(kernel), operand(operand->get()), type(cast<RankedTensorType>(this->operand.getType())),
        depthIsLast(axes.back() == Axis::Depth), chunk(128 / type.getElementTypeBitWidth()),
        rows(depthIsLast ? outer : depthTile), chunks((depthIsLast ? depthTile : outer) / chunk),
        firstOuter(firstOuter), rowExtent(depthIsLast ? outerExtent : depth),
        layout(rowsLayout(rows, chunks * chunk, device.threads, chunks, chunk)),
        depthSums(device, section, axes, layout, tile) {
    offset = device.allocateShared(stages * bytes());
  }

  int64_t bytes() const { return rows * chunks * 16; }

  /// Whether the copies go through registers: the kernel computes the operand as it loads it, or its rows are no whole
  /// chunks.
  bool isPrepared() const { return !isa<BlockArgument>(operand) || !hasWholeChunks(type); }

  /// Loads what the operand is computed from, for the depth from `firstDepth` on.
  std::unique_ptr<TileProgram> fetch(Value firstDepth) {
    TilePlace place;
    place.firstRow = depthIsLast ? firstOuter : firstDepth;
    place.firstColumn = depthIsLast ? firstDepth : firstOuter;
    place.numRows = rowExtent;
    if (layout.rows > rows) // more threads than rows: those of the next tile are not this one's
      place.numRows = device.minimum(place.numRows, device.add(place.firstRow, rows));
    place.numColumns = type.getDimSize(1);
    auto program = std::make_unique<TileProgram>(device, kernel, depthSums.operandSection(), layout, place);
    program->prefetch(operand, {Axis::Row, Axis::Column});
    return program;
  }

  /// Computes the operand, and writes it into a stage.
  void prepare(TileProgram &program, Value stage) {
    depthSums.add(program);
    SmallVector<Value> values = operandElements(device, program, operand, depthIsLast ? Axis::Column : Axis::Row);
    Value zero = device.constant(0);
    TilePlace inStage{zero, zero, device.constant(rows), chunks * chunk};
    TileProgram tile(device, kernel, depthSums.operandSection(), layout, inStage);
    Value inRow = device.bits(device.thread(), 0, llvm::Log2_64(chunks));
    for (int64_t r = 0; r < layout.rowsHeld(); ++r)
      device.when(layout.rows > rows ? tile.rowIsThere(r) : Value(), [&] {
        device.store(ArrayRef(values).slice(r * chunk, chunk),
                     device.at(stageStart(stage), device.builder.getI8Type(), this->place(tile.row(r), inRow)));
      });
  }

  /// Starts the copy of the depth from `firstDepth` on into a stage; what lies outside of the operand becomes zero.
  void copy(Value firstDepth, Value stage) {
    OpBuilder &builder = device.builder;
    Location loc = device.loc;
    Value firstRow = depthIsLast ? firstOuter : firstDepth, firstColumn = depthIsLast ? firstDepth : firstOuter;
    int64_t total = rows * chunks, logChunks = llvm::Log2_64(chunks);
    for (int64_t start = 0; start < total; start += device.threads) {
      Value number = device.add(device.thread(), start);
      Value isMine = start + device.threads > total ? device.lessThan(number, device.constant(total)) : Value();
      device.when(isMine, [&] {
        Value inRow = device.bits(number, 0, logChunks);
        Value row = arith::ShRUIOp::create(builder, loc, number, device.constant(logChunks));
        Value fromRow = device.add(firstRow, row), fromColumn = device.add(firstColumn, device.multiply(inRow, chunk));
        Value isThere = arith::AndIOp::create(builder, loc, device.lessThan(fromRow, rowExtent),
                                              device.lessThan(fromColumn, device.constant(type.getDimSize(1))));
        Value element = device.add(device.multiply(fromRow, type.getDimSize(1)), fromColumn);
        element = arith::SelectOp::create(builder, loc, isThere, element, device.constant(0));
        auto constant32 = [&](int64_t value) {
          return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value)).getResult();
        };
        Value size = arith::SelectOp::create(builder, loc, isThere, constant32(16), constant32(0));
        unsigned argument = cast<BlockArgument>(operand).getArgNumber();
        Value from = device.at(device.parameter(argument), type.getElementType(), element);
        Value to = device.at(stageStart(stage), builder.getI8Type(), place(row, inRow));
        NVVM::CpAsyncOp::create(builder, loc, to, from, 16, NVVM::LoadCacheModifierKind::CG, size);
      });
    }
  }

  /// The depth of one mma: two chunks.
  int64_t depthOfStep() const { return 2 * chunk; }

  /// Four 8x8 matrices of 16 bits: those of 16 outer elements from `outer` on, by two chunks of the depth from `depth`
  /// on. Lane l names a row of matrix l / 8. `outerFirst`: the second matrix is the next along the outer axis (A's
  /// order), else along the depth (B's). An element of 32 bits is two of a matrix: its four in a row lie as mma takes
  /// them.
  SmallVector<Value> load(Value stage, Value warpOuter, int64_t outer, int64_t depth, bool outerFirst) {
    SmallVector<Value> words = isWide() && !depthIsLast ? loadElements(stage, warpOuter, outer, depth, outerFirst)
                                                        : loadMatrices(stage, warpOuter, outer, depth, outerFirst);
    // mma would leave out the last 13 bits.
    if (isWide())
      for (Value &word : words)
        word = NVVM::ConvertFloatToTF32Op::create(
            device.builder, device.loc, device.builder.getI32Type(),
            LLVM::BitcastOp::create(device.builder, device.loc, type.getElementType(), word),
            NVVM::FPRoundingMode::RNA);
    return words;
  }

private:
  bool isWide() const { return type.getElementTypeBitWidth() == 32; }

  SmallVector<Value> loadMatrices(Value stage, Value warpOuter, int64_t outer, int64_t depth, bool outerFirst) {
    OpBuilder &builder = device.builder;
    Location loc = device.loc;
    Value lane = device.bits(device.thread(), 0, 5);
    Value inMatrix = device.bits(lane, 0, 3), low = device.bits(lane, 3, 1), high = device.bits(lane, 4, 1);
    Value outerHalf = outerFirst ? low : high, depthHalf = outerFirst ? high : low;
    Value row, column; // column in chunks
    if (depthIsLast) {
      row = device.add(device.add(device.add(device.multiply(outerHalf, 8), inMatrix), warpOuter), outer);
      column = device.add(depthHalf, depth / chunk);
    } else {
      row = device.add(device.add(device.multiply(depthHalf, 8), inMatrix), depth);
      Value first = arith::ShRUIOp::create(builder, loc, warpOuter, device.constant(3));
      column = device.add(device.add(first, outerHalf), outer / chunk);
    }
    Value from = device.at(stageStart(stage), builder.getI8Type(), place(row, column));
    return keel::loadMatrices(device, from, /*transposed=*/!depthIsLast);
  }

  /// The same of 32-bit elements whose depth is not last, which ldmatrix cannot transpose: PTX ISA 9.7.14.5.7, the
  /// fragments of mma.m16n8k8 for tf32.
  SmallVector<Value> loadElements(Value stage, Value warpOuter, int64_t outer, int64_t depth, bool outerFirst) {
    Value inDepth = device.bits(device.thread(), 0, 2), inOuter = device.bits(device.thread(), 2, 3);
    Value start = stageStart(stage);
    SmallVector<Value> values;
    for (int64_t i = 0; i < 4; ++i) {
      int64_t outerHalf = outerFirst ? i % 2 : i / 2, depthHalf = outerFirst ? i / 2 : i % 2;
      Value row = device.add(inDepth, depth + depthHalf * chunk);
      Value column = device.add(device.add(warpOuter, inOuter), outer + outerHalf * 8);
      Value inRow = arith::ShRUIOp::create(device.builder, device.loc, column, device.constant(2));
      Value from = device.at(start, device.builder.getI8Type(), place(row, inRow));
      from = device.at(from, type.getElementType(), device.bits(inOuter, 0, 2));
      values.push_back(device.load(from, device.builder.getI32Type()).front());
    }
    return values;
  }

  Value stageStart(Value stage) {
    return device.at(device.shared(offset), device.builder.getI8Type(), device.multiply(stage, bytes()));
  }

  /// The place of a chunk in the tile, in bytes.
  Value place(Value row, Value inRow) {
    OpBuilder &builder = device.builder;
    // Rows of 128 bytes and more are eight banks apart already; of shorter ones several share a line of the banks.
    int64_t bits = std::min<int64_t>(llvm::Log2_64(chunks), 3);
    Value key = device.bits(row, 3 - bits, bits);
    // Of four rows, two chunks each are read at once.
    if (isWide() && !depthIsLast)
      key = device.multiply(device.bits(row, 0, bits - 1), 2);
    Value swizzled = bits ? arith::XOrIOp::create(builder, device.loc, inRow, key).getResult() : inRow;
    return device.multiply(device.add(device.multiply(row, chunks), swizzled), 16);
  }

  DeviceKernel &device;
  KernelOp kernel;
  Value operand;
  RankedTensorType type;
  bool depthIsLast;
  int64_t chunk; // elements in 16 bytes, the unit of copies, swizzles and ldmatrix
  int64_t rows, chunks, offset;
  Value firstOuter, rowExtent;
  FragmentLayout layout; // of the threads that prepare a stage: a chunk of each of their rows

public:
  DepthSums depthSums;
};
} // namespace

/// Where the warp's part of the tile starts along an axis.
static Value warpBase(DeviceKernel &device, const FragmentLayout &layout, Axis axis) {
  Value sum = device.constant(0);
  for (auto [index, bit] : llvm::enumerate(layout.bits))
    if (index >= 5 && bit.axis == axis)
      sum = device.add(sum, device.multiply(device.bits(device.thread(), index, 1), bit.stride));
  return sum;
}

Fragment keel::emitMmaLoop(DeviceKernel &device, KernelOp kernel, const Section &section,
                           const SectionSchedule &schedule, const TilePlace &place, Value depth) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  const FragmentLayout &layout = schedule.layout;
  Product product = Product::get(section);
  int64_t mark = device.sharedMark(), stages = schedule.stages, depthTile = schedule.depthTile;
  OperandRing a(device, kernel, section, place, product.a, product.aAxes, layout.rows, depthTile, stages,
                place.firstRow, place.numRows, depth);
  OperandRing b(device, kernel, section, place, product.b, product.bAxes, layout.columns, depthTile, stages,
                place.firstColumn, device.constant(place.numColumns), depth);
  bool copies = !a.isPrepared() || !b.isPrepared();
  // Starts to fill a stage; `meanwhile` runs before what is prepared is needed.
  auto fill = [&](Value firstDepth, Value stage, llvm::function_ref<void()> meanwhile) {
    std::vector<std::pair<OperandRing *, std::unique_ptr<TileProgram>>> fetched;
    for (OperandRing *operand : {&a, &b})
      if (operand->isPrepared())
        fetched.emplace_back(operand, operand->fetch(firstDepth));
      else
        operand->copy(firstDepth, stage);
    if (copies)
      NVVM::CpAsyncCommitGroupOp::create(builder, loc);
    meanwhile();
    for (auto &[operand, program] : fetched)
      operand->prepare(*program, stage);
  };
  Value first = place.firstDepth ? place.firstDepth : device.constant(0), end = place.endDepth ? place.endDepth : depth;
  for (int64_t stage = 0; stage < stages - 1; ++stage)
    fill(device.add(first, stage * depthTile), device.constant(stage), [] {});

  Value zero = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
  int64_t rows = layout.rowsHeld(), columns = layout.columnsHeld();
  SmallVector<Value> starts(rows * columns, zero);
  starts.push_back(device.constant(0));          // the stage that is read
  starts.push_back(device.constant(stages - 1)); // the stage that is filled
  llvm::append_range(starts, a.depthSums.sums);
  llvm::append_range(starts, b.depthSums.sums);
  Value warpRow = warpBase(device, layout, Axis::Row), warpColumn = warpBase(device, layout, Axis::Column);
  Type operandType = product.elementType(product.a);
  auto ptxType = operandType.isBF16()  ? NVVM::MMATypes::bf16
                 : operandType.isF16() ? NVVM::MMATypes::f16
                                       : NVVM::MMATypes::tf32;
  int64_t step = a.depthOfStep();
  auto loop = scf::ForOp::create(builder, loc, first, end, device.constant(depthTile), starts);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    auto carried = loop.getRegionIterArgs();
    SmallVector<Value> sums(carried.take_front(rows * columns));
    Value reading = carried[rows * columns], filling = carried[rows * columns + 1];
    DepthSums::take(a.depthSums, b.depthSums, carried);
    if (copies && schedule.holdsDepth)
      NVVM::CpAsyncCommitGroupOp::create(builder, loc); // of no copies: the wait counts groups
    if (copies)
      NVVM::CpAsyncWaitGroupOp::create(builder, loc, uint32_t(schedule.holdsDepth ? stages - 1 : stages - 2));
    // Everybody's copies are there, and nobody reads the stage that is filled next.
    device.barrier();
    auto multiply = [&] {
      for (int64_t k = 0, end = schedule.depthOfStage(section, step); k < end; k += step) {
        std::vector<SmallVector<Value>> as, bs;
        for (int64_t row = 0; row < rows / 2; ++row)
          as.push_back(a.load(reading, warpRow, row * 16, k, /*outerFirst=*/true));
        for (int64_t column = 0; column < columns / 4; ++column)
          bs.push_back(b.load(reading, warpColumn, column * 16, k, /*outerFirst=*/false));
        for (int64_t row = 0; row < rows / 2; ++row)
          for (int64_t column = 0; column < columns / 2; ++column) {
            auto sum = [&](int64_t half, int64_t element) -> Value & {
              return sums[(row * 2 + half) * columns + column * 2 + element];
            };
            SmallVector<Value> accumulators = {sum(0, 0), sum(0, 1), sum(1, 0), sum(1, 1)};
            ArrayRef<Value> bWords = ArrayRef(bs[column / 2]).slice(column % 2 * 2, 2);
            auto type =
                LLVM::LLVMStructType::getLiteral(builder.getContext(), SmallVector<Type>(4, builder.getF32Type()));
            SmallVector<Value> aWords = as[row], bOperands(bWords);
            if (operandType.isF16()) {
              // f16 fragments are vectors of two.
              Type pair = VectorType::get(2, builder.getF16Type());
              for (Value &word : aWords)
                word = LLVM::BitcastOp::create(builder, loc, pair, word);
              for (Value &word : bOperands)
                word = LLVM::BitcastOp::create(builder, loc, pair, word);
            }
            Value result =
                NVVM::MmaOp::create(builder, loc, type, aWords, bOperands, accumulators, ArrayRef<int64_t>{16, 8, step},
                                    std::nullopt, std::nullopt, std::array<NVVM::MMATypes, 2>{ptxType, ptxType},
                                    std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
            for (int64_t i = 0; i < 4; ++i)
              sum(i / 2, i % 2) = LLVM::ExtractValueOp::create(builder, loc, result, i);
          }
      }
    };
    if (schedule.holdsDepth)
      multiply();
    else
      fill(device.add(loop.getInductionVar(), (stages - 1) * depthTile), filling, multiply);
    auto next = [&](Value stage) -> Value {
      Value after = device.add(stage, 1);
      if (schedule.holdsDepth) // the ring does not come round
        return after;
      Value wraps = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, after, device.constant(stages));
      return arith::SelectOp::create(builder, loc, wraps, device.constant(0), after);
    };
    sums.push_back(next(reading));
    sums.push_back(next(filling));
    llvm::append_range(sums, a.depthSums.sums);
    llvm::append_range(sums, b.depthSums.sums);
    scf::YieldOp::create(builder, loc, sums);
  }
  // The last copies bring zeros that nobody reads; the shared memory is used again, but where it is little.
  constexpr int64_t little = 32 << 10;
  if (!schedule.holdsDepth || stages * (a.bytes() + b.bytes()) > little) {
    if (copies &&
        (!schedule.holdsDepth || ShapedType::isDynamic(section.depth))) // of fewer rows than the ring has room for, too
      NVVM::CpAsyncWaitGroupOp::create(builder, loc, uint32_t(0));
    device.barrier();
    device.releaseShared(mark);
  }
  DepthSums::take(a.depthSums, b.depthSums, loop.getResults());
  for (OperandRing *operand : {&a, &b})
    if (operand->isPrepared())
      operand->depthSums.finish(*operand->fetch(device.constant(0)));
  return {true, true, SmallVector<Value>(loop.getResults().take_front(rows * columns))};
}
