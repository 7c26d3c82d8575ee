#include "image/linear_taps.h"

#include <algorithm>
#include <cmath>

namespace segforge {

LinearTaps MakeLinearTaps(int64_t inputs, int64_t outputs, Border border) {
  const double scale = 1.0 / (static_cast<double>(outputs) / static_cast<double>(inputs));
  LinearTaps taps;
  for (int64_t i = 0; i < outputs; ++i) {
    auto fraction = static_cast<float>((static_cast<double>(i) + 0.5) * scale - 0.5);
    const auto position = static_cast<int64_t>(std::floor(fraction));
    fraction -= static_cast<float>(position);
    if (border == Border::kOnePixel && (position < 0 || position >= inputs - 1)) fraction = 0;
    taps.first.push_back(std::clamp<int64_t>(position, 0, inputs - 1));
    taps.second.push_back(std::clamp<int64_t>(position + 1, 0, inputs - 1));
    taps.first_weight.push_back(static_cast<int16_t>(std::lrintf((1.0f - fraction) * 2048)));
    taps.second_weight.push_back(static_cast<int16_t>(std::lrintf(fraction * 2048)));
  }
  return taps;
}

}  // namespace segforge
