// Bulk copies: plain and through tensor maps, into and out of shared memory.
#include "runtime/emulator/TensorMap.h"
#include "test/emulator/Kernel.h"

namespace keel::test {
namespace {

using emulator::Swizzle;
using emulator::TensorMap;

struct alignas(64) Opaque {
  char bytes[128];
};
Opaque map(const std::vector<std::uint16_t> &tensor, std::uint32_t columns, std::uint32_t boxColumns, std::uint32_t boxRows, Swizzle swizzle) {
  TensorMap map{};
  map.rank = 2;
  map.elementBytes = 2;
  map.swizzle = swizzle;
  map.base = reinterpret_cast<std::uint64_t>(tensor.data());
  map.extents[0] = columns;
  map.extents[1] = static_cast<std::uint32_t>(tensor.size() / columns);
  map.box[0] = boxColumns, map.box[1] = boxRows;
  map.strides[0] = columns * 2;
  Opaque opaque;
  EXPECT_EQ(emulator::encode(map, &opaque), nullptr);
  return opaque;
}

// arguments: tensor, out, map, result map. A 64 x 16 tile (swizzled over 128 bytes) from column 32, row 2 of 80 x 12.
constexpr std::uint32_t columns = 80, rows = 12, boxColumns = 64, boxRows = 16;
enum class Tile { Right, NoWait, WrongBytes, NoExpect, PlainRead, NoFence };
template <Tile variant> void tile(Thread *t, const std::uint64_t *a) {
  std::uint64_t barrier = t->shared, data = t->shared + 1024;
  if (tid(t) == 0) {
    PTX(t, "mbarrier.init.shared.b64", barrier, 1);
    if (variant != Tile::NoFence)
      PTX(t, "fence.mbarrier_init.release.cluster");
  }
  PTX(t, "bar.sync", 0);
  if (tid(t) == 0) {
    if (variant == Tile::NoExpect)
      PTX(t, "mbarrier.arrive.shared.b64", barrier);
    else
      PTX(t, "mbarrier.arrive.expect_tx.shared.b64", barrier, variant == Tile::WrongBytes ? 2064 : 2048);
    PTX(t, "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes", data & 0xffffffff, a[2], 32, 2, barrier);
  }
  if (variant != Tile::NoWait)
    while (!PTX(t, "mbarrier.try_wait.parity.shared::cta.b64", barrier, 0)[0]) {
    }
  for (std::uint32_t i = tid(t); i < boxColumns * boxRows; i += 64) {
    std::uint64_t at = data + 2 * i;
    std::uint16_t value = LOAD(std::uint16_t, t, 3, variant == Tile::PlainRead ? at : emulator::swizzled(at, Swizzle::Bytes128));
    STORE(std::uint16_t, t, 1, a[1] + 2 * i, value);
  }
}

struct TileRun {
  Device device;
  std::vector<std::uint16_t> in, out;
  Opaque opaque;
  TileRun() : in(columns * rows), out(boxColumns * boxRows) {
    for (std::size_t i = 0; i < in.size(); ++i)
      in[i] = static_cast<std::uint16_t>(i + 1);
    opaque = map(in, columns, boxColumns, boxRows, Swizzle::Bytes128);
    device.add(in, true, "tensor");
    device.add(out);
    device.arguments.push_back(reinterpret_cast<std::uint64_t>(&opaque));
  }
  bool right() const {
    for (std::uint32_t r = 0; r < boxRows; ++r)
      for (std::uint32_t c = 0; c < boxColumns; ++c) {
        bool inside = r + 2 < rows && c + 32 < columns;
        if (out[r * boxColumns + c] != (inside ? in[(r + 2) * columns + c + 32] : 0))
          return false;
      }
    return true;
  }
  void run(keel_emulated_entry entry, std::uint64_t seed) {
    Options options;
    options.seed = seed;
    device.run({entry, 64, 1, 1024 + 2048}, options);
  }
};

TEST(BulkCopy, ATileWithItsEdgesAndSwizzle) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    TileRun run;
    run.run(tile<Tile::Right>, seed);
    EXPECT_TRUE(run.right());
    TileRun plain;
    plain.run(tile<Tile::PlainRead>, seed);
    EXPECT_FALSE(plain.right());
    EXPECT_THROW(TileRun().run(tile<Tile::NoWait>, seed), EmulationError); // missing wait, or uninitialised: who is first
    expectFault(Fault::Deadlock, [&] { TileRun().run(tile<Tile::WrongBytes>, seed); }, {"mbarrier.try_wait"});
    EXPECT_THROW(TileRun().run(tile<Tile::NoExpect>, 2 * seed), EmulationError);
    expectFault(Fault::Race, [&] { TileRun().run(tile<Tile::NoFence>, seed); }, {"without fence.mbarrier_init"});
  }
}

TEST(BulkCopy, RefusesMapsThatTheDriverRefuses) {
  TensorMap map{};
  Opaque opaque;
  EXPECT_STREQ(emulator::encode(map, &opaque), "a tensor map has 1 to 5 dimensions");
  map.rank = 1, map.elementBytes = 4, map.box[0] = 64, map.extents[0] = 100, map.swizzle = Swizzle::Bytes128;
  EXPECT_STREQ(emulator::encode(map, &opaque), "the box's innermost dimension must fit the swizzle");
}

// Shared memory is written by all threads, and one stores it in bulk.
enum class Out { Right, NoProxyFence, NoBarrier, NoWait, OverwrittenEarly };
template <Out variant> void writeOut(Thread *t, const std::uint64_t *a) {
  STORE(std::uint32_t, t, 3, t->shared + 4 * tid(t), tid(t) + 7);
  if (variant != Out::NoProxyFence)
    PTX(t, "fence.proxy.async.shared::cta");
  if (variant != Out::NoBarrier)
    PTX(t, "bar.sync", 0);
  if (tid(t) == 0) {
    PTX(t, "cp.async.bulk.global.shared::cta.bulk_group", a[0], t->shared, 256);
    PTX(t, "cp.async.bulk.commit_group");
    if (variant == Out::Right)
      PTX(t, "cp.async.bulk.wait_group.read", 0);
  }
  if (variant == Out::OverwrittenEarly || variant == Out::Right)
    PTX(t, "bar.sync", 0);
  if (variant == Out::OverwrittenEarly || variant == Out::Right)
    STORE(std::uint32_t, t, 3, t->shared + 4 * tid(t), 0);
  if (tid(t) == 0 && variant != Out::NoWait)
    PTX(t, "cp.async.bulk.wait_group", 0);
}
TEST(BulkCopy, OutOfSharedMemory) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Options options;
    options.seed = seed;
    auto run = [&](keel_emulated_entry entry) {
      Device device;
      std::vector<std::uint32_t> out(64);
      device.add(out);
      device.run({entry, 64, 1, 256}, options);
      for (std::uint32_t i = 0; i < 64; ++i)
        EXPECT_EQ(out[i], i + 7);
    };
    run(writeOut<Out::Right>);
    expectFault(Fault::Race, [&] { run(writeOut<Out::NoProxyFence>); }, {"no fence.proxy.async is in between"});
    EXPECT_THROW(run(writeOut<Out::NoBarrier>), EmulationError);
    expectFault(Fault::MissingWait, [&] { run(writeOut<Out::NoWait>); }, {"exits before its shared memory is read"});
    expectFault(Fault::Race, [&] { run(writeOut<Out::OverwrittenEarly>); });
  }
}

// One block loads for both of its cluster.
TEST(BulkCopy, Multicast) {
  Device device;
  std::vector<std::uint32_t> in(64), out(128);
  for (std::uint32_t i = 0; i < 64; ++i)
    in[i] = i * i;
  device.add(in), device.add(out);
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Options options;
    options.seed = seed;
    std::fill(out.begin(), out.end(), 0);
    device.run({[](Thread *t, const std::uint64_t *a) {
                  if (tid(t) == 0) {
                    PTX(t, "mbarrier.init.shared.b64", t->shared, 1);
                    PTX(t, "fence.mbarrier_init.release.cluster");
                    PTX(t, "mbarrier.arrive.expect_tx.shared.b64", t->shared, 256);
                  }
                  PTX(t, "barrier.cluster.arrive");
                  PTX(t, "barrier.cluster.wait");
                  if (ctaid(t) == 1 && tid(t) == 0)
                    PTX(t, "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster", t->shared + 128, a[0], 256,
                        t->shared, 3);
                  while (!PTX(t, "mbarrier.try_wait.parity.shared.b64", t->shared, 0)[0]) {
                  }
                  STORE(std::uint32_t, t, 1, a[1] + 4 * (64 * ctaid(t) + tid(t)), LOAD(std::uint32_t, t, 3, t->shared + 128 + 4 * tid(t)));
                },
                64, 2, 384, 2},
               options);
    for (std::uint32_t i = 0; i < 128; ++i)
      EXPECT_EQ(out[i], in[i % 64]);
  }
}

} // namespace
} // namespace keel::test
