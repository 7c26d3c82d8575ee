#include "api/error.h"
#include "api/label_vector.h"
#include "base/byte_reader.h"
#include "eval/boundary_score.h"
#include "eval/confusion.h"
#include "eval/confusion_plot.h"
#include "formats/json.h"
#include "image/encode.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMaxClasses = 4096;  // their confusion matrix takes 128 MiB

void CheckOptions(int64_t classes, const EvaluationOptions& options) {
  if (classes < 1 || classes > kMaxClasses) {
    Throw(InvalidInput("classes: expected 1 to {}, got {}", kMaxClasses, classes));
  }
  if (options.ignore < 0 || options.ignore > 0xffff) {
    Throw(InvalidInput("ignore: expected a label 0 to 65535, got {}", options.ignore));
  }
  if (options.boundary_tolerance < 0 || options.boundary_tolerance > BoundaryScore::kMaxTolerance) {
    Throw(InvalidInput("boundary tolerance: expected 0 to {} pixels, got {}", BoundaryScore::kMaxTolerance,
                       options.boundary_tolerance));
  }
}

}  // namespace

struct Evaluation::State {
  State(int64_t classes, const EvaluationOptions& given)
      : options(given),
        confusion(classes, given.ignore),
        boundary(classes, given.boundary_tolerance, given.ignore) {}

  EvaluationOptions options;
  ConfusionMatrix confusion;
  BoundaryScore boundary;
  int64_t images = 0;
};

Evaluation::Evaluation(int64_t classes, const EvaluationOptions& options) {
  CheckOptions(classes, options);
  state_ = std::make_unique<State>(classes, options);
}

Evaluation::Evaluation(Evaluation&&) noexcept = default;
Evaluation& Evaluation::operator=(Evaluation&&) noexcept = default;
Evaluation::~Evaluation() = default;

void Evaluation::Add(const Segmentation& prediction, const GroundTruth& truth) {
  const std::vector<uint16_t> labels = LabelVector(prediction);
  const LabelView predicted = {labels, prediction.height, prediction.width};
  const LabelView expected = {truth.labels, truth.height, truth.width};
  if (static_cast<int64_t>(truth.labels.size()) != truth.height * truth.width) {
    Throw(InvalidInput("true labels: expected {}x{} of them, got {}", truth.height, truth.width,
                       truth.labels.size()));
  }
  ThrowIfError(state_->confusion.Add(expected, predicted));
  state_->boundary.Add(expected, predicted);
  ++state_->images;
}

Quality Evaluation::Total() const {
  const Scores scores = Score(state_->confusion);
  Quality quality;
  quality.images = state_->images;
  quality.pixels = scores.pixels;
  quality.mean_iou = scores.mean_iou;
  quality.pixel_accuracy = scores.pixel_accuracy;
  quality.mean_accuracy = scores.mean_accuracy;
  quality.boundary_f = state_->boundary.mean();
  for (size_t c = 0; c < scores.classes.size(); ++c) {
    const ClassScore& score = scores.classes[c];
    quality.classes.push_back({score.truth_pixels, score.predicted_pixels, score.iou, score.accuracy,
                               state_->boundary.OfClass(static_cast<int64_t>(c))});
  }
  return quality;
}

const std::vector<int64_t>& Evaluation::confusion() const { return state_->confusion.counts(); }

std::string Evaluation::Save() const {
  const BoundarySums& sums = state_->boundary.sums();
  const Json json = {{"classes", state_->confusion.classes()},
                     {"ignore", state_->options.ignore},
                     {"boundary_tolerance", state_->options.boundary_tolerance},
                     {"images", state_->images},
                     {"confusion", state_->confusion.counts()},
                     {"boundary",
                      {{"class_f", sums.class_f},
                       {"class_images", sums.class_images},
                       {"image_f", sums.image_f},
                       {"images", sums.images}}}};
  return json.dump();
}

// Values are checked by type here and by range where they are restored.
void Evaluation::Restore(const std::string& saved) {
  const auto parsed = ParseJson(AsBytes(saved));
  if (!parsed.ok()) Throw(parsed.status().Within("saved evaluation"));
  const Json& json = *parsed;
  try {
    const bool same = json.at("classes") == state_->confusion.classes() &&
                      json.at("ignore") == state_->options.ignore &&
                      json.at("boundary_tolerance") == state_->options.boundary_tolerance;
    if (!same) Throw(InvalidInput("saved evaluation: expected the same classes and options, got others"));
    const Json& boundary = json.at("boundary");
    State restored(state_->confusion.classes(), state_->options);
    restored.images = json.at("images").get<int64_t>();
    ThrowIfError(restored.confusion.Restore(json.at("confusion").get<std::vector<int64_t>>()));
    ThrowIfError(restored.boundary.Restore({boundary.at("class_f").get<std::vector<double>>(),
                                            boundary.at("class_images").get<std::vector<int64_t>>(),
                                            boundary.at("image_f").get<double>(),
                                            boundary.at("images").get<int64_t>()}));
    *state_ = std::move(restored);
  } catch (const Json::exception&) {
    Throw(InvalidInput("saved evaluation: expected its JSON, got something else"));
  }
}

std::vector<std::byte> EncodeConfusionPng(const std::vector<int64_t>& confusion) {
  int64_t classes = 1;
  while (classes * classes < static_cast<int64_t>(confusion.size())) ++classes;
  CheckOptions(classes, {});
  ConfusionMatrix matrix(classes, -1);
  ThrowIfError(matrix.Restore(confusion));
  return Unwrap(EncodePng(PlotConfusion(matrix).view()));
}

}  // namespace segforge
