// A map of logits read at another size, row by row.
#pragma once

#include <vector>

#include "backend/cpu/bilinear.h"
#include "base/tensor.h"

namespace segforge {

// Bilinear with half-pixel centres (torch's align_corners = false). For use by one thread.
class LogitRows {
 public:
  // logits [h, w, classes] f32, to be read as if they were [height, width, classes].
  LogitRows(const ConstTensorView& logits, int64_t height, int64_t width)
      : logits_(logits), height_(height), width_(width), between_(RowElems()) {}

  // Calls use(x, values) for every column x of row y; values [classes], valid during the call.
  template <typename Use>
  void ForEach(int64_t y, const Use& use) {
    InterpolateRow(y);
    const int64_t classes = logits_.shape[2];
    values_.resize(static_cast<size_t>(classes));
    const BilinearAxis axis(logits_.shape[1], width_);
    for (int64_t x = 0; x < width_; ++x) {
      const BilinearTap tap = axis.At(x);
      Mix(between_.data() + tap.low * classes, between_.data() + tap.high * classes, tap.high_weight,
          values_);
      use(x, static_cast<const float*>(values_.data()));
    }
  }

 private:
  size_t RowElems() const { return static_cast<size_t>(logits_.shape[1] * logits_.shape[2]); }

  static void Mix(const float* low, const float* high, float high_weight, std::vector<float>& result) {
    for (size_t i = 0; i < result.size(); ++i) result[i] = low[i] + high_weight * (high[i] - low[i]);
  }

  void InterpolateRow(int64_t y) {
    const BilinearTap tap = BilinearAxis(logits_.shape[0], height_).At(y);
    const auto row = static_cast<int64_t>(RowElems());
    const auto* data = logits_.as<float>();
    Mix(data + tap.low * row, data + tap.high * row, tap.high_weight, between_);
  }

  ConstTensorView logits_;
  int64_t height_, width_;
  std::vector<float> between_;  // [w, classes]
  std::vector<float> values_;   // [classes]
};

}  // namespace segforge
