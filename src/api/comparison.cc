#include "api/label_vector.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

LogitView LogitsOf(const Segmentation& result) {
  const int64_t pixels = result.logits_height * result.logits_width;
  if (result.logits.empty() || pixels <= 0) return {};
  const auto elems = static_cast<int64_t>(result.logits.size());
  if (elems % pixels != 0) {
    Throw(InvalidInput("logits: expected a multiple of {}x{} values, got {}", result.logits_height,
                       result.logits_width, elems));
  }
  return {result.logits, elems / pixels, result.logits_height, result.logits_width};
}

Difference Public(const Agreement& agreement) {
  Difference difference;
  difference.pixels = agreement.pixels;
  difference.flipped = agreement.flipped;
  difference.a0 = agreement.a0();
  difference.border_pixels = agreement.border_pixels;
  difference.border_flipped = agreement.border_flipped;
  difference.mean_iou = agreement.scores.mean_iou;
  for (const ClassScore& score : agreement.scores.classes) difference.class_iou.push_back(score.iou);
  if (const auto& logits = agreement.logits) {
    difference.logits = {logits->r0,        logits->max_error,  logits->mean_error, logits->p50_error,
                         logits->p99_error, logits->p999_error, logits->cosine};
  }
  if (agreement.margin) difference.margin = {agreement.margin->median, agreement.margin->max};
  return difference;
}

}  // namespace

struct Comparison::State {
  explicit State(int64_t classes) : meter(classes) {}
  AgreementMeter meter;
};

Comparison::Comparison(int64_t classes) {
  if (classes < 1 || classes > 4096) Throw(InvalidInput("classes: expected 1 to 4096, got {}", classes));
  state_ = std::make_unique<State>(classes);
}

Comparison::Comparison(Comparison&&) noexcept = default;
Comparison& Comparison::operator=(Comparison&&) noexcept = default;
Comparison::~Comparison() = default;

Difference Comparison::Add(const Segmentation& candidate, const Segmentation& reference) {
  const std::vector<uint16_t> labels = LabelVector(candidate);
  const std::vector<uint16_t> expected = LabelVector(reference);
  const ResultView a = {{labels, candidate.height, candidate.width}, LogitsOf(candidate)};
  const ResultView b = {{expected, reference.height, reference.width}, LogitsOf(reference)};
  return Public(Unwrap(state_->meter.Add(a, b)));
}

Difference Comparison::Total() const { return Public(state_->meter.Total()); }

}  // namespace segforge
