// Regions of equal labels as polygons along pixel corners.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/tensor.h"

namespace segforge {

struct Corner {
  int32_t x = 0;  // 0 .. width: corner (x, y) is the upper left one of pixel (x, y)
  int32_t y = 0;
  friend bool operator==(const Corner&, const Corner&) = default;
};
using Ring = std::vector<Corner>;  // closed, its first corner not repeated; corners where it turns alone

// A region: pixels of one label that are connected by their sides.
struct LabelPolygon {
  int label = 0;
  int64_t pixels = 0;
  std::array<int32_t, 4> box = {};  // x, y, width, height
  std::vector<Ring> rings;  // the outline, clockwise as seen with y down, then holes, the other way round
};

// All regions of labels [H, W] u8 or u16 but those of `ignored`, in the order of their first pixel, row by
// row. Filling them gives the labels back exactly. H and W are below 2^31, and H * W too.
std::vector<LabelPolygon> TracePolygons(const ConstTensorView& labels, int ignored);

// COCO's uncompressed run lengths of the pixels with that label, column by column: how many are off, then on,
// then off, and so on; the first count may be 0.
std::vector<int64_t> RunLengths(const ConstTensorView& labels, int label);

}  // namespace segforge
