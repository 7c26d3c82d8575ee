#include "api/top_classes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "api/logit_rows.h"

namespace segforge {

void FillTopClasses(const ConstTensorView& logits, ImageSize source, int64_t k, ThreadPool& pool,
                    Segmentation& result) {
  const int64_t classes = logits.shape[2];
  const int64_t pixels = source.height * source.width;
  result.top_labels.resize(static_cast<size_t>(k * pixels));
  result.top_probabilities.resize(result.top_labels.size());
  pool.ParallelFor(source.height, 1, [&](int64_t begin, int64_t end, int) {
    LogitRows rows(logits, source.height, source.width);
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
          const auto at = static_cast<size_t>(i * pixels + y * source.width + x);
          const uint16_t label = order[static_cast<size_t>(i)];
          result.top_labels[at] = label;
          result.top_probabilities[at] = std::exp(values[label] - values[order[0]]) / sum;
        }
      });
    }
  });
}

}  // namespace segforge
