#include "eval/confusion_plot.h"

#include <algorithm>
#include <cmath>

namespace segforge {
namespace {

constexpr int64_t kSide = 960;  // of the picture, about
constexpr int64_t kMinCell = 2;
constexpr int64_t kMaxCell = 48;
constexpr int64_t kMinCellWithLines = 6;

struct Color {
  double r;
  double g;
  double b;
};
constexpr Color kNone = {255, 255, 255};
constexpr Color kAll = {8, 48, 107};
constexpr Color kAbsent = {224, 224, 224};
constexpr Color kLine = {200, 200, 200};

// The square root shows shares of a percent, which are what one looks for.
Color Shade(double share) {
  const double t = std::sqrt(share);
  return {kNone.r + t * (kAll.r - kNone.r), kNone.g + t * (kAll.g - kNone.g),
          kNone.b + t * (kAll.b - kNone.b)};
}

Color CellColor(const ConfusionMatrix& matrix, int64_t truth, int64_t truth_pixels, int64_t prediction) {
  if (truth_pixels == 0) return kAbsent;
  return Shade(static_cast<double>(matrix.At(truth, prediction)) / static_cast<double>(truth_pixels));
}

void Put(Image& image, int64_t y, int64_t x, const Color& color) {
  uint8_t* pixel = image.pixels.data() + (y * image.width + x) * 3;
  pixel[0] = static_cast<uint8_t>(std::lround(color.r));
  pixel[1] = static_cast<uint8_t>(std::lround(color.g));
  pixel[2] = static_cast<uint8_t>(std::lround(color.b));
}

}  // namespace

Image PlotConfusion(const ConfusionMatrix& matrix) {
  const int64_t classes = matrix.classes();
  const int64_t cell = std::clamp(kSide / classes, kMinCell, kMaxCell);
  const bool lines = cell >= kMinCellWithLines;
  const int64_t side = classes * cell + (lines ? 1 : 0);
  Image image = {side, side, std::vector<uint8_t>(static_cast<size_t>(side * side * 3))};
  std::vector<Color> row(static_cast<size_t>(classes));
  for (int64_t y = 0; y < side; ++y) {
    const int64_t truth = std::min(y / cell, classes - 1);
    if (y % cell == 0) {
      int64_t pixels = 0;
      for (int64_t c = 0; c < classes; ++c) pixels += matrix.At(truth, c);
      for (int64_t c = 0; c < classes; ++c) row[static_cast<size_t>(c)] = CellColor(matrix, truth, pixels, c);
    }
    for (int64_t x = 0; x < side; ++x) {
      const bool on_line = lines && (y % cell == 0 || x % cell == 0);
      Put(image, y, x, on_line ? kLine : row[static_cast<size_t>(std::min(x / cell, classes - 1))]);
    }
  }
  return image;
}

}  // namespace segforge
