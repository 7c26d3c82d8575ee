// A map of logits read at a size between, and that at another.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "backend/logit_rows.h"
#include "image/preprocess.h"

namespace segforge {

// As LogitRows: logits read at `between`, and that at another size, as mmseg resizes them to the network's
// input first and to the image then. For use by one thread.
class LogitRowsInTwoSteps {
 public:
  LogitRowsInTwoSteps(const ConstTensorView& logits, ImageSize between, ImageSize size)
      : classes_(logits.shape[2]),
        between_(between),
        size_(size),
        first_(logits, between.height, between.width),
        mixed_(DType::kF32, {1, between.width, classes_}),
        second_(std::as_const(mixed_).view(), 1, size.width) {}

  template <typename Use>
  void ForEach(int64_t y, const Use& use) {
    const BilinearTap tap = BilinearAxis(between_.height, size_.height).At(y);
    const std::vector<float>& low = BetweenRow(tap.low);
    const std::vector<float>& high = BetweenRow(tap.high);
    const std::span<float> mixed = mixed_.span<float>();
    for (size_t i = 0; i < mixed.size(); ++i) mixed[i] = low[i] + tap.high_weight * (high[i] - low[i]);
    second_.ForEach(0, use);
  }

 private:
  // Rows are read downwards and two at a time: the last two are kept.
  const std::vector<float>& BetweenRow(int64_t y) {
    Kept& kept = kept_[static_cast<size_t>(y % 2)];
    if (kept.y == y) return kept.values;
    kept.y = y;
    kept.values.clear();
    first_.ForEach(y, [&](int64_t, const float* values) {
      kept.values.insert(kept.values.end(), values, values + classes_);
    });
    return kept.values;
  }

  struct Kept {
    int64_t y = -1;
    std::vector<float> values;  // [between's width, classes]
  };

  int64_t classes_;
  ImageSize between_, size_;
  LogitRows first_;
  std::array<Kept, 2> kept_;
  Tensor mixed_;  // [1, between's width, classes]
  LogitRows second_;
};

}  // namespace segforge
