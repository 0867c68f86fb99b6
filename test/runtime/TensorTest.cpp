// Element conversion, and DLPack.
#include "keel/keel.hpp"
#include "runtime/data/Dlpack.h"
#include "runtime/support/Error.h"
#include "test/runtime/TestSupport.h"

#include <bit>
#include <cmath>
#include <cstring>
#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#define KEEL_HAS_DLPACK 1
#endif

using namespace keel::runtime;
using namespace keel::test;

namespace {

TEST(Elements, HalvesSurviveTheWayThroughDouble) {
  for (std::uint32_t dtype : {KEEL_DTYPE_F16, KEEL_DTYPE_BF16})
    for (unsigned bits = 0; bits < 65536; ++bits) {
      auto from = static_cast<std::uint16_t>(bits);
      std::uint16_t to;
      double value = loadElement(&from, dtype, 0);
      storeElement(&to, dtype, 0, value);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(loadElement(&to, dtype, 0)));
      } else {
        ASSERT_EQ(from, to) << keel_dtype_name(dtype);
      }
    }
}

TEST(Elements, RoundOnceToNearestEven) {
  auto half = [](double value) {
    std::uint16_t bits;
    storeElement(&bits, KEEL_DTYPE_F16, 0, value);
    return loadElement(&bits, KEEL_DTYPE_F16, 0);
  };
  auto bfloat = [](double value) {
    std::uint16_t bits;
    storeElement(&bits, KEEL_DTYPE_BF16, 0, value);
    return loadElement(&bits, KEEL_DTYPE_BF16, 0);
  };
  EXPECT_EQ(half(1 + 0x1p-11), 1); // a tie goes to even
  EXPECT_EQ(half(1 + 3 * 0x1p-11), 1 + 0x1p-9);
  EXPECT_EQ(half(1 + 0x1p-11 + 0x1p-40), 1 + 0x1p-10); // just above the tie
  EXPECT_EQ(half(65519.99), 65504);
  EXPECT_TRUE(std::isinf(half(65520)));
  EXPECT_EQ(half(0x1p-25), 0);
  EXPECT_EQ(half(0x1.8p-25), 0x1p-24);
  EXPECT_EQ(bfloat(1 + 0x1p-8), 1);
  EXPECT_EQ(bfloat(1 + 0x1p-8 + 0x1p-40), 1 + 0x1p-7); // through a float this would look like a tie
  EXPECT_EQ(bfloat(-(1 + 0x1p-8 - 0x1p-40)), -1);
}

TEST(Elements, IntegersSaturate) {
  std::int8_t i8;
  std::int64_t i64;
  storeElement(&i8, KEEL_DTYPE_I8, 0, 300);
  EXPECT_EQ(i8, 127);
  storeElement(&i64, KEEL_DTYPE_I64, 0, 1e30);
  EXPECT_EQ(i64, INT64_MAX);
  storeElement(&i64, KEEL_DTYPE_I64, 0, std::nan(""));
  EXPECT_EQ(i64, 0);
}

TEST(Convert, RefusesToLoseIntegers) {
  Tensor wide(KEEL_DTYPE_I64, {2});
  storeElement(wide.data(), wide.dtype, 0, 7);
  storeElement(wide.data(), wide.dtype, 1, 1e10);
  EXPECT_ERROR(convert(wide.view(), KEEL_DTYPE_I32, {2}, "labels"), "labels: element 1 is 1e+10, which is no i32");
  storeElement(wide.data(), wide.dtype, 1, -1);
  EXPECT_EQ(doubles(convert(wide.view(), KEEL_DTYPE_I32, {2}, "labels")), (std::vector<double>{7, -1}));
}

TEST(Convert, RoundsToOtherElements) {
  std::vector<double> values{1.00390625, -2.5};
  keel::Tensor wide = keel::Tensor::of(values, {2}), narrow = wide.as(KEEL_DTYPE_BF16), back = narrow.as(KEEL_DTYPE_F64);
  EXPECT_EQ(narrow.dtype(), std::uint32_t(KEEL_DTYPE_BF16));
  EXPECT_THAT(back.values<const double>(), testing::ElementsAre(1, -2.5));
  EXPECT_ERROR(wide.as(KEEL_DTYPE_I32), "tensor: element 0 is 1.00391, which is no i32");
  EXPECT_ERROR(wide.as(99), "there is no element type 99");
}

#ifdef KEEL_HAS_DLPACK
TEST(Dlpack, SharesMemoryBothWays) {
  for (std::uint32_t dtype = KEEL_DTYPE_BOOL; dtype <= KEEL_DTYPE_F64; ++dtype) {
    DLManagedTensor *managed;
    Tensor back;
    {
      Tensor tensor(dtype, {2, 3});
      std::memset(tensor.data(), 1, tensor.bytes());
      managed = exportDlpack(tensor);
      EXPECT_EQ(managed->dl_tensor.data, tensor.data());
    }
    void *data = managed->dl_tensor.data;
    back = importDlpack(managed); // the exporting tensor is gone: the memory must not be
    EXPECT_EQ(back.data(), data);
    EXPECT_EQ(back.dtype, dtype);
    EXPECT_EQ(back.shape, (Shape{2, 3}));
    EXPECT_EQ(back.data()[0], 1);
  }
}

TEST(Dlpack, RefusesWhatItCannotShare) {
  auto variant = [](auto change) {
    DLManagedTensor *managed = exportDlpack(Tensor(KEEL_DTYPE_F32, {2, 3}));
    change(managed->dl_tensor);
    return importDlpack(managed); // frees it, whatever happens
  };
  std::int64_t dense[] = {3, 1}, transposed[] = {1, 2};
  EXPECT_NO_THROW(variant([&](DLTensor &tensor) { tensor.strides = dense; }));
  EXPECT_ERROR(variant([&](DLTensor &tensor) { tensor.strides = transposed; }), "contiguous");
  EXPECT_ERROR(variant([](DLTensor &tensor) { tensor.device = {kDLCUDA, 0}; }), "not in host memory");
  EXPECT_ERROR(variant([](DLTensor &tensor) { tensor.dtype.lanes = 4; }), "not supported");
  EXPECT_ERROR(variant([](DLTensor &tensor) { tensor.dtype = {kDLComplex, 64, 1}; }), "not supported");
}
#endif

} // namespace
