#include "eval/boundary_score.h"

#include <algorithm>
#include <cmath>

namespace segforge {
namespace {

constexpr uint16_t kNoBoundary = 0xffff;  // no model has that many classes

// The class of each boundary pixel, kNoBoundary elsewhere.
std::vector<uint16_t> BoundaryOf(const LabelView& map, const LabelView& truth, int ignore) {
  std::vector<uint16_t> boundary(map.labels.size(), kNoBoundary);
  const auto mark = [&](size_t a, size_t b) {
    if (map.labels[a] == map.labels[b] || truth.labels[a] == ignore || truth.labels[b] == ignore) return;
    boundary[a] = map.labels[a];
    boundary[b] = map.labels[b];
  };
  for (int64_t y = 0; y < map.height; ++y) {
    for (int64_t x = 0; x < map.width; ++x) {
      const auto i = static_cast<size_t>(y * map.width + x);
      if (x + 1 < map.width) mark(i, i + 1);
      if (y + 1 < map.height) mark(i, i + static_cast<size_t>(map.width));
    }
  }
  return boundary;
}

std::vector<int64_t> CountClasses(const std::vector<uint16_t>& boundary, size_t classes) {
  std::vector<int64_t> counts(classes);
  for (const uint16_t label : boundary) {
    if (label != kNoBoundary) ++counts[label];
  }
  return counts;
}

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

BoundaryScore::BoundaryScore(int64_t classes, int tolerance, int ignore) : ignore_(ignore) {
  SEGFORGE_CHECK(classes >= 1 && classes < kNoBoundary && tolerance >= 0 && tolerance <= kMaxTolerance);
  sums_.class_f.resize(static_cast<size_t>(classes));
  sums_.class_images.resize(static_cast<size_t>(classes));
  for (int64_t y = -tolerance; y <= tolerance; ++y) {
    for (int64_t x = -tolerance; x <= tolerance; ++x) {
      if (y * y + x * x <= int64_t{tolerance} * tolerance) disc_.push_back({y, x});
    }
  }
  std::stable_sort(disc_.begin(), disc_.end(), [](const Offset& a, const Offset& b) {
    return a.y * a.y + a.x * a.x < b.y * b.y + b.x * b.x;
  });
}

// Of each class, the points that have a target of their class near.
std::vector<int64_t> BoundaryScore::CountNear(const std::vector<uint16_t>& points,
                                              const std::vector<uint16_t>& targets,
                                              const LabelView& size) const {
  std::vector<int64_t> counts(sums_.class_f.size());
  for (int64_t y = 0; y < size.height; ++y) {
    for (int64_t x = 0; x < size.width; ++x) {
      const uint16_t label = points[static_cast<size_t>(y * size.width + x)];
      if (label == kNoBoundary) continue;
      const bool near = std::any_of(disc_.begin(), disc_.end(), [&](const Offset& offset) {
        const int64_t ny = y + offset.y;
        const int64_t nx = x + offset.x;
        return ny >= 0 && nx >= 0 && ny < size.height && nx < size.width &&
               targets[static_cast<size_t>(ny * size.width + nx)] == label;
      });
      counts[label] += near ? 1 : 0;
    }
  }
  return counts;
}

void BoundaryScore::Add(const LabelView& truth, const LabelView& prediction) {
  SEGFORGE_CHECK(SameSize(truth, prediction));
  const size_t classes = sums_.class_f.size();
  const std::vector<uint16_t> true_boundary = BoundaryOf(truth, truth, ignore_);
  const std::vector<uint16_t> boundary = BoundaryOf(prediction, truth, ignore_);
  const std::vector<int64_t> true_pixels = CountClasses(true_boundary, classes);
  const std::vector<int64_t> pixels = CountClasses(boundary, classes);
  const std::vector<int64_t> found = CountNear(true_boundary, boundary, truth);
  const std::vector<int64_t> right = CountNear(boundary, true_boundary, truth);
  double sum = 0;
  int64_t present = 0;
  for (size_t c = 0; c < classes; ++c) {
    if (true_pixels[c] == 0 && pixels[c] == 0) continue;
    const double precision = Share(right[c], pixels[c]);
    const double recall = Share(found[c], true_pixels[c]);
    const double f = precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    sums_.class_f[c] += f;
    ++sums_.class_images[c];
    sum += f;
    ++present;
  }
  if (present == 0) return;
  sums_.image_f += sum / static_cast<double>(present);
  ++sums_.images;
}

Status BoundaryScore::Restore(BoundarySums sums) {
  const size_t classes = sums_.class_f.size();
  bool sound = sums.class_f.size() == classes && sums.class_images.size() == classes && sums.images >= 0;
  const auto possible = [](double f, int64_t images) {  // each F is at most 1
    return images >= 0 && f >= 0 && f <= static_cast<double>(images) + 1e-6;
  };
  sound = sound && possible(sums.image_f, sums.images);
  for (size_t c = 0; sound && c < classes; ++c) sound = possible(sums.class_f[c], sums.class_images[c]);
  if (!sound) return InvalidInput("boundary scores: expected sums of {} classes, got others", classes);
  sums_ = std::move(sums);
  return Status();
}

double BoundaryScore::mean() const {
  return sums_.images == 0 ? 0 : sums_.image_f / static_cast<double>(sums_.images);
}

std::optional<double> BoundaryScore::OfClass(int64_t label) const {
  const auto c = static_cast<size_t>(label);
  if (sums_.class_images[c] == 0) return std::nullopt;
  return sums_.class_f[c] / static_cast<double>(sums_.class_images[c]);
}

}  // namespace segforge
