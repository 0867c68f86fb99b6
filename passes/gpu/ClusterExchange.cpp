// Blocks of a cluster whose tiles share rows exchange sums along them: each stores its parts into the shared memory of
// all, where an mbarrier counts the bytes. PTX ISA 9.7.9.13 st.async, 9.7.9.22 mapa, 9.7.13.15 mbarrier, 9.7.13.3
// barrier.cluster.
#include "passes/gpu/MainLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

static constexpr int64_t valueBytes = 4; // f32

ClusterExchange::ClusterExchange(DeviceKernel &device, int64_t blocks, int64_t rows, int64_t sites, int64_t groups)
    : blocks(blocks), rows(rows), sites(sites), groups(groups) {
  values = device.allocateShared(bytes(places(), blocks, rows));
  barriers = device.allocateShared(2 * places() * 8, 8);
  read = barriers + places() * 8;
}

/// The barrier's next phase is for the parts of all blocks.
static void expectParts(DeviceKernel &device, const ClusterExchange &exchange, Value barrier) {
  NVVM::MBarrierArriveExpectTxOp::create(device.builder, device.loc, TypeRange(), barrier,
                                         device.word(exchange.blocks * exchange.rows * valueBytes),
                                         NVVM::MemScopeKind::CTA, false, Value());
}

void ClusterExchange::prepare(DeviceKernel &device) {
  OpBuilder &builder = device.builder;
  device.when(device.isZero(device.thread()), [&] {
    for (int64_t site = 0; site < places(); ++site) {
      Value barrier = device.shared(barriers + 8 * site);
      NVVM::MBarrierInitOp::create(builder, device.loc, barrier, device.word(1), Value());
      expectParts(device, *this, barrier);
      if (groups) // the warps of a group, of each block
        NVVM::MBarrierInitOp::create(builder, device.loc, device.shared(read + 8 * site),
                                     device.word(groupThreads / 32 * blocks), Value());
    }
  });
}

void TileProgram::exchangeInCluster(MutableArrayRef<SmallVector<Value>> values, ArrayRef<Operation *> combiners) {
  OpBuilder &builder = device.builder;
  Location loc = device.loc;
  ClusterExchange &exchange = *place.cluster;
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  // The four threads that hold the same row in their accumulators tell a quarter of the blocks each.
  constexpr int64_t quad = 4;
  Value quarter = device.bits(device.thread(), 0, 2);
  Value rank = NVVM::ClusterId::create(builder, loc, i32);
  // A sum's place among the exchange's, and the parity of its barrier's phase.
  auto placeOf = [&](int64_t site) -> std::pair<Value, Value> {
    if (!exchange.turn)
      return {device.constant(site), device.word(0)};
    unsigned groupBits = llvm::Log2_64(exchange.groups);
    Value number = device.add(device.multiply(device.bits(exchange.turn, groupBits, 32), exchange.sites), site);
    Value group = device.bits(exchange.turn, 0, groupBits);
    return {device.add(device.multiply(group, 2), device.bits(number, 0, 1)),
            arith::TruncIOp::create(builder, loc, i32, device.bits(number, 1, 1))};
  };
  for (auto [sums, combiner] : llvm::zip(values, combiners)) {
    auto [place, parity] = placeOf(exchange.used++);
    // [row][block]: the parts of a row lie side by side.
    Value start =
        device.at(device.shared(exchange.values), f32, device.multiply(place, exchange.blocks * exchange.rows));
    Value mine = device.at(start, f32, device.multiply(base(Axis::Row), exchange.blocks));
    Value pointer = device.at(device.shared(exchange.barriers), builder.getI64Type(), place);
    auto addressOf = [&](Value pointer) -> Value { return LLVM::PtrToIntOp::create(builder, loc, i32, pointer); };
    Value barrier = addressOf(pointer);
    Value read = addressOf(device.at(device.shared(exchange.read), builder.getI64Type(), place));
    if (exchange.turn) // the first round is over at once
      device.waitForCluster(read, arith::XOrIOp::create(builder, loc, parity, device.word(1)));
    Value to = LLVM::PtrToIntOp::create(builder, loc, i32, device.at(mine, f32, rank));
    for (int64_t first = 0; first < exchange.blocks; first += quad) {
      Value block = device.add(quarter, first);
      Value isThere =
          first + quad > exchange.blocks ? device.lessThan(block, device.constant(exchange.blocks)) : Value();
      device.when(isThere, [&] {
        Value number = arith::TruncIOp::create(builder, loc, i32, block);
        auto there = [&](Value address) {
          return device.ptx("mapa.shared::cluster.u32 $0, $1, $2;", "=r,r,r", {address, number}, i32).front();
        };
        Value remote = there(to), remoteBarrier = there(barrier);
        for (auto [held, value] : llvm::enumerate(sums)) {
          Value address = arith::AddIOp::create(builder, loc, remote,
                                                device.word(layout.rowOffsets[held] * exchange.blocks * valueBytes));
          device.ptx("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.f32 [$0], $1, [$2];", "r,f,r",
                     {address, value, remoteBarrier});
        }
      });
    }
    device.waitForCluster(barrier, parity);
    if (exchange.turn) // before its warp says that the place has been read
      device.when(device.isZero(device.thread()), [&] { expectParts(device, exchange, pointer); });
    // They add a quarter of the parts each, where that comes out even.
    bool shared = exchange.blocks % quad == 0;
    int64_t parts = shared ? exchange.blocks / quad : exchange.blocks,
            atOnce = std::min<int64_t>(4, parts & -parts); // aligned
    Value first = shared ? device.at(mine, f32, device.multiply(quarter, parts)) : mine;
    for (auto [held, value] : llvm::enumerate(sums)) {
      Value sum;
      for (int64_t from = 0; from < parts; from += atOnce)
        for (Value part :
             device.load(device.at(first, f32, layout.rowOffsets[held] * exchange.blocks + from), f32, atOnce))
          sum = sum ? combine(combiner, sum, part) : part;
      for (int64_t mask = 1; shared && mask < quad; mask *= 2)
        sum = combine(combiner, sum, device.shuffleXor(sum, mask));
      value = sum;
    }
    if (exchange.turn) {
      NVVM::SyncWarpOp::create(builder, loc, device.word(-1));
      device.arriveInCluster(read, exchange.blocks);
    }
  }
}
