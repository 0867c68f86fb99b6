// The main loop of wgmma: one thread has the copy engine (TMA) bring boxes of the operands into a ring of swizzled
// tiles, two groups of four warps multiply what is there. A tile's `full` barrier counts its bytes, its `empty` barrier
// the warps that have read it. PTX ISA 9.7.15 (wgmma; descriptors and layouts in 9.7.15.5.1), 9.7.9.25.5
// (cp.async.bulk.tensor), 9.7.13.15 (mbarrier).
#include "passes/gpu/WgmmaLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace keel;

namespace {
/// Barriers of the block (bar.sync) in use otherwise: its own, and those of the groups.
constexpr int64_t firstOrderBarrier = 3;
constexpr int64_t instructionRows = 64;
/// A row of a swizzled tile, and eight of them, after which the pattern repeats.
constexpr int64_t rowBytes = 128, patternBytes = 8 * rowBytes;
/// Of the depth, in an instruction.
constexpr int64_t instructionBytes = 32;

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
  Value multiply(Value a, Value b) { return arith::MulIOp::create(builder, loc, a, b); }
  Value isEqual(Value a, int64_t b) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, a, constant(b));
  }
};
} // namespace

WgmmaLoop::Barriers::Barriers(DeviceKernel &device, int64_t stages, int64_t readers) : stages(stages) {
  OpBuilder &builder = device.builder;
  Words words(device);
  full = device.allocateShared(2 * stages * 8);
  empty = full + stages * 8;
  device.when(device.isZero(device.thread()), [&] {
    for (int64_t stage = 0; stage < stages; ++stage) {
      NVVM::MBarrierInitOp::create(builder, device.loc, device.shared(full + 8 * stage), words.constant(1), Value());
      NVVM::MBarrierInitOp::create(builder, device.loc, device.shared(empty + 8 * stage), words.constant(readers),
                                   Value());
    }
    // The copy engine sees them, too.
    NVVM::FenceMbarrierInitOp::create(builder, device.loc);
  });
}

int64_t WgmmaLoop::depthTile(Type elementType) { return rowBytes * 8 / elementType.getIntOrFloatBitWidth(); }

int64_t WgmmaLoop::stageBytes(const FragmentLayout &layout) { return (layout.rows + layout.columns) * rowBytes; }

WgmmaLoop::WgmmaLoop(DeviceKernel &device, KernelOp kernel, const Section &section, const SectionSchedule &schedule,
                     const Barriers &barriers)
    : device(device), layout(schedule.layout), schedule(schedule), barriers(barriers),
      knownDepth(ShapedType::isDynamic(section.depth) ? 0 : section.depth) {
  Product product = Product::get(section);
  elementType = product.elementType(product.a);
  int64_t step = depthTile(elementType) * instructionBytes / rowBytes;
  instructionsDeep = schedule.depthOfStage(section, step) / step;
  Value matrix = product.a->get();
  if (BlockArgument source = RegisterOperand::findMatrix(product.a, product.aAxes)) {
    matrix = source;
    computed.emplace(device, kernel, product.a, product.aAxes);
  }
  a = describe(matrix, product.aAxes, layout.rows, 0, schedule.readers());
  b = describe(product.b->get(), product.bAxes, layout.columns, a.bytes());
  bytes = a.bytes() + b.bytes();
  // The swizzle is a function of the address.
  ring = device.allocateShared(schedule.stages * bytes, patternBytes);
}

int64_t WgmmaLoop::Operand::boxBytes() const { return boxRows * rowBytes; }

WgmmaLoop::Operand WgmmaLoop::describe(Value matrix, const Axes &axes, int64_t outer, int64_t offset, int64_t parts) {
  Operand made;
  made.depthIsLast = axes.back() == Axis::Depth;
  made.offset = offset;
  made.parts = parts;
  // A box has as many elements along the tensor's last dimension as one swizzled row.
  int64_t rowElements = depthTile(elementType);
  int64_t boxes = made.depthIsLast ? 1 : outer / rowElements, rows = made.depthIsLast ? outer : schedule.depthTile;
  made.boxes = llvm::divideCeil(boxes, parts);
  made.boxRows = boxes * rows / (parts * made.boxes);
  made.map = device.tensorMap(cast<BlockArgument>(matrix).getArgNumber(), made.boxRows, rowElements);
  return made;
}

Value WgmmaLoop::rank() { return NVVM::ClusterId::create(device.builder, device.loc, device.builder.getI32Type()); }

Value WgmmaLoop::barrierAt(int64_t first, Value stage) {
  return device.at(device.shared(first), device.builder.getI64Type(), stage);
}

void WgmmaLoop::wait(Value barrier, Value parity) {
  if (a.parts > 1) { // other blocks have their part in what is waited for
    Value address = LLVM::PtrToIntOp::create(device.builder, device.loc, device.builder.getI32Type(), barrier);
    device.waitForCluster(address, parity);
    return;
  }
  constexpr int64_t ticks = 10000000; // how long a try may sleep, in nanoseconds
  NVVM::MBarrierTryWaitParityOp::create(device.builder, device.loc, barrier, parity, Words(device).constant(ticks));
}

/// The next stage, and its parity, which changes with each round of the ring.
WgmmaLoop::Position WgmmaLoop::advance(Position position) {
  OpBuilder &builder = device.builder;
  Words words(device);
  Value next = words.add(position.stage, 1), wraps = words.isEqual(next, schedule.stages);
  Value other = arith::XOrIOp::create(builder, device.loc, position.parity, words.constant(1));
  return {arith::SelectOp::create(builder, device.loc, wraps, words.constant(0), next),
          arith::SelectOp::create(builder, device.loc, wraps, other, position.parity)};
}

//===----------------------------------------------------------------------===//
// The group that copies
//===----------------------------------------------------------------------===//

void WgmmaLoop::load(const Operand &operand, Value firstOuter, Value firstDepth, Value stage, Value barrier) {
  OpBuilder &builder = device.builder;
  Words words(device);
  Value start = device.at(device.shared(ring + operand.offset), builder.getI8Type(), words.multiply(stage, bytes)),
        mask;
  if (operand.parts > 1) {
    // The block's part: rows of the tile's one box, or of its boxes one after the other.
    int64_t rows = operand.boxes * operand.boxRows;
    Value firstRow = words.multiply(rank(), rows);
    start = device.at(start, builder.getI8Type(), words.multiply(firstRow, rowBytes));
    if (operand.depthIsLast) {
      firstOuter = words.add(firstOuter, firstRow);
    } else {
      Value depthRows = words.constant(schedule.depthTile);
      Value box = arith::DivUIOp::create(builder, device.loc, firstRow, depthRows);
      firstOuter = words.add(firstOuter, words.multiply(box, depthTile(elementType)));
      firstDepth = words.add(firstDepth, arith::RemUIOp::create(builder, device.loc, firstRow, depthRows));
    }
    mask = LLVM::ConstantOp::create(builder, device.loc, builder.getI16IntegerAttr((1 << operand.parts) - 1));
  }
  for (int64_t box = 0; box < operand.boxes; ++box) {
    Value outer = words.add(firstOuter, box * depthTile(elementType));
    Value coordinates[] = {operand.depthIsLast ? firstDepth : outer, operand.depthIsLast ? outer : firstDepth};
    Value to = device.at(start, builder.getI8Type(), box * operand.boxBytes());
    to = LLVM::AddrSpaceCastOp::create(builder, device.loc, LLVM::LLVMPointerType::get(builder.getContext(), 7), to);
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(builder, device.loc, to, operand.map, coordinates, barrier,
                                                           ValueRange(), mask, Value(), NVVM::TMALoadMode::TILE,
                                                           /*isCTAOnly=*/false, NVVM::CTAGroupKindAttr(), Value());
  }
}

WgmmaLoop::Position WgmmaLoop::start() { return {device.word(0), device.word(1)}; }

WgmmaLoop::Position WgmmaLoop::copy(const TilePlace &place, Value depth, Position position) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Words words(device);
  // Were the depth known, ptxas would unroll the loop, which the group's few registers do not allow.
  Value zero = words.constant(0), end = words.from(device.opaque(depth)), step = words.constant(schedule.depthTile);
  Value firstRow = words.from(place.firstRow), firstColumn = words.from(place.firstColumn);
  auto loop = scf::ForOp::create(builder, loc, zero, end, step, ValueRange{position.stage, position.parity});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value stage = loop.getRegionIterArg(0), parity = loop.getRegionIterArg(1), firstDepth = loop.getInductionVar();
  wait(barrierAt(barriers.empty, stage), parity);
  Value full = barrierAt(barriers.full, stage);
  NVVM::MBarrierArriveExpectTxOp::create(builder, loc, TypeRange(), full, words.constant(bytes),
                                         NVVM::MemScopeKind::CTA, false, Value());
  load(a, firstRow, firstDepth, stage, full);
  load(b, firstColumn, firstDepth, stage, full);
  Position next = advance({stage, parity});
  scf::YieldOp::create(builder, loc, ValueRange{next.stage, next.parity});
  return {loop.getResult(0), loop.getResult(1)};
}

//===----------------------------------------------------------------------===//
// The groups that multiply
//===----------------------------------------------------------------------===//

/// The lower half of the matrix descriptor of an operand whose first tile is at `address`: that, and the distance of
/// the leading dimension, which matters where the depth is not last: from one box to the next. Both are in units of 16
/// bytes.
Value WgmmaLoop::descriptorStart(const Operand &operand, Value address) {
  OpBuilder &builder = device.builder;
  Words words(device);
  Value offset = arith::AndIOp::create(builder, device.loc, address, words.constant(0x3ffff));
  Value units = arith::ShRUIOp::create(builder, device.loc, offset, words.constant(4));
  int64_t leading = operand.depthIsLast ? 1 : schedule.depthTile * rowBytes / 16;
  return arith::OrIOp::create(builder, device.loc, units, words.constant(leading << 16));
}

/// Swizzled over 128 bytes; eight rows after a pattern lie the next eight.
Value WgmmaLoop::descriptor(Value start) {
  constexpr int64_t swizzle128 = int64_t(1) << 62;
  Value low = arith::ExtUIOp::create(device.builder, device.loc, device.builder.getI64Type(), start);
  return arith::OrIOp::create(device.builder, device.loc, low, device.constant(swizzle128 | (patternBytes / 16) << 32));
}

/// 64 rows of the group by all columns, 32 bytes deep. Without `sums` the product alone.
SmallVector<Value> WgmmaLoop::multiplyRows(ArrayRef<Value> sums, ValueRange a, Value b) {
  int64_t count = layout.columns / 2; // in a thread
  std::string text, constraints;
  llvm::raw_string_ostream stream(text), list(constraints);
  stream << "wgmma.mma_async.sync.aligned.m64n" << layout.columns << "k"
         << instructionBytes * 8 / elementType.getIntOrFloatBitWidth() << ".f32";
  for (int operand = 0; operand < 2; ++operand)
    stream << (elementType.isF32() ? ".tf32" : elementType.isBF16() ? ".bf16" : ".f16");
  stream << " {";
  for (int64_t i = 0; i < count; ++i) {
    stream << (i ? ", $" : "$") << i;
    list << "=f,";
  }
  for (int64_t i = 0; i < int64_t(sums.size()); ++i)
    list << i << ",";
  int64_t next = count + sums.size();
  stream << "}, ";
  if (computed) { // four words
    list << "r,r,r,r,l";
    stream << "{$" << next << ", $" << next + 1 << ", $" << next + 2 << ", $" << next + 3 << "}, $" << next + 4
           << ", p, 1, 1, " << !this->b.depthIsLast;
  } else {
    list << "l,l";
    stream << "$" << next << ", $" << next + 1 << ", p, 1, 1";
    if (!elementType.isF32()) // 32 bits are not transposed
      stream << ", " << !this->a.depthIsLast << ", " << !this->b.depthIsLast;
  }
  stream << ";";
  std::string body = "{\n.reg .pred p;\nsetp.ne.b32 p, " + std::to_string(!sums.empty()) + ", 0;\n" + text + "\n}";
  SmallVector<Value> operands(sums);
  llvm::append_range(operands, a);
  operands.push_back(b);
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

void WgmmaLoop::release(Value stage) {
  OpBuilder &builder = device.builder;
  if (computed) // all of the warp's threads have read it
    NVVM::SyncWarpOp::create(builder, device.loc, device.word(-1));
  if (a.parts > 1) {
    // In every block that brings a part of the next tile.
    Value address =
        LLVM::PtrToIntOp::create(builder, device.loc, builder.getI32Type(), barrierAt(barriers.empty, stage));
    device.arriveInCluster(address, a.parts, /*releases=*/computed.has_value());
    return;
  }
  device.when(device.isZero(device.bits(device.thread(), 0, 5)), [&] {
    NVVM::MBarrierArriveOp::create(builder, device.loc, TypeRange(), barrierAt(barriers.empty, stage), Value());
  });
}

/// A parity tells a phase from the one before it and no other. So a turn's waits begin when those of the turn before it
/// are over: the groups order each other by two barriers of the block, whose last ones need no partner.
WgmmaLoop::Position WgmmaLoop::startOf(const Turn &turn, Value depth) {
  OpBuilder &builder = device.builder;
  Words words(device);
  if (!turn.number)
    return {words.constant(0), words.constant(0)};
  device.when(device.lessThan(device.constant(0), turn.number), [&] {
    NVVM::BarrierOp::create(builder, device.loc, TypeRange(), words.add(words.from(turn.group), firstOrderBarrier),
                            words.constant(wgmmaThreads), NVVM::BarrierReductionAttr(), Value());
  });
  // The turns before it have gone through as many stages each: whole rounds, often.
  if (knownDepth % (schedule.depthTile * schedule.stages) == 0 && knownDepth) {
    Value rounds = words.multiply(words.from(turn.number), knownDepth / schedule.depthTile / schedule.stages);
    return {words.constant(0), arith::AndIOp::create(builder, device.loc, rounds, words.constant(1))};
  }
  Value before = words.multiply(words.from(turn.number), words.from(device.divideUp(depth, schedule.depthTile)));
  Value rounds = arith::DivUIOp::create(builder, device.loc, before, words.constant(schedule.stages));
  return {arith::RemUIOp::create(builder, device.loc, before, words.constant(schedule.stages)),
          arith::AndIOp::create(builder, device.loc, rounds, words.constant(1))};
}

void WgmmaLoop::letNextStart(const Turn &turn) {
  Words words(device);
  device.when(turn.hasNext, [&] {
    Value other = arith::SubIOp::create(device.builder, device.loc, words.constant(firstOrderBarrier + 1),
                                        words.from(turn.group));
    NVVM::BarrierArriveOp::create(device.builder, device.loc, other, words.constant(wgmmaThreads));
  });
}

Fragment WgmmaLoop::multiply(Value depth, const Turn &turn, const TilePlace &place) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Words words(device);
  if (turn.number) // were it known, ptxas would compute all stages' descriptors before the first tile, and spill them
    depth = device.opaque(depth);
  Value base = LLVM::PtrToIntOp::create(builder, loc, builder.getI32Type(), device.shared(ring));
  Value baseA = base;
  TilePlace ofGroup = place;
  if (!schedule.pingpong) {
    // Where the group's rows of A are: a box each, or 64 rows of the one.
    Value group = words.from(device.uniform(device.bits(device.thread(), 7, 1)));
    baseA = words.add(base, words.multiply(group, instructionRows * rowBytes));
    if (computed)
      ofGroup.firstRow =
          device.add(place.firstRow, device.multiply(arith::ExtUIOp::create(builder, loc, builder.getI64Type(), group),
                                                     instructionRows));
  }
  Value startA = descriptorStart(a, baseA), startB = descriptorStart(b, words.add(base, b.offset));
  int64_t instructions = layout.rowsHeld() / 2,
          count = layout.columns / 2; // for the group's rows; sums that each has in a thread
  auto multiplyStage = [&](ArrayRef<Value> sums, Position position, Value firstDepth) {
    wait(barrierAt(barriers.full, position.stage), position.parity);
    std::vector<SmallVector<Value>> factors; // of A, where they are computed
    if (computed) {
      Type shared = LLVM::LLVMPointerType::get(builder.getContext(), 3);
      Value start =
          LLVM::IntToPtrOp::create(builder, loc, shared, words.add(baseA, words.multiply(position.stage, bytes)));
      Value wide = arith::ExtUIOp::create(builder, loc, builder.getI64Type(), firstDepth);
      int64_t step = depthTile(elementType) * instructionBytes / rowBytes;
      for (int64_t k = 0; k < instructionsDeep; ++k)
        for (int64_t i = 0; i < instructions; ++i)
          factors.push_back(computed->load(start, i * instructionRows, k * step, ofGroup, wide));
    }
    NVVM::WgmmaFenceAlignedOp::create(builder, loc);
    Value offset = words.multiply(position.stage, bytes / 16);
    Value stageA = words.add(startA, offset), stageB = words.add(startB, offset);
    SmallVector<Value> results(sums);
    for (int64_t k = 0; k < instructionsDeep; ++k) {
      auto at = [&](const Operand &operand, Value start, int64_t rows) {
        int64_t alongDepth = k * instructionBytes;
        if (!operand.depthIsLast) // as many rows as the instruction is deep
          alongDepth *= depthTile(elementType);
        return descriptor(words.add(start, (alongDepth + rows * rowBytes) / 16));
      };
      SmallVector<Value> next;
      for (int64_t i = 0; i < instructions; ++i) {
        ArrayRef<Value> before = results.empty() ? ArrayRef<Value>() : ArrayRef(results).slice(i * count, count);
        next.append(multiplyRows(before,
                                 computed ? ValueRange(factors[k * instructions + i])
                                          : ValueRange(at(a, stageA, i * instructionRows)),
                                 at(b, stageB, 0)));
      }
      results = next;
    }
    NVVM::WgmmaGroupSyncAlignedOp::create(builder, loc);
    if (computed) { // the next stage's take the same registers
      results = waitForSums(device, results);
      release(position.stage);
    }
    return results;
  };
  Position first = startOf(turn, depth);
  SmallVector<Value> starts = multiplyStage({}, first, words.constant(0));
  Position second = advance(first);
  starts.append({second.stage, second.parity, first.stage});
  auto loop = scf::ForOp::create(builder, loc, words.constant(schedule.depthTile), words.from(depth),
                                 words.constant(schedule.depthTile), starts);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    auto carried = loop.getRegionIterArgs();
    Position here{carried[carried.size() - 3], carried[carried.size() - 2]};
    SmallVector<Value> sums = multiplyStage(SmallVector<Value>(carried.drop_back(3)), here, loop.getInductionVar());
    // This stage is being read while the one before it is given back.
    if (!computed) {
      NVVM::WgmmaWaitGroupSyncOp::create(builder, loc, 1);
      release(carried.back());
    }
    Position next = advance(here);
    sums.append({next.stage, next.parity, here.stage});
    scf::YieldOp::create(builder, loc, sums);
  }
  if (turn.number)
    letNextStart(turn);
  SmallVector<Value> sums = waitForSums(device, SmallVector<Value>(loop.getResults().drop_back(3)));
  if (turn.number && !computed)
    release(loop.getResults().back());
  else if (!turn.number) // the shared memory is used again
    device.barrier();
  // PTX ISA 9.7.15.5.1, figure of D: two columns of a row, two of the row eight below, and so on with every eight
  // columns.
  Fragment result{true, true, {}};
  for (int64_t i = 0; i < instructions; ++i)
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t column = 0; column < layout.columnsHeld(); ++column)
        result.elements.push_back(sums[i * count + column / 2 * 4 + half * 2 + column % 2]);
  return result;
}
