#include "eval/confusion.h"

#include <algorithm>

namespace segforge {
namespace {

Status OutOfRange(const char* what, const LabelView& map, size_t index, int64_t classes, int ignore) {
  const auto at = static_cast<int64_t>(index);
  return InvalidInput(
      "{}: label {} at ({}, {}) (x, y): expected a class 0 to {}, or {} for pixels to be ignored", what,
      map.labels[index], at % map.width, at / map.width, classes - 1, ignore);
}

double Ratio(int64_t part, int64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

class Mean {
 public:
  void Add(const std::optional<double>& value) {
    if (!value) return;
    sum_ += *value;
    ++count_;
  }
  double value() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace

ConfusionMatrix::ConfusionMatrix(int64_t classes, int ignore)
    : classes_(classes), ignore_(ignore), counts_(static_cast<size_t>(classes * classes)) {
  SEGFORGE_CHECK(classes >= 1);
}

Status ConfusionMatrix::Add(const LabelView& truth, const LabelView& prediction) {
  if (!SameSize(truth, prediction)) {
    return InvalidInput("true labels: expected {}x{} (height x width) as the image, got {}x{}",
                        prediction.height, prediction.width, truth.height, truth.width);
  }
  for (size_t i = 0; i < truth.labels.size(); ++i) {
    if (truth.labels[i] == ignore_) continue;
    if (truth.labels[i] >= classes_) return OutOfRange("true labels", truth, i, classes_, ignore_);
    if (prediction.labels[i] >= classes_) {
      return InvalidInput("predicted labels: expected 0 to {}, got {}", classes_ - 1, prediction.labels[i]);
    }
  }
  for (size_t i = 0; i < truth.labels.size(); ++i) {
    if (truth.labels[i] == ignore_) continue;
    ++counts_[static_cast<size_t>(truth.labels[i] * classes_ + prediction.labels[i])];
  }
  return Status();
}

Status ConfusionMatrix::Restore(std::vector<int64_t> counts) {
  if (counts.size() != counts_.size()) {
    return InvalidInput("confusion matrix: expected {} counts, got {}", counts_.size(), counts.size());
  }
  if (std::any_of(counts.begin(), counts.end(), [](int64_t count) { return count < 0; })) {
    return InvalidInput("confusion matrix: expected counts of 0 and more, got a negative one");
  }
  counts_ = std::move(counts);
  return Status();
}

Scores Score(const ConfusionMatrix& matrix) {
  const int64_t classes = matrix.classes();
  Scores scores;
  scores.classes.resize(static_cast<size_t>(classes));
  int64_t all_hits = 0;
  Mean iou;
  Mean accuracy;
  for (int64_t c = 0; c < classes; ++c) {
    ClassScore& score = scores.classes[static_cast<size_t>(c)];
    for (int64_t other = 0; other < classes; ++other) {
      score.truth_pixels += matrix.At(c, other);
      score.predicted_pixels += matrix.At(other, c);
    }
    const int64_t hits = matrix.At(c, c);
    const int64_t either = score.truth_pixels + score.predicted_pixels - hits;
    if (either > 0) score.iou = Ratio(hits, either);
    if (score.truth_pixels > 0) score.accuracy = Ratio(hits, score.truth_pixels);
    iou.Add(score.iou);
    accuracy.Add(score.accuracy);
    scores.pixels += score.truth_pixels;
    all_hits += hits;
  }
  scores.mean_iou = iou.value();
  scores.mean_accuracy = accuracy.value();
  if (scores.pixels > 0) scores.pixel_accuracy = Ratio(all_hits, scores.pixels);
  return scores;
}

}  // namespace segforge
