// Pixels near a change of class.
#pragma once

#include <vector>

#include "eval/label_view.h"

namespace segforge {

// [height, width]: 1 where a pixel of another label lies at most `distance` >= 1 pixels away, counted along
// rows and columns alike (a square, not a disc).
std::vector<uint8_t> NearBorder(const LabelView& map, int64_t distance);

}  // namespace segforge
