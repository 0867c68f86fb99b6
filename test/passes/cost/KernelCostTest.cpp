// The cost model's terms, each alone, on a device whose figures make the sums easy.
#include "passes/cost/KernelCost.h"

#include <gmock/gmock.h>

#include <cstring>

using namespace keel;
using testing::DoubleNear;
using testing::HasSubstr;

namespace {
constexpr const char *simple = R"({
  "name": "simple", "target": "sm_80", "multiprocessors": 10, "clock_ghz": 1, "lanes": 100,
  "f32_tflops": 1, "tf32_tflops": 0, "half_tflops": 10, "matmul_share": 1, "bandwidth_gbs": 100, "bandwidth_share": 1, "l2_gbs": 1000000,
  "shared_bytes": 100000, "registers": 65536, "largest_cluster": 1, "launch_us": 2, "barrier_us": 3, "cluster_us": 1,
  "pipeline_us": 4, "mma_sync_share": 0.5})";

DeviceDescription device() { return llvm::cantFail(DeviceDescription::parse(simple)); }

/// A product of `tiles` tiles; one block fills a multiprocessor.
KernelWork product(int64_t tiles) {
  KernelWork work;
  work.rows = tiles * 64, work.columns = work.tileColumns = 128, work.tileRows = 64, work.depth = 1000;
  work.sharedBytes = 60000;
  return work;
}

std::string problemOf(std::string text, const char *from, const char *to) {
  text.replace(text.find(from), std::strlen(from), to);
  llvm::Expected<DeviceDescription> parsed = DeviceDescription::parse(text);
  return parsed ? "" : llvm::toString(parsed.takeError());
}
} // namespace

TEST(DeviceDescription, Files) {
  for (const char *name : {"A100", "H100", "H200", "B200"})
    ASSERT_NE(findDeviceDescription(name), nullptr) << name;
  EXPECT_EQ(findDeviceDescription("H300"), nullptr);
  // H200 is H100 with faster memory.
  EXPECT_EQ(findDeviceDescription("H200")->half, findDeviceDescription("H100")->half);
  EXPECT_GT(findDeviceDescription("H200")->bandwidth, findDeviceDescription("H100")->bandwidth);
}

TEST(DeviceDescription, Capability) {
  EXPECT_EQ(getDeviceOfCapability(80).name, "A100");
  EXPECT_EQ(getDeviceOfCapability(89).name, "A100");
  EXPECT_EQ(getDeviceOfCapability(90).name, "H100");
  EXPECT_EQ(getDeviceOfCapability(120).name, "B200");
}

TEST(DeviceDescription, Errors) {
  EXPECT_THAT(problemOf(simple, "\"clock_ghz\": 1,", ""), HasSubstr("'clock_ghz' is missing"));
  EXPECT_THAT(problemOf(simple, "\"lanes\": 100", "\"lanes\": \"many\""),
              HasSubstr("'lanes' is missing or is no number"));
  EXPECT_THAT(problemOf(simple, "\"bandwidth_gbs\": 100", "\"bandwidth_gbs\": 0"), HasSubstr("'bandwidth_gbs'"));
  EXPECT_THAT(problemOf(simple, "\"name\": \"simple\",", ""), HasSubstr("'name'"));
  EXPECT_THAT(problemOf(simple, "\"mma_sync_share\": 0.5", "\"mma_sync_share\": 0"), HasSubstr("'mma_sync_share'"));
  EXPECT_NE(problemOf(simple, "{", "["), "");
  EXPECT_THAT(problemOf(simple, "\"lanes\"", "\"groups\": [4, 5], \"lanes\""),
              HasSubstr("'groups' have 9 multiprocessors, the device 10"));
}

TEST(KernelCost, Memory) {
  KernelWork copy;
  copy.rows = 1000, copy.columns = copy.tileColumns = 100, copy.tileRows = 1;
  copy.bytes = 1e6;
  copy.instructions = 100;
  KernelCost cost = estimateCost(copy, device());
  EXPECT_THAT(cost.memory, DoubleNear(1e-5, 1e-9));
  // A hundred instructions an element take as long as the copy and hide behind it; two hundred do not.
  EXPECT_THAT(cost.total(), DoubleNear(1.2e-5, 1e-9));
  copy.instructions = 200;
  EXPECT_THAT(estimateCost(copy, device()).total(), DoubleNear(2e-5 + 2e-6, 1e-9));
}

TEST(KernelCost, Quantisation) {
  // Eleven tiles on ten multiprocessors take twice the time of ten.
  double ten = estimateCost(product(10), device()).matmul, eleven = estimateCost(product(11), device()).matmul;
  EXPECT_THAT(ten, DoubleNear(2.0 * 640 * 128 * 1000 / 1e12, 1e-9));
  EXPECT_THAT(eleven, DoubleNear(2 * ten, 1e-9));
  EXPECT_THAT(estimateCost(product(20), device()).matmul, DoubleNear(2 * ten, 1e-9));
}

TEST(KernelCost, Clusters) {
  DeviceDescription grouped = device();
  grouped.groups = {5, 5};
  EXPECT_EQ(grouped.multiprocessorsOf(1), 10);
  EXPECT_EQ(grouped.multiprocessorsOf(2), 8);
  EXPECT_EQ(grouped.multiprocessorsOf(5), 10);
  EXPECT_EQ(findDeviceDescription("H100")->multiprocessorsOf(8), 120);
  EXPECT_EQ(findDeviceDescription("H100")->multiprocessorsOf(16), 112);
  // Nine tiles fill ten multiprocessors once; clusters of four can have eight of them.
  KernelWork work = product(9);
  double once = estimateCost(work, grouped).matmul;
  work.cluster = 4;
  EXPECT_THAT(estimateCost(work, grouped).matmul, DoubleNear(2 * once, 1e-9));
}

TEST(DeviceDescription, Targets) {
  auto names = [](unsigned sm, bool exact) {
    std::string text;
    for (const DeviceDescription *device : getDevicesFor(sm, exact))
      text += device->name + " ";
    return text;
  };
  EXPECT_EQ(names(80, false), "A100 B200 H100 H200 ");
  EXPECT_EQ(names(90, true), "H100 H200 ");
  EXPECT_EQ(names(120, false), "");
}

TEST(KernelCost, Operands) {
  // A slow cache: 192 rows and columns of 1000 numbers for each tile.
  DeviceDescription slow = device();
  slow.cacheBandwidth = 1e9;
  EXPECT_THAT(estimateCost(product(10), slow).matmul, DoubleNear(10 * 192 * 4000 / 1e9, 1e-9));
}

TEST(KernelCost, Precision) {
  KernelWork work = product(10);
  double f32 = estimateCost(work, device()).matmul;
  work.reads = KernelWork::Reads::Tf32; // it has none
  EXPECT_EQ(estimateCost(work, device()).matmul, f32);
  work.reads = KernelWork::Reads::Half;
  EXPECT_THAT(estimateCost(work, device()).matmul, DoubleNear(f32 / 5, 1e-12)) << "half of the peak, by mma.sync";
}

TEST(KernelCost, Wgmma) {
  KernelWork work = product(10);
  work.reads = KernelWork::Reads::Half;
  KernelCost mma = estimateCost(work, device());
  work.wgmma = true;
  KernelCost wgmma = estimateCost(work, device());
  EXPECT_THAT(wgmma.matmul, DoubleNear(mma.matmul / 2, 1e-12));
  EXPECT_THAT(wgmma.launch, DoubleNear(mma.launch + 4e-6, 1e-12)) << "its pipeline starts";
}

TEST(KernelCost, Epilogue) {
  KernelWork work = product(20);
  work.instructions = 10;
  // Two tiles of 8192 elements, 10 instructions each, a hundred a nanosecond.
  EXPECT_THAT(estimateCost(work, device()).epilogue, DoubleNear(2 * 8192 * 10 / 100e9, 1e-12));
  // Two blocks a multiprocessor hide half of it.
  work.sharedBytes = 50000;
  EXPECT_THAT(estimateCost(work, device()).epilogue, DoubleNear(8192 * 10 / 100e9, 1e-12));
  // But not where there is one tile for each.
  work.rows /= 2;
  EXPECT_THAT(estimateCost(work, device()).epilogue, DoubleNear(8192 * 10 / 100e9, 1e-12));
}

TEST(KernelCost, Exchange) {
  KernelWork work = product(10);
  work.exchanges = 2;
  EXPECT_THAT(estimateCost(work, device()).exchange, DoubleNear(6e-6, 1e-12));
  work.exchange = KernelWork::Exchange::Cluster;
  EXPECT_THAT(estimateCost(work, device()).exchange, DoubleNear(2e-6, 1e-12));
}

TEST(KernelCost, Pingpong) {
  KernelWork work = product(30); // three turns
  work.instructions = 100;
  double all = estimateCost(work, device()).epilogue;
  work.pingpong = true;
  EXPECT_NEAR(estimateCost(work, device()).epilogue, all / 3, 1e-12) << "but for the last one it runs beside main loops";
  work.depth = 1; // there is next to nothing to run beside
  EXPECT_NEAR(estimateCost(work, device()).epilogue, all / 3 * 2, all / 100) << "two groups do two tiles at a time";
}

TEST(KernelCost, Readers) {
  std::string text = simple;
  text.replace(text.find("1000000"), std::strlen("1000000"), "100");
  DeviceDescription slowCache = llvm::cantFail(DeviceDescription::parse(text));
  KernelWork work = product(10);
  work.reads = KernelWork::Reads::Half, work.wgmma = true;
  double alone = estimateCost(work, slowCache).matmul;
  work.readers = 64;
  EXPECT_NEAR(estimateCost(work, slowCache).matmul, alone * 129 / 192, 1e-12) << "a row of 64, and all columns";
}
