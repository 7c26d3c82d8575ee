#include "eval/class_border.h"

#include <algorithm>

namespace segforge {
namespace {

// mask[i] becomes 1 when any of the `radius` neighbours on either side, `stride` apart, is.
void Spread(std::vector<uint8_t>& mask, size_t first, int64_t count, int64_t stride, int64_t radius,
            std::vector<uint8_t>& line) {
  line.assign(static_cast<size_t>(count), 0);
  for (int64_t i = 0; i < count; ++i) {
    if (mask[first + static_cast<size_t>(i * stride)] == 0) continue;
    const auto begin = line.begin() + std::max<int64_t>(0, i - radius);
    std::fill(begin, line.begin() + std::min(count, i + radius + 1), uint8_t{1});
  }
  for (int64_t i = 0; i < count; ++i)
    mask[first + static_cast<size_t>(i * stride)] = line[static_cast<size_t>(i)];
}

}  // namespace

std::vector<uint8_t> NearBorder(const LabelView& map, int64_t distance) {
  const auto width = static_cast<size_t>(map.width);
  std::vector<uint8_t> mask(map.labels.size());
  const auto mark = [&](size_t a, size_t b) {
    if (map.labels[a] != map.labels[b]) mask[a] = mask[b] = 1;
  };
  for (int64_t y = 0; y < map.height; ++y) {
    for (int64_t x = 0; x < map.width; ++x) {
      const size_t i = static_cast<size_t>(y) * width + static_cast<size_t>(x);
      const bool has_right = x + 1 < map.width;
      if (has_right) mark(i, i + 1);
      if (y + 1 == map.height) continue;
      mark(i, i + width);
      if (has_right) mark(i, i + width + 1);
      if (x > 0) mark(i, i + width - 1);
    }
  }
  std::vector<uint8_t> line;
  const int64_t radius = distance - 1;  // the pixels on both sides of the change are one apart
  for (int64_t y = 0; y < map.height; ++y)
    Spread(mask, static_cast<size_t>(y) * width, map.width, 1, radius, line);
  for (int64_t x = 0; x < map.width; ++x)
    Spread(mask, static_cast<size_t>(x), map.height, map.width, radius, line);
  return mask;
}

}  // namespace segforge
