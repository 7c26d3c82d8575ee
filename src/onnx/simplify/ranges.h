// Ranges of elements and axes, as ONNX counts them.
#pragma once

#include <algorithm>
#include <utility>

#include "formats/onnx.h"

namespace segforge::simplify {

// The elements that Slice takes of an axis: start, start + step ..
struct SliceBounds {
  int64_t start = 0;
  int64_t count = 0;

  static SliceBounds Of(int64_t size, int64_t start, int64_t end, int64_t step) {
    const auto bounded = [&](int64_t at) {
      const int64_t from_front = at < 0 ? at + size : at;
      return std::clamp<int64_t>(from_front, step > 0 ? 0 : -1, step > 0 ? size : size - 1);
    };
    const int64_t first = bounded(start), last = bounded(end);
    if (size == 0 || (step > 0 ? first >= last : first <= last)) return {};
    const int64_t span = step > 0 ? last - first : first - last;
    // Steps longer than the axis take one element, whatever they are.
    const int64_t stride = step > 0 ? std::min(step, size) : std::min(-std::max(step, -size), size);
    return {first, (span + stride - 1) / stride};
  }
};

// The axes that Shape gives, [begin, end).
inline std::pair<size_t, size_t> ShapeRange(const OnnxNode& node, size_t rank) {
  const auto count = static_cast<int64_t>(rank);
  const auto bounded = [&](int64_t at) {
    return static_cast<size_t>(std::clamp<int64_t>(at < 0 ? at + count : at, 0, count));
  };
  const size_t begin = bounded(node.Int("start", 0)), end = bounded(node.Int("end", count));
  return {begin, std::max(begin, end)};
}

}  // namespace segforge::simplify
