// The row-block barrier: blocks whose tiles share rows exchange sums along them. Tiles are taken by ticket, so a block
// waits only for blocks that run already; it never deadlocks while a row's tiles are no more than the blocks that fit
// the GPU.
#include "passes/gpu/TileProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace keel;

/// Waits until a word is of the launch's epoch, and gives its value.
static Value waitForWord(DeviceKernel &device, Value address, Value epoch) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto loop = scf::WhileOp::create(builder, loc, TypeRange(i64), ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&loop.getBefore());
  Value word = LLVM::LoadOp::create(
      builder, loc, i64, address, /*alignment=*/8, /*isVolatile=*/false, /*isNonTemporal=*/false,
      /*isInvariant=*/false, /*isInvariantGroup=*/false, LLVM::AtomicOrdering::monotonic, "device");
  Value seen =
      arith::TruncIOp::create(builder, loc, i32, arith::ShRUIOp::create(builder, loc, word, device.constant(32)));
  Value isOld = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, seen, epoch);
  scf::ConditionOp::create(builder, loc, isOld, word);
  builder.createBlock(&loop.getAfter(), {}, TypeRange(i64), {loc});
  scf::YieldOp::create(builder, loc);
  builder.setInsertionPointAfter(loop);
  Value bits = arith::TruncIOp::create(builder, loc, i32, loop.getResult(0));
  return arith::BitcastOp::create(builder, loc, builder.getF32Type(), bits);
}

void TileProgram::exchangeRows(MutableArrayRef<SmallVector<Value>> values, ArrayRef<Operation *> combiners) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  RowExchange &exchange = *place.exchange;
  Type i64 = builder.getI64Type(), f32 = builder.getF32Type();
  for (auto [rows, combiner] : llvm::zip(values, combiners)) {
    // [site][tile of rows][tile of columns][row]
    int64_t tileWords = layout.rows, rowWords = exchange.columnTiles * tileWords;
    Value start = device.at(exchange.words, i64, exchange.sites++ * exchange.rowTiles * rowWords);
    start = device.at(start, i64, device.multiply(exchange.rowTile, rowWords));
    device.when(isFirstAcross(Axis::Column), [&] {
      Value mine = device.at(start, i64, device.multiply(exchange.columnTile, tileWords));
      mine = device.at(mine, i64, base(Axis::Row));
      Value epoch = arith::ShLIOp::create(builder, loc, arith::ExtUIOp::create(builder, loc, i64, exchange.epoch),
                                          device.constant(32));
      for (auto [held, value] : llvm::enumerate(rows)) {
        Value bits = arith::BitcastOp::create(builder, loc, builder.getI32Type(), value);
        Value word = arith::OrIOp::create(builder, loc, epoch, arith::ExtUIOp::create(builder, loc, i64, bits));
        LLVM::StoreOp::create(builder, loc, word, device.at(mine, i64, layout.rowOffsets[held]), /*alignment=*/8,
                              /*isVolatile=*/false, /*isNonTemporal=*/false, /*isInvariantGroup=*/false,
                              LLVM::AtomicOrdering::monotonic, "device");
      }
    });
    // Every word is awaited by one thread, and read by all from shared memory.
    Value shared = device.shared(device.allocateShared(rowWords * 4));
    for (int64_t first = 0; first < rowWords; first += device.threads) {
      Value number = device.add(device.thread(), first);
      Value isMine = first + device.threads > rowWords ? device.lessThan(number, device.constant(rowWords)) : Value();
      device.when(isMine, [&] {
        device.store({waitForWord(device, device.at(start, i64, number), exchange.epoch)},
                     device.at(shared, f32, number));
      });
    }
    device.barrier();
    Value mine = device.at(shared, f32, base(Axis::Row));
    for (auto [held, value] : llvm::enumerate(rows)) {
      Value sum;
      for (int64_t tile = 0; tile < exchange.columnTiles; ++tile) {
        Value part = device.load(device.at(mine, f32, tile * tileWords + layout.rowOffsets[held]), f32).front();
        sum = sum ? combine(combiner, sum, part) : part;
      }
      value = sum;
    }
  }
}
