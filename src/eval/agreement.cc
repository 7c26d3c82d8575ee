#include "eval/agreement.h"

#include <algorithm>
#include <cmath>

#include "eval/class_border.h"
#include "eval/margin.h"

namespace segforge {
namespace {

constexpr float kTiny = 1e-9F;  // below any logit that matters

Status CheckSizes(const ResultView& candidate, const ResultView& reference) {
  if (!SameSize(candidate.labels, reference.labels)) {
    return InvalidInput("labels: expected {}x{} (height x width) as the candidate's, got {}x{}",
                        candidate.labels.height, candidate.labels.width, reference.labels.height,
                        reference.labels.width);
  }
  const LogitView& a = candidate.logits;
  const LogitView& b = reference.logits;
  if (a.values.empty() || b.values.empty()) return Status();
  if (a.classes != b.classes || a.height != b.height || a.width != b.width) {
    return InvalidInput("logits: expected [{}, {}, {}] as the candidate's, got [{}, {}, {}]", a.classes,
                        a.height, a.width, b.classes, b.height, b.width);
  }
  return Status();
}

float Relative(float error, float reference) { return error / std::max(std::abs(reference), kTiny); }

// The lower of the two middle elements where their number is even.
double Median(std::vector<float>& values) {
  for (float& value : values) value = std::isnan(value) ? std::numeric_limits<float>::infinity() : value;
  const auto middle = values.begin() + static_cast<int64_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return static_cast<double>(*middle);
}

double ExactR0(const LogitView& candidate, const LogitView& reference) {
  std::vector<float> relative(reference.values.size());
  for (size_t i = 0; i < relative.size(); ++i) {
    const float error = std::abs(candidate.values[i] - reference.values[i]);
    relative[i] = Relative(error, reference.values[i]);
  }
  return Median(relative);
}

}  // namespace

void AgreementMeter::CountLabels(const ResultView& candidate, const ResultView& reference, Sums& sums) {
  const LabelView& labels = reference.labels;
  const std::vector<uint8_t> border = NearBorder(labels, kBorderPixels);
  for (size_t i = 0; i < labels.labels.size(); ++i) {
    const bool flipped = labels.labels[i] != candidate.labels.labels[i];
    sums.border_pixels += border[i];
    if (!flipped) continue;
    ++sums.flipped;
    sums.border_flipped += border[i];
    if (reference.logits.values.empty()) continue;
    const auto at = static_cast<int64_t>(i);
    const float margin =
        TopTwoMargin(reference.logits, labels.height, labels.width, at / labels.width, at % labels.width);
    sums.margins.Add(margin);
    sums.max_margin = std::max(sums.max_margin, static_cast<double>(margin));
  }
}

void AgreementMeter::CountLogits(const LogitView& candidate, const LogitView& reference, Sums& sums) {
  for (size_t i = 0; i < reference.values.size(); ++i) {
    const float a = candidate.values[i];
    const float b = reference.values[i];
    const float error = std::abs(a - b);
    sums.errors.Add(error);
    sums.relative.Add(Relative(error, b));
    const double exact = static_cast<double>(error);
    sums.error_sum += exact;
    if (!(exact <= sums.max_error)) sums.max_error = exact;  // a NaN stays
    sums.dot += static_cast<double>(a) * static_cast<double>(b);
    sums.candidate_square += static_cast<double>(a) * static_cast<double>(a);
    sums.reference_square += static_cast<double>(b) * static_cast<double>(b);
  }
}

void AgreementMeter::Merge(const Sums& image, Sums& all) {
  all.flipped += image.flipped;
  all.border_pixels += image.border_pixels;
  all.border_flipped += image.border_flipped;
  all.errors.Add(image.errors);
  all.relative.Add(image.relative);
  all.margins.Add(image.margins);
  all.error_sum += image.error_sum;
  if (!(image.max_error <= all.max_error)) all.max_error = image.max_error;
  all.max_margin = std::max(all.max_margin, image.max_margin);
  all.dot += image.dot;
  all.candidate_square += image.candidate_square;
  all.reference_square += image.reference_square;
}

Agreement AgreementMeter::Summarise(const Sums& sums) {
  Agreement agreement;
  agreement.scores = Score(sums.confusion);
  agreement.pixels = agreement.scores.pixels;
  agreement.flipped = sums.flipped;
  agreement.border_pixels = sums.border_pixels;
  agreement.border_flipped = sums.border_flipped;
  if (sums.errors.count() > 0) {
    LogitAgreement logits;
    logits.r0 = sums.relative.Percentile(0.5);
    logits.max_error = sums.max_error;
    logits.mean_error = sums.error_sum / static_cast<double>(sums.errors.count());
    logits.p50_error = sums.errors.Percentile(0.5);
    logits.p99_error = sums.errors.Percentile(0.99);
    logits.p999_error = sums.errors.Percentile(0.999);
    const double lengths = std::sqrt(sums.candidate_square) * std::sqrt(sums.reference_square);
    logits.cosine = lengths == 0 ? 1 : std::min(1.0, sums.dot / lengths);
    agreement.logits = logits;
  }
  if (sums.margins.count() > 0) agreement.margin = {sums.margins.Percentile(0.5), sums.max_margin};
  return agreement;
}

Result<Agreement> AgreementMeter::Add(const ResultView& candidate, const ResultView& reference) {
  SEGFORGE_RETURN_IF_ERROR(CheckSizes(candidate, reference));
  Sums image(sums_.confusion.classes());
  SEGFORGE_RETURN_IF_ERROR(image.confusion.Add(reference.labels, candidate.labels));
  CountLabels(candidate, reference, image);
  const bool both = !candidate.logits.values.empty() && !reference.logits.values.empty();
  if (both) CountLogits(candidate.logits, reference.logits, image);
  SEGFORGE_RETURN_IF_ERROR(sums_.confusion.Add(reference.labels, candidate.labels));
  Merge(image, sums_);
  Agreement agreement = Summarise(image);
  if (both) agreement.logits->r0 = ExactR0(candidate.logits, reference.logits);
  return agreement;
}

Agreement AgreementMeter::Total() const { return Summarise(sums_); }

}  // namespace segforge
