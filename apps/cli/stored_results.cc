#include "stored_results.h"

#include <fmt/format.h>

#include "segforge/evaluate.h"

namespace segforge::cli {
namespace {

std::string IfThere(const std::string& path) {
  std::error_code missing;
  return std::filesystem::is_regular_file(path, missing) ? path : "";
}

}  // namespace

Segmentation StoredResults::Of(const Input& input, const RgbView& image) const {
  const std::string base = (std::filesystem::path(folder_) / input.relative).replace_extension().string();
  const std::string labels = IfThere(base + ".labels.npy");
  const std::string logits = IfThere(base + ".logits.npy");
  if (!labels.empty() || !logits.empty())
    return LoadSegmentation(labels, logits, image.height, image.width, classes_);
  const std::string either = IfThere(base + ".npy");
  if (either.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("no stored result: expected {0}.labels.npy, {0}.logits.npy or {0}.npy", base));
  }
  const bool is_labels = NpyAxes(either) == 2;
  return LoadSegmentation(is_labels ? either : "", is_labels ? "" : either, image.height, image.width,
                          classes_);
}

}  // namespace segforge::cli
