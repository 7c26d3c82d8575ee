#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "backend/cpu/each_target_test.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/math_test.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/math-inl.h"
#include "backend/cpu/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {

void ApplyExp(const float* x, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  for (size_t i = 0; i < count; i += hn::Lanes(d))
    hn::StoreU(ExpNonPositive(d, hn::LoadU(d, x + i)), d, y + i);
}

void ApplyGelu(const float* x, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  for (size_t i = 0; i < count; i += hn::Lanes(d)) hn::StoreU(Gelu(d, hn::LoadU(d, x + i)), d, y + i);
}

// Copies `count` floats, below the vector's size, and says how many lanes a vector has.
size_t CopyPartial(const float* x, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  if (count < hn::Lanes(d)) StoreFirst(LoadFirst(d, x, count), d, y, count);
  return hn::Lanes(d);
}

}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
HWY_EXPORT(ApplyExp);
HWY_EXPORT(ApplyGelu);
HWY_EXPORT(CopyPartial);
namespace {

constexpr size_t kCount = size_t{1} << 20;  // a multiple of every vector's size

std::vector<float> Range(double from, double to) {
  std::vector<float> x(kCount);
  for (size_t i = 0; i < kCount; ++i)
    x[i] = static_cast<float>(from + (to - from) * static_cast<double>(i) / (kCount - 1));
  return x;
}

double Ulp(double value) {
  const float rounded = static_cast<float>(value);
  return std::nextafter(rounded, std::numeric_limits<float>::infinity()) - static_cast<double>(rounded);
}

void ExpectExpIsExact(double from, double to) {
  const std::vector<float> x = Range(from, to);
  std::vector<float> y(kCount);
  ForEachCpuTarget([&] {
    HWY_DYNAMIC_DISPATCH(ApplyExp)(x.data(), y.data(), kCount);
    double worst = 0;
    for (size_t i = 0; i < kCount; ++i) {
      const double exact = std::exp(static_cast<double>(x[i]));
      worst = std::max(worst, std::abs(y[i] - exact) / Ulp(exact));
    }
    EXPECT_LE(worst, 2.3);
  });
}

TEST(ExpNonPositive, IsWithinTwoUlp) {
  ExpectExpIsExact(-87.2, 0);
  ExpectExpIsExact(-3, 0);
  ExpectExpIsExact(-1e-3, 0);
}

TEST(ExpNonPositive, ZeroIsExactAndFarNegativeIsTiny) {
  std::vector<float> x(64, 0.0f), y(64);
  for (size_t i = 0; i < 16; ++i) x[16 + i] = -100.0f * static_cast<float>(i + 1);
  for (size_t i = 0; i < 16; ++i) x[32 + i] = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < 16; ++i) x[48 + i] = -std::numeric_limits<float>::max();
  ForEachCpuTarget([&] {
    HWY_DYNAMIC_DISPATCH(ApplyExp)(x.data(), y.data(), x.size());
    for (size_t i = 0; i < 16; ++i) EXPECT_EQ(y[i], 1.0f);
    for (size_t i = 16; i < 64; ++i) EXPECT_TRUE(y[i] >= 0 && y[i] < 1.3e-38f) << x[i] << " gives " << y[i];
  });
}

void ExpectGeluIsExact(double from, double to) {
  const std::vector<float> x = Range(from, to);
  std::vector<float> y(kCount);
  ForEachCpuTarget([&] {
    HWY_DYNAMIC_DISPATCH(ApplyGelu)(x.data(), y.data(), kCount);
    double worst = 0;
    for (size_t i = 0; i < kCount; ++i) {
      const double v = x[i];
      const double exact = 0.5 * v * std::erfc(-v / std::sqrt(2.0));
      worst = std::max(worst, std::abs(y[i] - exact) / (std::abs(v) + 1e-30));
    }
    EXPECT_LE(worst, 2.7e-7);
  });
}

TEST(Gelu, MatchesErfInFloat64) {
  ExpectGeluIsExact(-20, 20);
  ExpectGeluIsExact(-6, 6);
  ExpectGeluIsExact(-0.1, 0.1);
  ExpectGeluIsExact(-1e-20, 1e-20);
  ExpectGeluIsExact(-1e30, 1e30);
}

TEST(Partial, TouchesOnlyTheFirstLanes) {
  ForEachCpuTarget([&] {
    const size_t lanes = HWY_DYNAMIC_DISPATCH(CopyPartial)(nullptr, nullptr, ~size_t{0});
    for (size_t count = 0; count < lanes; ++count) {
      const std::vector<float> x(count, 3.0f);  // its end is where a sanitizer would see a read beyond
      std::vector<float> y(lanes + 1, 7.0f);
      HWY_DYNAMIC_DISPATCH(CopyPartial)(x.data(), y.data(), count);
      for (size_t i = 0; i <= lanes; ++i) EXPECT_EQ(y[i], i < count ? 3.0f : 7.0f);
    }
  });
}

}  // namespace
}  // namespace segforge
#endif  // HWY_ONCE
