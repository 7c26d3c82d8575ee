// Where data sets keep their images and true labels.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/decode_labels.h"

namespace segforge {

enum class Layout : uint8_t {
  kPairs,       // NAME.png (or .jpg, .jpeg, .webp) beside NAME.label.png in one folder
  kCityscapes,  // leftImg8bit/SPLIT/CITY/X_leftImg8bit.png, gtFine/SPLIT/CITY/X_gtFine_labelTrainIds.png, or
                // where that is missing _labelIds.png, whose ids are mapped
  kAde20k,      // images/SPLIT/X.jpg, annotations/SPLIT/X.png, where 0 is ignored and l is class l - 1
  kList,        // a text file: IMAGE, a tab, LABELS a line; relative to the file's folder
};

// From what a label file holds to class indices.
enum class LabelRule : uint8_t { kAsStored, kCityscapesIds, kReduceZero };

struct Sample {
  std::filesystem::path image;
  std::filesystem::path labels;
  LabelRule rule = LabelRule::kAsStored;
};

struct Dataset {
  Layout layout = Layout::kPairs;
  std::vector<Sample> samples;  // sorted by image path, but a list's in its own order
};

struct DatasetQuery {
  std::optional<Layout> layout;  // told by what is there when empty
  std::string split;             // "" for the layout's: val, validation
};

std::string_view NameOf(Layout layout);              // "pairs", "cityscapes", "ade20k", "list"
Result<Layout> LayoutOfName(std::string_view name);  // an error lists the names
Result<Layout> DetectLayout(const std::filesystem::path& path);

// Fails when the folder or list cannot be read, has no image, or an image has no label file.
Result<Dataset> OpenDataset(const std::filesystem::path& path, const DatasetQuery& options);

// In place, as `rule` says; what the rule leaves out becomes `ignore`. kInvalidInput for a value that the
// rule does not know.
Status ApplyRule(LabelRule rule, uint16_t ignore, LabelImage& labels);

// The sample's label file, its rule applied; errors name the file.
Result<LabelImage> ReadTruth(const Sample& sample, uint16_t ignore);

}  // namespace segforge
