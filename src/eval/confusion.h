// Confusion matrix and what follows from it: IoU, accuracy.
#pragma once

#include <optional>
#include <vector>

#include "base/status.h"
#include "eval/label_view.h"

namespace segforge {

class ConfusionMatrix {
 public:
  // classes >= 1. ignore: the label of true pixels that do not count; it may be one of the classes, or no
  // label at all (-1).
  ConfusionMatrix(int64_t classes, int ignore);

  // Maps of one size. kInvalidInput, and nothing counted, when a label is neither a class nor, in the truth,
  // `ignore`; the message names the first such pixel.
  Status Add(const LabelView& truth, const LabelView& prediction);

  // Counts as counts() gave them; kInvalidInput when there are not classes^2 of them, or one is negative.
  Status Restore(std::vector<int64_t> counts);

  int64_t classes() const { return classes_; }
  int ignore() const { return ignore_; }
  const std::vector<int64_t>& counts() const { return counts_; }  // [true class, predicted class] of pixels
  int64_t At(int64_t truth, int64_t prediction) const {
    return counts_[static_cast<size_t>(truth * classes_ + prediction)];
  }

 private:
  int64_t classes_;
  int ignore_;
  std::vector<int64_t> counts_;
};

struct ClassScore {
  int64_t truth_pixels = 0;
  int64_t predicted_pixels = 0;
  std::optional<double> iou;       // none for a class that neither occurs nor is predicted
  std::optional<double> accuracy;  // recall; none for a class that does not occur
};

struct Scores {
  std::vector<ClassScore> classes;
  int64_t pixels = 0;         // that counted
  double mean_iou = 0;        // over the classes that have one, as mean_accuracy; 0 when none has
  double pixel_accuracy = 0;  // 0 when no pixel counted
  double mean_accuracy = 0;
};

// iou = hits / (truth + predicted - hits); accuracy = hits / truth.
Scores Score(const ConfusionMatrix& matrix);

}  // namespace segforge
