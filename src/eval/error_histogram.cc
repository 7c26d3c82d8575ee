#include "eval/error_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace segforge {
namespace {

constexpr int kDroppedBits = 16;  // of the fraction's 23
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kBuckets = (std::bit_cast<uint32_t>(kInfinity) >> kDroppedBits) + 1;

}  // namespace

ErrorHistogram::ErrorHistogram() : buckets_(kBuckets) {}

void ErrorHistogram::Add(float error) {
  const float value = std::isnan(error) ? kInfinity : std::max(error, 0.0F);
  ++buckets_[std::bit_cast<uint32_t>(value) >> kDroppedBits];
  ++count_;
  greatest_ = std::max(greatest_, value);
}

void ErrorHistogram::Add(const ErrorHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  greatest_ = std::max(greatest_, other.greatest_);
}

double ErrorHistogram::Percentile(double share) const {
  const double wanted = share * static_cast<double>(count_);
  int64_t below = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    below += buckets_[i];
    if (below == 0 || static_cast<double>(below) < wanted) continue;
    if (i + 1 == kBuckets) return static_cast<double>(greatest_);
    const uint32_t end = (static_cast<uint32_t>(i) << kDroppedBits) | ((1U << kDroppedBits) - 1);
    return static_cast<double>(std::min(greatest_, std::bit_cast<float>(end)));
  }
  return 0;
}

}  // namespace segforge
