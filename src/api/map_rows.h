// Rows of a result's maps.
#pragma once

#include "segforge/segforge.h"

namespace segforge {

// Copies `count` rows of every map that `from` has, from its row `first` on, over those of `to` from row `at`
// on. `to` has its height and width, at most from's width; maps that it lacks are made.
void CopyMapRows(const Segmentation& from, int64_t first, int64_t count, Segmentation& to, int64_t at);

}  // namespace segforge
