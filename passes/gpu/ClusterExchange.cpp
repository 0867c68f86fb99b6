// Blocks of a cluster whose tiles share rows exchange sums along them: each stores its parts into the shared memory of all, where
// an mbarrier counts the bytes. PTX ISA 9.7.9.13 st.async, 9.7.9.22 mapa, 9.7.13.15 mbarrier, 9.7.13.3 barrier.cluster.
#include "passes/gpu/TileProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace keel;

static constexpr int64_t valueBytes = 4; // f32

ClusterExchange::ClusterExchange(DeviceKernel &device, int64_t blocks, int64_t rows, int64_t sites)
    : blocks(blocks), rows(rows), sites(sites) {
  values = device.allocateShared(sites * blocks * rows * valueBytes);
  barriers = device.allocateShared(sites * 8, 8);
}

void ClusterExchange::prepare(DeviceKernel &device) {
  OpBuilder &builder = device.builder;
  device.when(device.isZero(device.thread()), [&] {
    for (int64_t site = 0; site < sites; ++site) {
      Value barrier = device.shared(barriers + 8 * site);
      NVVM::MBarrierInitOp::create(builder, device.loc, barrier, device.word(1), Value());
      NVVM::MBarrierArriveExpectTxOp::create(builder, device.loc, TypeRange(), barrier,
                                             device.word(blocks * rows * valueBytes), NVVM::MemScopeKind::CTA, false, Value());
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
  for (auto [sums, combiner] : llvm::zip(values, combiners)) {
    int64_t site = exchange.used++;
    // [row][block]: the parts of a row lie side by side.
    Value start = device.shared(exchange.values + site * exchange.blocks * exchange.rows * valueBytes);
    Value mine = device.at(start, f32, device.multiply(base(Axis::Row), exchange.blocks));
    Value barrier = device.shared(exchange.barriers + 8 * site);
    Value to = LLVM::PtrToIntOp::create(builder, loc, i32, device.at(mine, f32, rank));
    Value counts = LLVM::PtrToIntOp::create(builder, loc, i32, barrier);
    for (int64_t first = 0; first < exchange.blocks; first += quad) {
      Value block = device.add(quarter, first);
      Value isThere = first + quad > exchange.blocks ? device.lessThan(block, device.constant(exchange.blocks)) : Value();
      device.when(isThere, [&] {
        Value number = arith::TruncIOp::create(builder, loc, i32, block);
        auto there = [&](Value address) {
          return device.ptx("mapa.shared::cluster.u32 $0, $1, $2;", "=r,r,r", {address, number}, i32).front();
        };
        Value remote = there(to), remoteBarrier = there(counts);
        for (auto [held, value] : llvm::enumerate(sums)) {
          Value address = arith::AddIOp::create(builder, loc, remote, device.word(layout.rowOffsets[held] * exchange.blocks * valueBytes));
          device.ptx("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.f32 [$0], $1, [$2];", "r,f,r",
                     {address, value, remoteBarrier});
        }
      });
    }
    device.ptx("{\n.reg .pred p;\nagain:\nmbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [$0], 0;\n@p bra done;\n"
               "bra again;\ndone:\n}",
               "r", counts);
    for (auto [held, value] : llvm::enumerate(sums)) {
      Value sum;
      int64_t atOnce = std::min<int64_t>(4, exchange.blocks & -exchange.blocks); // aligned
      for (int64_t from = 0; from < exchange.blocks; from += atOnce)
        for (Value part : device.load(device.at(mine, f32, layout.rowOffsets[held] * exchange.blocks + from), f32, atOnce))
          sum = sum ? combine(combiner, sum, part) : part;
      value = sum;
    }
  }
}
