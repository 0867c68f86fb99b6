// The row-block barrier: blocks whose tiles share rows exchange sums along them. Tiles are taken by ticket, so a block
// waits only for blocks that run already; it never deadlocks while a row's tiles are no more than the blocks that fit
// the GPU. Blocks that stay for several tiles start together, and take the tiles in their order: a tile waits for those
// of its rows, which wait for what the same groups of threads did before, two tiles of each block ago, and so for tiles
// before it, while a row's tiles and a cluster are no more than these (leastBlocks).
#include "passes/gpu/TileGenerator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace keel;

/// Waits until words are of the launch's epoch, and gives their values. They are asked for together: one takes as long
/// as all.
static SmallVector<Value> waitForWords(DeviceKernel &device, ArrayRef<Value> addresses, Value epoch) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  SmallVector<Type> types(addresses.size(), i64);
  auto loop = scf::WhileOp::create(builder, loc, types, ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&loop.getBefore());
  SmallVector<Value> words;
  Value isOld;
  for (Value address : addresses)
    words.push_back(LLVM::LoadOp::create(builder, loc, i64, address, /*alignment=*/8, /*isVolatile=*/false,
                                         /*isNonTemporal=*/false, /*isInvariant=*/false, /*isInvariantGroup=*/false,
                                         LLVM::AtomicOrdering::monotonic, "device"));
  for (Value word : words) {
    Value seen =
        arith::TruncIOp::create(builder, loc, i32, arith::ShRUIOp::create(builder, loc, word, device.constant(32)));
    Value differs = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, seen, epoch);
    isOld = isOld ? arith::OrIOp::create(builder, loc, isOld, differs).getResult() : differs;
  }
  scf::ConditionOp::create(builder, loc, isOld, words);
  builder.createBlock(&loop.getAfter(), {}, types, SmallVector<Location>(types.size(), loc));
  scf::YieldOp::create(builder, loc);
  builder.setInsertionPointAfter(loop);
  SmallVector<Value> values;
  for (Value word : loop.getResults())
    values.push_back(
        arith::BitcastOp::create(builder, loc, builder.getF32Type(), arith::TruncIOp::create(builder, loc, i32, word)));
  return values;
}

int64_t RowExchange::bytes(const Section &section, int64_t rows, int64_t threads) {
  return section.countRowSums() * llvm::alignTo(std::max(rows, threads) * 4, 128);
}

int64_t RowExchange::leastBlocks(int64_t columnTiles, int64_t cluster) {
  return llvm::alignTo(llvm::divideCeil(columnTiles + cluster, wgmmaThreads / groupThreads), cluster);
}

void TileProgram::exchangeRows(MutableArrayRef<SmallVector<Value>> values, ArrayRef<Operation *> combiners) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  RowExchange &exchange = *place.exchange;
  Type i64 = builder.getI64Type(), f32 = builder.getF32Type();
  // [site][tile of rows][tile of columns][row]
  int64_t tileWords = layout.rows, rowWords = exchange.columnTiles * tileWords;
  SmallVector<Value> starts;
  // All are told before any is awaited.
  for (const SmallVector<Value> &rows : values) {
    Value start = device.at(exchange.words, i64, exchange.sites++ * exchange.rowTiles * rowWords);
    start = starts.emplace_back(device.at(start, i64, device.multiply(exchange.rowTile, rowWords)));
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
  }
  for (auto [rows, combiner, start] : llvm::zip(values, combiners, starts)) {
    // A row's words are awaited by one thread, or by a few that share them evenly, and add them up for all.
    constexpr int64_t atOnce = 4;
    int64_t parts = std::gcd(std::max<int64_t>(device.threads / layout.rows, 1), exchange.columnTiles);
    int64_t count = parts * layout.rows;
    Value shared = device.shared(device.allocateShared(count * 4));
    for (int64_t first = 0; first < count; first += device.threads) {
      Value number = device.add(device.thread(), first);
      Value part = arith::DivUIOp::create(builder, loc, number, device.constant(layout.rows));
      Value row = arith::RemUIOp::create(builder, loc, number, device.constant(layout.rows));
      device.when(first + device.threads > count ? device.lessThan(number, device.constant(count)) : Value(), [&] {
        Value sum;
        for (int64_t tile = 0; tile < exchange.columnTiles; tile += atOnce * parts) {
          SmallVector<Value> addresses;
          for (int64_t next = tile; next < std::min(tile + atOnce * parts, exchange.columnTiles); next += parts) {
            Value word = device.add(device.multiply(device.add(part, next), tileWords), row);
            addresses.push_back(device.at(start, i64, word));
          }
          for (Value value : waitForWords(device, addresses, exchange.epoch))
            sum = sum ? combine(combiner, sum, value) : value;
        }
        device.store({sum}, device.at(shared, f32, number));
      });
    }
    device.barrier();
    Value mine = device.at(shared, f32, base(Axis::Row));
    for (auto [held, value] : llvm::enumerate(rows)) {
      Value sum;
      for (int64_t part = 0; part < parts; ++part) {
        Value next = device.load(device.at(mine, f32, part * layout.rows + layout.rowOffsets[held]), f32).front();
        sum = sum ? combine(combiner, sum, next) : next;
      }
      value = sum;
    }
  }
}

/// The block's tile, in the order in which blocks start: whoever waits, waits for a block that started before it or
/// that will get a multiprocessor of its own.
Value TileGenerator::takeTile(unsigned index, Value count) {
  OpBuilder &builder = device.builder;
  Type i32 = builder.getI32Type();
  Value order = counter(takeTicket());
  epochCounter = counter(takeTicket());
  drawnAt[index] = device.allocateShared(8);
  Value drawn = device.shared(drawnAt[index]);
  device.when(device.isZero(device.thread()), [&] {
    Value last = arith::TruncIOp::create(builder, device.loc, i32, device.add(count, -1));
    Value next = arith::AddIOp::create(builder, device.loc, device.load(epochCounter, i32).front(), device.word(1));
    auto fence = [&] { LLVM::FenceOp::create(builder, device.loc, LLVM::AtomicOrdering::acq_rel, "device"); };
    fence();
    Value ticket = LLVM::AtomicRMWOp::create(builder, device.loc, LLVM::AtomicBinOp::uinc_wrap, order, last,
                                             LLVM::AtomicOrdering::monotonic, "device");
    // Who draws the last ticket knows that all have read the epoch: the next launch's words are of another.
    device.when(arith::CmpIOp::create(builder, device.loc, arith::CmpIPredicate::eq, ticket, last), [&] {
      fence();
      device.store({next}, epochCounter);
    });
    device.store({ticket, next}, drawn);
  });
  device.blockBarrier();
  epoch = device.load(device.at(drawn, i32, 1), i32).front();
  return drawnTile(index);
}

Value TileGenerator::drawnTile(unsigned index) {
  Value tile = device.load(device.shared(drawnAt.at(index)), device.builder.getI32Type()).front();
  return arith::ExtUIOp::create(device.builder, device.loc, device.builder.getI64Type(), tile);
}
