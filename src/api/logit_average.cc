#include "api/logit_average.h"

namespace segforge {

Status CheckAverage(const LogitAverage& average) {
  if (average.keep >= 0 && average.keep < 1) return Status();
  return InvalidInput("smoothing: expected at least 0 and less than 1, got {}", average.keep);
}

ConstTensorView Average(const ConstTensorView& logits, LogitAverage& average, ThreadPool& pool) {
  constexpr int64_t kGrain = 16;
  const auto* added = logits.as<float>();
  const int64_t count = logits.shape.elems();
  const bool anew = average.height != logits.shape[0] || average.width != logits.shape[1] ||
                    static_cast<int64_t>(average.logits.size()) != count;
  if (anew) {
    average.logits.assign(added, added + count);
    average.height = logits.shape[0];
    average.width = logits.shape[1];
  } else {
    float* values = average.logits.data();
    const auto keep = static_cast<float>(average.keep);
    pool.ParallelFor(count, kGrain, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) values[i] = keep * values[i] + (1 - keep) * added[i];
    });
  }
  return {average.logits.data(), DType::kF32, logits.shape};
}

}  // namespace segforge
