// What each output position along one axis reads under OpenCV's INTER_LINEAR: two neighbours, weighted in
// 1/2048.
#pragma once

#include <cstdint>
#include <vector>

namespace segforge {

struct LinearTaps {
  std::vector<int64_t> first, second;
  std::vector<int16_t> first_weight, second_weight;
};

// cv2 treats the axes differently at the border: beyond the outermost pixel centres a column takes the edge
// pixel alone, a row takes the edge row twice with the weights as they fall. Both truncate, so it shows.
enum class Border : uint8_t { kOnePixel, kTwiceTheRow };

LinearTaps MakeLinearTaps(int64_t inputs, int64_t outputs, Border border);

}  // namespace segforge
