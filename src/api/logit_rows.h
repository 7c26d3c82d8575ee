// A map of logits read at another size, row by row.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "backend/cpu/bilinear.h"
#include "base/tensor.h"
#include "image/preprocess.h"

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

// The same in two steps: logits read at `between`, and that at another size, as mmseg resizes them to the
// network's input first and to the image then. For use by one thread.
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
