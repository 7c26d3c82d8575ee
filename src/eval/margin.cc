#include "eval/margin.h"

#include <algorithm>
#include <limits>

namespace segforge {
namespace {

// Two samples and the second one's weight.
struct Tap {
  int64_t first;
  int64_t second;
  float weight;
};

Tap TapAt(int64_t position, int64_t from, int64_t to) {
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  const float at = std::max(0.0F, (static_cast<float>(position) + 0.5F) * scale - 0.5F);
  const int64_t first = std::min(static_cast<int64_t>(at), from - 1);
  return {first, std::min(first + 1, from - 1), at - static_cast<float>(first)};
}

}  // namespace

float TopTwoMargin(const LogitView& logits, int64_t height, int64_t width, int64_t y, int64_t x) {
  if (logits.classes < 2) return 0;
  const Tap row = TapAt(y, logits.height, height);
  const Tap column = TapAt(x, logits.width, width);
  float best = -std::numeric_limits<float>::infinity();
  float second = best;
  for (int64_t c = 0; c < logits.classes; ++c) {
    const float* plane = logits.values.data() + c * logits.height * logits.width;
    const auto along = [&](int64_t line) {
      const float* samples = plane + line * logits.width;
      return samples[column.first] * (1 - column.weight) + samples[column.second] * column.weight;
    };
    const float value = along(row.first) * (1 - row.weight) + along(row.second) * row.weight;
    second = std::max(second, std::min(best, value));
    best = std::max(best, value);
  }
  return best - second;
}

}  // namespace segforge
