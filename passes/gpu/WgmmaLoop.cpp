// The main loop of wgmma: one thread has the copy engine (TMA) bring boxes of the operands into a ring of swizzled tiles,
// two groups of four warps multiply what is there. A tile's `full` barrier counts its bytes, its `empty` barrier the warps that
// have read it.
// PTX ISA 9.7.15 (wgmma; descriptors and layouts in 9.7.15.5.1), 9.7.9.25.5 (cp.async.bulk.tensor), 9.7.13.15 (mbarrier).
#include "passes/gpu/WgmmaLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace keel;

namespace {
constexpr int64_t elementBytes = 2, instructionDepth = 16, instructionRows = 64;
/// A row of a swizzled tile, and eight of them, after which the pattern repeats.
constexpr int64_t rowBytes = 128, patternBytes = 8 * rowBytes, rowElements = rowBytes / elementBytes;
constexpr int64_t multiplyingWarps = wgmmaThreads / 32;

/// Arithmetic on i32, which addresses in shared memory and numbers of stages are.
struct Words {
  DeviceKernel &device;
  OpBuilder &builder;
  Location loc;
  explicit Words(DeviceKernel &device) : device(device), builder(device.builder), loc(device.loc) {}

  Value constant(int64_t value) { return device.word(value); }
  Value from(Value wide) { return arith::TruncIOp::create(builder, loc, builder.getI32Type(), wide); }
  Value add(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
  Value add(Value a, int64_t b) { return b ? add(a, constant(b)) : a; }
  Value multiply(Value a, int64_t b) { return arith::MulIOp::create(builder, loc, a, constant(b)); }
  Value isEqual(Value a, int64_t b) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, a, constant(b));
  }
};
} // namespace

WgmmaLoop::Barriers::Barriers(DeviceKernel &device, int64_t stages) : stages(stages) {
  OpBuilder &builder = device.builder;
  Words words(device);
  full = device.allocateShared(2 * stages * 8);
  empty = full + stages * 8;
  device.when(device.isZero(device.thread()), [&] {
    for (int64_t stage = 0; stage < stages; ++stage) {
      NVVM::MBarrierInitOp::create(builder, device.loc, device.shared(full + 8 * stage), words.constant(1), Value());
      NVVM::MBarrierInitOp::create(builder, device.loc, device.shared(empty + 8 * stage), words.constant(multiplyingWarps), Value());
    }
    // The copy engine sees them, too.
    NVVM::FenceMbarrierInitOp::create(builder, device.loc);
  });
}

int64_t WgmmaLoop::stageBytes(const FragmentLayout &layout, int64_t depthTile) {
  return (layout.rows + layout.columns) * depthTile * elementBytes;
}

WgmmaLoop::WgmmaLoop(DeviceKernel &device, const Section &section, const SectionSchedule &schedule, const Barriers &barriers)
    : device(device), layout(schedule.layout), schedule(schedule), barriers(barriers) {
  Product product = Product::get(section);
  elementType = product.elementType(product.a);
  a = describe(product.a, product.aAxes, layout.rows, 0);
  b = describe(product.b, product.bAxes, layout.columns, a.bytes());
  bytes = a.bytes() + b.bytes();
  // The swizzle is a function of the address.
  ring = device.allocateShared(schedule.stages * bytes, patternBytes);
}

WgmmaLoop::Operand WgmmaLoop::describe(OpOperand *operand, const Axes &axes, int64_t outer, int64_t offset) {
  Operand made;
  made.depthIsLast = axes.back() == Axis::Depth;
  made.outer = outer;
  made.offset = offset;
  // A box has 64 elements along the tensor's last dimension: as many as one swizzled row.
  made.boxes = made.depthIsLast ? 1 : outer / rowElements;
  int64_t boxRows = made.depthIsLast ? outer : schedule.depthTile;
  made.boxBytes = boxRows * rowBytes;
  made.map = device.tensorMap(cast<BlockArgument>(operand->get()).getArgNumber(), boxRows, rowElements);
  return made;
}

Value WgmmaLoop::barrierAt(int64_t first, Value stage) {
  return device.at(device.shared(first), device.builder.getI64Type(), stage);
}

void WgmmaLoop::wait(Value barrier, Value parity) {
  constexpr int64_t ticks = 10000000; // how long a try may sleep, in nanoseconds
  NVVM::MBarrierTryWaitParityOp::create(device.builder, device.loc, barrier, parity, Words(device).constant(ticks));
}

/// The next stage, and its parity, which changes with each round of the ring.
std::pair<Value, Value> WgmmaLoop::advance(Value stage, Value parity) {
  OpBuilder &builder = device.builder;
  Words words(device);
  Value next = words.add(stage, 1), wraps = words.isEqual(next, schedule.stages);
  Value other = arith::XOrIOp::create(builder, device.loc, parity, words.constant(1));
  return {arith::SelectOp::create(builder, device.loc, wraps, words.constant(0), next),
          arith::SelectOp::create(builder, device.loc, wraps, other, parity)};
}

//===----------------------------------------------------------------------===//
// The group that copies
//===----------------------------------------------------------------------===//

void WgmmaLoop::load(const Operand &operand, Value firstOuter, Value firstDepth, Value stage, Value barrier) {
  OpBuilder &builder = device.builder;
  Words words(device);
  Value start = device.at(device.shared(ring + operand.offset), builder.getI8Type(), words.multiply(stage, bytes));
  for (int64_t box = 0; box < operand.boxes; ++box) {
    Value outer = words.add(firstOuter, box * rowElements);
    Value coordinates[] = {operand.depthIsLast ? firstDepth : outer, operand.depthIsLast ? outer : firstDepth};
    Value to = device.at(start, builder.getI8Type(), box * operand.boxBytes);
    to = LLVM::AddrSpaceCastOp::create(builder, device.loc, LLVM::LLVMPointerType::get(builder.getContext(), 7), to);
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(builder, device.loc, to, operand.map, coordinates, barrier, ValueRange(),
                                                           Value(), Value(), NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false,
                                                           NVVM::CTAGroupKindAttr(), Value());
  }
}

void WgmmaLoop::copy(const TilePlace &place, Value depth) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Words words(device);
  // Were the depth known, ptxas would unroll the loop, which the group's few registers do not allow.
  Value zero = words.constant(0), end = words.from(device.opaque(depth)), step = words.constant(schedule.depthTile);
  Value firstRow = words.from(place.firstRow), firstColumn = words.from(place.firstColumn);
  // Every stage is empty: the wait for the phase before the first one is over at once.
  auto loop = scf::ForOp::create(builder, loc, zero, end, step, ValueRange{zero, words.constant(1)});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value stage = loop.getRegionIterArg(0), parity = loop.getRegionIterArg(1), firstDepth = loop.getInductionVar();
  wait(barrierAt(barriers.empty, stage), parity);
  Value full = barrierAt(barriers.full, stage);
  NVVM::MBarrierArriveExpectTxOp::create(builder, loc, TypeRange(), full, words.constant(bytes), NVVM::MemScopeKind::CTA, false, Value());
  load(a, firstRow, firstDepth, stage, full);
  load(b, firstColumn, firstDepth, stage, full);
  auto [next, nextParity] = advance(stage, parity);
  scf::YieldOp::create(builder, loc, ValueRange{next, nextParity});
}

//===----------------------------------------------------------------------===//
// The groups that multiply
//===----------------------------------------------------------------------===//

/// The lower half of the matrix descriptor of an operand whose first tile is at `address`: that, and the distance of the leading
/// dimension, which matters where the depth is not last: from one box to the next. Both are in units of 16 bytes.
Value WgmmaLoop::descriptorStart(const Operand &operand, Value address) {
  OpBuilder &builder = device.builder;
  Words words(device);
  Value offset = arith::AndIOp::create(builder, device.loc, address, words.constant(0x3ffff));
  Value units = arith::ShRUIOp::create(builder, device.loc, offset, words.constant(4));
  int64_t leading = operand.depthIsLast ? 1 : operand.boxBytes / 16;
  return arith::OrIOp::create(builder, device.loc, units, words.constant(leading << 16));
}

/// Swizzled over 128 bytes; eight rows after a pattern lie the next eight.
Value WgmmaLoop::descriptor(Value start) {
  constexpr int64_t swizzle128 = int64_t(1) << 62;
  Value low = arith::ExtUIOp::create(device.builder, device.loc, device.builder.getI64Type(), start);
  return arith::OrIOp::create(device.builder, device.loc, low, device.constant(swizzle128 | (patternBytes / 16) << 32));
}

/// 64 rows of the group by all columns, 16 deep. Without `sums` the product alone.
SmallVector<Value> WgmmaLoop::multiplyStep(ArrayRef<Value> sums, Value a, Value b) {
  int64_t count = layout.columns / 2; // in a thread
  std::string text, constraints;
  llvm::raw_string_ostream stream(text), list(constraints);
  stream << "wgmma.mma_async.sync.aligned.m64n" << layout.columns << "k16.f32";
  for (int operand = 0; operand < 2; ++operand)
    stream << (elementType.isBF16() ? ".bf16" : ".f16");
  stream << " {";
  for (int64_t i = 0; i < count; ++i) {
    stream << (i ? ", $" : "$") << i;
    list << "=f,";
  }
  for (int64_t i = 0; i < int64_t(sums.size()); ++i)
    list << i << ",";
  list << "l,l";
  int64_t next = count + sums.size();
  stream << "}, $" << next << ", $" << next + 1 << ", p, 1, 1, " << !this->a.depthIsLast << ", " << !this->b.depthIsLast << ";";
  std::string body = "{\n.reg .pred p;\nsetp.ne.b32 p, " + std::to_string(!sums.empty()) + ", 0;\n" + text + "\n}";
  SmallVector<Value> operands(sums);
  operands.append({a, b});
  return device.ptx(body, constraints, operands, SmallVector<Type>(count, device.builder.getF32Type()));
}

/// All products are done, and so the sums may be read: what reads them must not be moved before this.
static SmallVector<Value> waitForSums(DeviceKernel &device, ArrayRef<Value> sums) {
  std::string constraints;
  llvm::raw_string_ostream list(constraints);
  for (size_t i = 0; i < sums.size(); ++i)
    list << (i ? ",=f" : "=f");
  for (size_t i = 0; i < sums.size(); ++i)
    list << "," << i;
  SmallVector<Type> types(sums.size(), device.builder.getF32Type());
  return device.ptx("wgmma.wait_group.sync.aligned 0;", constraints, sums, types);
}

Fragment WgmmaLoop::multiply(Value depth) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Words words(device);
  // Where the group's rows of A are: a box each, or 64 rows of the one. From lane 0: so ptxas knows that a warp has one value.
  Value group = words.from(device.bits(device.thread(), 7, 1));
  group = NVVM::ShflOp::create(builder, loc, builder.getI32Type(), words.constant(-1), group, words.constant(0), words.constant(31),
                               NVVM::ShflKind::idx, UnitAttr());
  Value base = LLVM::PtrToIntOp::create(builder, loc, builder.getI32Type(), device.shared(ring));
  Value startA = descriptorStart(a, words.add(base, words.multiply(group, instructionRows * rowBytes)));
  Value startB = descriptorStart(b, words.add(base, b.offset));
  auto multiplyStage = [&](ArrayRef<Value> sums, Value stage, Value parity) {
    wait(barrierAt(barriers.full, stage), parity);
    NVVM::WgmmaFenceAlignedOp::create(builder, loc);
    Value offset = words.multiply(stage, bytes / 16);
    Value stageA = words.add(startA, offset), stageB = words.add(startB, offset);
    SmallVector<Value> results(sums);
    for (int64_t k = 0; k < schedule.depthTile; k += instructionDepth) {
      auto at = [&](const Operand &operand, Value start) {
        return descriptor(words.add(start, k * (operand.depthIsLast ? elementBytes : rowBytes) / 16));
      };
      results = multiplyStep(results, at(a, stageA), at(b, stageB));
    }
    NVVM::WgmmaGroupSyncAlignedOp::create(builder, loc);
    return results;
  };
  Value lane = device.bits(device.thread(), 0, 5), isFirstLane = device.isZero(lane);
  Value zero = words.constant(0);
  SmallVector<Value> starts = multiplyStage({}, zero, zero);
  auto [second, parity] = advance(zero, zero);
  starts.append({second, parity, zero});
  auto loop = scf::ForOp::create(builder, loc, words.constant(schedule.depthTile), words.from(depth), words.constant(schedule.depthTile), starts);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    auto carried = loop.getRegionIterArgs();
    Value stage = carried[carried.size() - 3], parity = carried[carried.size() - 2], before = carried.back();
    SmallVector<Value> sums = multiplyStage(SmallVector<Value>(carried.drop_back(3)), stage, parity);
    // This stage is being read while the one before it is given back.
    NVVM::WgmmaWaitGroupSyncOp::create(builder, loc, 1);
    device.when(isFirstLane, [&] {
      NVVM::MBarrierArriveOp::create(builder, loc, TypeRange(), barrierAt(barriers.empty, before), Value());
    });
    auto [next, nextParity] = advance(stage, parity);
    sums.append({next, nextParity, stage});
    scf::YieldOp::create(builder, loc, sums);
  }
  SmallVector<Value> sums = waitForSums(device, SmallVector<Value>(loop.getResults().drop_back(3)));
  // The shared memory is used again.
  device.barrier();
  // PTX ISA 9.7.15.5.1, figure of D: two columns of a row, two of the row eight below, and so on with every eight columns.
  Fragment result{true, true, {}};
  for (int64_t half = 0; half < 2; ++half)
    for (int64_t column = 0; column < layout.columnsHeld(); ++column)
      result.elements.push_back(sums[column / 2 * 4 + half * 2 + column % 2]);
  return result;
}
