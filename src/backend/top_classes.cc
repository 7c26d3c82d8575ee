#include "backend/top_classes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "backend/logit_rows.h"

namespace segforge {

void FillTopClasses(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool) {
  if (maps.top_labels.data == nullptr) return;
  const int64_t classes = logits.shape[2];
  const Shape& shape = maps.top_labels.shape;
  const int64_t k = shape[0], height = shape[1], width = shape[2];
  pool.ParallelFor(height, 1, [&](int64_t begin, int64_t end, int) {
    LogitRows rows(logits, height, width);
    std::vector<uint16_t> order(static_cast<size_t>(classes));
    for (int64_t y = begin; y < end; ++y) {
      rows.ForEach(y, [&](int64_t x, const float* values) {
        std::iota(order.begin(), order.end(), uint16_t{0});
        std::partial_sort(order.begin(), order.begin() + k, order.end(), [values](uint16_t a, uint16_t b) {
          return values[a] > values[b] || (values[a] == values[b] && a < b);
        });
        float sum = 0;
        for (int64_t c = 0; c < classes; ++c) sum += std::exp(values[c] - values[order[0]]);
        for (int64_t i = 0; i < k; ++i) {
          const int64_t at = (i * height + y) * width + x;
          const uint16_t label = order[static_cast<size_t>(i)];
          maps.top_labels.as<uint16_t>()[at] = label;
          maps.top_probabilities.as<float>()[at] = std::exp(values[label] - values[order[0]]) / sum;
        }
      });
    }
  });
}

}  // namespace segforge
