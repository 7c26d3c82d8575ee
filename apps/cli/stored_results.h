// Results of earlier runs, kept as .npy files named after their images.
#pragma once

#include <filesystem>
#include <string>

#include "inputs.h"
#include "segforge/files.h"

namespace segforge::cli {

class StoredResults {
 public:
  StoredResults(std::string folder, int64_t classes) : folder_(std::move(folder)), classes_(classes) {}

  // Of an image NAME.jpg: NAME.labels.npy and NAME.logits.npy or either, else NAME.npy, which holds labels
  // when it has two axes and logits when it has more. Throws when none is there.
  Segmentation Of(const Input& input, const RgbView& image) const;

 private:
  std::string folder_;
  int64_t classes_;
};

}  // namespace segforge::cli
