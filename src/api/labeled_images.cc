#include <zlib.h>

#include <filesystem>

#include "api/error.h"
#include "eval/dataset.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

DatasetQuery QueryOf(const DatasetOptions& options) {
  if (options.ignore < 0 || options.ignore > 0xffff) {
    Throw(InvalidInput("ignore: expected a label 0 to 65535, got {}", options.ignore));
  }
  DatasetQuery query;
  if (!options.layout.empty()) query.layout = Unwrap(LayoutOfName(options.layout));
  query.split = options.split;
  return query;
}

uint32_t Crc(uint32_t crc, const std::string& text) {
  return static_cast<uint32_t>(
      crc32(crc, reinterpret_cast<const unsigned char*>(text.data()), static_cast<uInt>(text.size())));
}

// A file's name below the data set, which may have been moved, and its size.
std::string Describe(const std::filesystem::path& path, const std::filesystem::path& top) {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path, missing);
  return fmt::format("{}\n{}\n", path.lexically_relative(top).string(), missing ? 0 : bytes);
}

}  // namespace

struct LabeledImages::State {
  std::filesystem::path top;
  Dataset dataset;
  std::string layout;
  uint16_t ignore = 0;
};

LabeledImages::LabeledImages(const std::string& path, const DatasetOptions& options)
    : state_(std::make_unique<State>()) {
  const DatasetQuery query = QueryOf(options);
  state_->dataset = Unwrap(OpenDataset(path, query));
  state_->layout = NameOf(state_->dataset.layout);
  state_->top = state_->dataset.layout == Layout::kList ? std::filesystem::path(path).parent_path()
                                                        : std::filesystem::path(path);
  state_->ignore = static_cast<uint16_t>(options.ignore);
  if (!options.reduce_zero_label) return;
  for (Sample& sample : state_->dataset.samples) {
    if (sample.rule == LabelRule::kAsStored) sample.rule = LabelRule::kReduceZero;
  }
}

LabeledImages::LabeledImages(LabeledImages&&) noexcept = default;
LabeledImages& LabeledImages::operator=(LabeledImages&&) noexcept = default;
LabeledImages::~LabeledImages() = default;

const std::string& LabeledImages::layout() const { return state_->layout; }
size_t LabeledImages::size() const { return state_->dataset.samples.size(); }

std::string LabeledImages::image(size_t index) const {
  return state_->dataset.samples.at(index).image.string();
}

std::string LabeledImages::labels(size_t index) const {
  return state_->dataset.samples.at(index).labels.string();
}

GroundTruth LabeledImages::LoadLabels(size_t index) const {
  LabelImage labels = Unwrap(ReadTruth(state_->dataset.samples.at(index), state_->ignore));
  return {labels.height, labels.width, std::move(labels.labels)};
}

std::string LabeledImages::Digest(size_t count) const {
  uint32_t crc = 0;
  for (size_t i = 0; i < std::min(count, size()); ++i) {
    const Sample& sample = state_->dataset.samples[i];
    crc = Crc(crc, Describe(sample.image, state_->top) + Describe(sample.labels, state_->top) +
                       std::to_string(static_cast<int>(sample.rule)));
  }
  return fmt::format("{:08x}", crc);
}

}  // namespace segforge
