// How far a candidate's result lies from a reference's, for the same image.
#pragma once

#include "eval/confusion.h"
#include "eval/error_histogram.h"

namespace segforge {

// [classes, height, width] f32; empty where there are none. Does not own.
struct LogitView {
  std::span<const float> values;
  int64_t classes = 0;
  int64_t height = 0;
  int64_t width = 0;
};

struct ResultView {
  LabelView labels;
  LogitView logits;
};

// Of the elements of the logits; errors are |candidate - reference|.
struct LogitAgreement {
  double r0 = 0;  // median of |candidate - reference| / max(|reference|, 1e-9)
  double max_error = 0;
  double mean_error = 0;
  double p50_error = 0;  // percentiles: see ErrorHistogram
  double p99_error = 0;
  double p999_error = 0;
  double cosine = 1;  // of all logits as one vector
};

// By how much the reference preferred its label where the candidate has another: the greatest logit less the
// second, of the reference's logits upsampled to the image (bilinear, half-pixel centres).
struct MarginAgreement {
  double median = 0;
  double max = 0;
};

struct Agreement {
  int64_t pixels = 0;
  int64_t flipped = 0;        // whose label differs
  int64_t border_pixels = 0;  // within kBorderPixels of a change of class in the reference
  int64_t border_flipped = 0;
  Scores scores;                          // the reference's labels taken as the truth
  std::optional<LogitAgreement> logits;   // where both have them
  std::optional<MarginAgreement> margin;  // where the reference has logits and any pixel flipped

  double a0() const { return pixels == 0 ? 0 : static_cast<double>(flipped) / static_cast<double>(pixels); }
};

class AgreementMeter {
 public:
  static constexpr int64_t kBorderPixels = 3;

  explicit AgreementMeter(int64_t classes) : sums_(classes) {}

  // The agreement of one image, which also counts for Total(). kInvalidInput when sizes or classes differ, or
  // a label is no class.
  Result<Agreement> Add(const ResultView& candidate, const ResultView& reference);

  // Over all images: r0 and the other percentiles are those of all elements together.
  Agreement Total() const;

 private:
  struct Sums {
    explicit Sums(int64_t classes) : confusion(classes, -1) {}
    ConfusionMatrix confusion;
    int64_t flipped = 0;
    int64_t border_pixels = 0;
    int64_t border_flipped = 0;
    ErrorHistogram errors;
    ErrorHistogram relative;
    ErrorHistogram margins;
    double error_sum = 0;
    double max_error = 0;
    double max_margin = 0;
    double dot = 0;
    double candidate_square = 0;
    double reference_square = 0;
  };
  static void CountLabels(const ResultView& candidate, const ResultView& reference, Sums& sums);
  static void CountLogits(const LogitView& candidate, const LogitView& reference, Sums& sums);
  static void Merge(const Sums& image, Sums& all);
  static Agreement Summarise(const Sums& sums);

  Sums sums_;
};

}  // namespace segforge
