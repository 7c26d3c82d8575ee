// Percentiles of any number of errors in fixed memory.
#pragma once

#include <cstdint>
#include <vector>

namespace segforge {

// Counts non-negative floats by sign, exponent and the first seven bits of the fraction, so a percentile is
// right to 1/128 of itself. Infinities and NaN count as infinite.
class ErrorHistogram {
 public:
  ErrorHistogram();

  void Add(float error);
  void Add(const ErrorHistogram& other);

  // The smallest bucket's upper end (at most `greatest`) that has at least share (0..1) of all errors at or
  // below it; 0 when there are none.
  double Percentile(double share) const;
  int64_t count() const { return count_; }

 private:
  std::vector<int64_t> buckets_;
  int64_t count_ = 0;
  float greatest_ = 0;
};

}  // namespace segforge
