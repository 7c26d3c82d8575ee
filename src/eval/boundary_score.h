// Boundary F-score (Csurka, Larlus, Perronnin: What is a good evaluation measure for semantic segmentation?,
// BMVC 2013), with the tolerance in pixels.
//
// A pixel is on the boundary of its class where a pixel above, below, left or right of it has another class;
// neither may be ignored in the truth, and the picture's edge is no boundary. For each class of an image:
// precision is the share of predicted boundary pixels with a true one of the same class at most `tolerance`
// pixels away (Euclidean), recall the same the other way round, F = 2 P R / (P + R). A class without a
// boundary in either map is left out. An image's score is the mean over its classes.
#pragma once

#include <optional>
#include <vector>

#include "base/status.h"
#include "eval/label_view.h"

namespace segforge {

// Sums over images; all that has to be kept to go on later.
struct BoundarySums {
  std::vector<double> class_f;        // of each class, over the images where it has a boundary
  std::vector<int64_t> class_images;  // how many those are
  double image_f = 0;                 // of the images' scores
  int64_t images = 0;                 // with any boundary
};

class BoundaryScore {
 public:
  static constexpr int kMaxTolerance = 100;

  // classes >= 1, tolerance in 0..kMaxTolerance pixels
  BoundaryScore(int64_t classes, int tolerance, int ignore);

  // Maps of one size whose labels are classes, or in the truth `ignore`.
  void Add(const LabelView& truth, const LabelView& prediction);

  Status Restore(BoundarySums sums);
  const BoundarySums& sums() const { return sums_; }

  double mean() const;  // over images; 0 when none had a boundary
  std::optional<double> OfClass(int64_t label) const;

 private:
  struct Offset {
    int64_t y;
    int64_t x;
  };
  std::vector<int64_t> CountNear(const std::vector<uint16_t>& points, const std::vector<uint16_t>& targets,
                                 const LabelView& size) const;

  std::vector<Offset> disc_;  // nearest first
  int ignore_;
  BoundarySums sums_;
};

}  // namespace segforge
