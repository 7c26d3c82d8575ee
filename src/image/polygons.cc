#include "image/polygons.h"

#include <algorithm>

namespace segforge {
namespace {

// Directions of an edge between corners, clockwise with y down.
enum Direction : uint8_t { kRight, kDown, kLeft, kUp };

template <typename Label>
class Tracer {
 public:
  Tracer(const Label* labels, int32_t height, int32_t width, int ignored)
      : labels_(labels),
        height_(height),
        width_(width),
        ignored_(ignored),
        region_(static_cast<size_t>(height) * static_cast<size_t>(width), -1),
        traced_(region_.size(), false) {}

  std::vector<LabelPolygon> Run() {
    for (int32_t y = 0; y < height_; ++y) {
      for (int32_t x = 0; x < width_; ++x) {
        if (LabelAt(x, y) == ignored_) continue;
        if (region_[Index(x, y)] < 0) Fill(x, y);
        // A region's first pixel has its outline's edge above it, so that outlines come before their holes.
        if (LabelAt(x, y - 1) != LabelAt(x, y) && !traced_[Index(x, y)]) {
          polygons_[static_cast<size_t>(region_[Index(x, y)])].rings.push_back(Trace(x, y));
        }
      }
    }
    return std::move(polygons_);
  }

 private:
  size_t Index(int32_t x, int32_t y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x);
  }
  // -1 outside
  int LabelAt(int32_t x, int32_t y) const {
    return x < 0 || y < 0 || x >= width_ || y >= height_ ? -1 : labels_[Index(x, y)];
  }

  // Gives the pixels that are connected to (x, y) a region of their own.
  void Fill(int32_t x, int32_t y) {
    const int label = LabelAt(x, y);
    const auto id = static_cast<int32_t>(polygons_.size());
    LabelPolygon polygon;
    polygon.label = label;
    int32_t left = x, right = x, bottom = y;
    std::vector<Corner> waiting = {{x, y}};
    region_[Index(x, y)] = id;
    while (!waiting.empty()) {
      const Corner at = waiting.back();
      waiting.pop_back();
      ++polygon.pixels;
      left = std::min(left, at.x);
      right = std::max(right, at.x);
      bottom = std::max(bottom, at.y);
      for (const Corner next :
           {Corner{at.x + 1, at.y}, {at.x, at.y + 1}, {at.x - 1, at.y}, {at.x, at.y - 1}}) {
        if (LabelAt(next.x, next.y) != label || region_[Index(next.x, next.y)] >= 0) continue;
        region_[Index(next.x, next.y)] = id;
        waiting.push_back(next);
      }
    }
    polygon.box = {left, y, right - left + 1, bottom - y + 1};
    polygons_.push_back(std::move(polygon));
  }

  // Whether an edge leaves corner (x, y) in that direction with a pixel of the label on its right side alone.
  bool HasEdge(int32_t x, int32_t y, int direction, int label) const {
    const bool upper_left = LabelAt(x - 1, y - 1) == label, upper_right = LabelAt(x, y - 1) == label;
    const bool lower_left = LabelAt(x - 1, y) == label, lower_right = LabelAt(x, y) == label;
    switch (direction) {
      case kRight:
        return lower_right && !upper_right;
      case kDown:
        return lower_left && !lower_right;
      case kLeft:
        return upper_left && !lower_left;
      default:
        return upper_right && !upper_left;
    }
  }

  // The ring that begins with the edge above pixel (x, y), the leftmost of its row, so that it turns there.
  // Where two pixels touch at a corner only, turning right stays with the same pixel, as regions are
  // connected by sides.
  Ring Trace(int32_t x, int32_t y) {
    const int label = LabelAt(x, y);
    const Corner start = {x, y};
    Corner at = start;
    int direction = kRight;
    Ring ring = {start};
    while (true) {
      if (direction == kRight) traced_[Index(at.x, at.y)] = true;
      at.x += direction == kRight ? 1 : direction == kLeft ? -1 : 0;
      at.y += direction == kDown ? 1 : direction == kUp ? -1 : 0;
      int next = (direction + 1) % 4;
      if (!HasEdge(at.x, at.y, next, label)) next = direction;
      if (!HasEdge(at.x, at.y, next, label)) next = (direction + 3) % 4;
      if (at == start && next == kRight) break;
      if (next != direction) ring.push_back(at);
      direction = next;
    }
    return ring;
  }

  const Label* labels_;
  int32_t height_, width_;
  int ignored_;
  std::vector<int32_t> region_;  // of each pixel; -1: none yet
  std::vector<bool> traced_;     // of each pixel: whether the edge above it is part of a ring
  std::vector<LabelPolygon> polygons_;
};

template <typename Label>
std::vector<int64_t> RunLengthsOf(const Label* labels, int64_t height, int64_t width, int label) {
  std::vector<int64_t> counts = {0};
  bool on = false;
  for (int64_t x = 0; x < width; ++x) {
    for (int64_t y = 0; y < height; ++y) {
      if ((labels[y * width + x] == label) != on) {
        on = !on;
        counts.push_back(0);
      }
      ++counts.back();
    }
  }
  return counts;
}

}  // namespace

std::vector<LabelPolygon> TracePolygons(const ConstTensorView& labels, int ignored) {
  const auto height = static_cast<int32_t>(labels.shape[0]);
  const auto width = static_cast<int32_t>(labels.shape[1]);
  if (labels.dtype == DType::kU8) return Tracer(labels.as<uint8_t>(), height, width, ignored).Run();
  return Tracer(labels.as<uint16_t>(), height, width, ignored).Run();
}

std::vector<int64_t> RunLengths(const ConstTensorView& labels, int label) {
  const int64_t height = labels.shape[0];
  const int64_t width = labels.shape[1];
  if (labels.dtype == DType::kU8) return RunLengthsOf(labels.as<uint8_t>(), height, width, label);
  return RunLengthsOf(labels.as<uint16_t>(), height, width, label);
}

}  // namespace segforge
