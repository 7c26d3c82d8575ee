#include "api/map_rows.h"

#include <algorithm>

namespace segforge {

void CopyMapRows(const Segmentation& from, int64_t first, int64_t count, Segmentation& to, int64_t at) {
  const auto copy = [&](const auto& source, auto& target) {  // [planes, height, width]
    const int64_t planes = static_cast<int64_t>(source.size()) / (from.height * from.width);
    target.resize(static_cast<size_t>(planes * to.height * to.width));
    for (int64_t p = 0; p < planes; ++p) {
      for (int64_t y = 0; y < count; ++y) {
        std::copy_n(source.data() + (p * from.height + first + y) * from.width, to.width,
                    target.data() + (p * to.height + at + y) * to.width);
      }
    }
  };
  copy(from.labels8, to.labels8);
  copy(from.labels16, to.labels16);
  copy(from.confidence, to.confidence);
  copy(from.top_labels, to.top_labels);
  copy(from.top_probabilities, to.top_probabilities);
}

}  // namespace segforge
