// labels[v,u] = argmax_c of the logits interpolated at (v, u); confidence[v,u] = 1 / sum_c exp(x_c -
// x_label).
#include <cmath>

#include "backend/labels.h"
#include "backend/ref/math.h"

namespace segforge {
namespace {

using ref::Tap;

struct Logits {
  const float* data;  // [height, width, classes]
  int64_t height, width, classes;

  double At(const Tap& y, const Tap& x, int64_t c) const {
    return ref::Interpolate(data, width, classes, y, x, c);
  }
  int64_t Best(const Tap& y, const Tap& x) const {
    int64_t best = 0;
    double top = At(y, x, 0);
    for (int64_t c = 1; c < classes; ++c) {
      const double value = At(y, x, c);
      if (value > top) {
        best = c;
        top = value;
      }
    }
    return best;
  }
  double Confidence(const Tap& y, const Tap& x, int64_t label) const {
    const double top = At(y, x, label);
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(At(y, x, c) - top);
    return 1 / sum;
  }
};

void Store(const TensorView& labels, int64_t index, int64_t label) {
  if (labels.data == nullptr) return;
  if (labels.dtype == DType::kU8) {
    labels.as<uint8_t>()[index] = static_cast<uint8_t>(label);
  } else {
    labels.as<uint16_t>()[index] = static_cast<uint16_t>(label);
  }
}

}  // namespace

void RefUpsampleArgmax(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool) {
  const Logits source = {logits.as<float>(), logits.shape[0], logits.shape[1], logits.shape[2]};
  const Shape& size = maps.labels.data != nullptr ? maps.labels.shape : maps.confidence.shape;
  pool.ParallelFor(size[0], 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t v = begin; v < end; ++v) {
      const Tap y = ref::TapAt(v, source.height, size[0]);
      for (int64_t u = 0; u < size[1]; ++u) {
        const Tap x = ref::TapAt(u, source.width, size[1]);
        const int64_t label = source.Best(y, x);
        Store(maps.labels, v * size[1] + u, label);
        if (maps.confidence.data == nullptr) continue;
        maps.confidence.as<float>()[v * size[1] + u] = static_cast<float>(source.Confidence(y, x, label));
      }
    }
  });
}

}  // namespace segforge
