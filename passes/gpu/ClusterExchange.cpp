// Blocks of a cluster whose tiles share rows exchange sums along them: each stores its parts into the shared memory of all, where
// an mbarrier counts the bytes. PTX ISA 9.7.9.13 st.async, 9.7.9.22 mapa, 9.7.13.15 mbarrier, 9.7.13.3 barrier.cluster.
#include "passes/gpu/TileProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace keel;

static constexpr int64_t valueBytes = 4; // f32

ClusterExchange::ClusterExchange(DeviceKernel &device, int64_t blocks, int64_t rows, int64_t sites, int64_t groups)
    : blocks(blocks), rows(rows), sites(sites), groups(groups) {
  values = device.allocateShared(sets() * sites * blocks * rows * valueBytes);
  barriers = device.allocateShared(sets() * sites * 8, 8);
}

/// The barrier's next phase is for the parts of all blocks.
static void expectParts(DeviceKernel &device, const ClusterExchange &exchange, Value barrier) {
  NVVM::MBarrierArriveExpectTxOp::create(device.builder, device.loc, TypeRange(), barrier,
                                         device.word(exchange.blocks * exchange.rows * valueBytes), NVVM::MemScopeKind::CTA, false,
                                         Value());
}

void ClusterExchange::prepare(DeviceKernel &device) {
  OpBuilder &builder = device.builder;
  device.when(device.isZero(device.thread()), [&] {
    for (int64_t site = 0; site < sets() * sites; ++site) {
      Value barrier = device.shared(barriers + 8 * site);
      NVVM::MBarrierInitOp::create(builder, device.loc, barrier, device.word(1), Value());
      expectParts(device, *this, barrier);
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
  Value set, parity = device.word(0);
  if (exchange.turn) {
    set = device.bits(exchange.turn, 0, llvm::Log2_64(exchange.sets()));
    parity = arith::TruncIOp::create(builder, loc, i32, device.bits(exchange.turn, llvm::Log2_64(exchange.sets()), 1));
  }
  auto at = [&](int64_t first, int64_t site, int64_t bytes) { // in the set
    Value start = device.shared(first + site * bytes);
    return set ? device.at(start, builder.getI8Type(), device.multiply(set, exchange.sites * bytes)) : start;
  };
  SmallVector<Value> barriers, mine; // of each sum; [row][block]: the parts of a row lie side by side
  for (const SmallVector<Value> &sums : values) {
    int64_t site = exchange.used++;
    Value start = at(exchange.values, site, exchange.blocks * exchange.rows * valueBytes);
    mine.push_back(device.at(start, f32, device.multiply(base(Axis::Row), exchange.blocks)));
    barriers.push_back(LLVM::PtrToIntOp::create(builder, loc, i32, at(exchange.barriers, site, 8)));
    Value to = LLVM::PtrToIntOp::create(builder, loc, i32, device.at(mine.back(), f32, rank));
    for (int64_t first = 0; first < exchange.blocks; first += quad) {
      Value block = device.add(quarter, first);
      Value isThere = first + quad > exchange.blocks ? device.lessThan(block, device.constant(exchange.blocks)) : Value();
      device.when(isThere, [&] {
        Value number = arith::TruncIOp::create(builder, loc, i32, block);
        auto there = [&](Value address) {
          return device.ptx("mapa.shared::cluster.u32 $0, $1, $2;", "=r,r,r", {address, number}, i32).front();
        };
        Value remote = there(to), remoteBarrier = there(barriers.back());
        for (auto [held, value] : llvm::enumerate(sums)) {
          Value address = arith::AddIOp::create(builder, loc, remote, device.word(layout.rowOffsets[held] * exchange.blocks * valueBytes));
          device.ptx("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.f32 [$0], $1, [$2];", "r,f,r",
                     {address, value, remoteBarrier});
        }
      });
    }
  }
  for (auto [sums, combiner, barrier, start] : llvm::zip(values, combiners, barriers, mine)) {
    device.ptx("{\n.reg .pred p;\nagain:\nmbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [$0], $1;\n@p bra done;\n"
               "bra again;\ndone:\n}",
               "r,r", {barrier, parity});
    if (set) // nobody sends for the next tile of the set before this thread has sent for the tile between
      device.when(device.isZero(device.thread()), [&] {
        Value pointer = LLVM::IntToPtrOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext(), 3), barrier);
        expectParts(device, exchange, pointer);
      });
    for (auto [held, value] : llvm::enumerate(sums)) {
      Value sum;
      int64_t atOnce = std::min<int64_t>(4, exchange.blocks & -exchange.blocks); // aligned
      for (int64_t from = 0; from < exchange.blocks; from += atOnce)
        for (Value part : device.load(device.at(start, f32, layout.rowOffsets[held] * exchange.blocks + from), f32, atOnce))
          sum = sum ? combine(combiner, sum, part) : part;
      value = sum;
    }
  }
}
