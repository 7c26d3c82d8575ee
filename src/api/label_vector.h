// A result's labels as src/eval reads them.
#pragma once

#include "api/error.h"
#include "eval/agreement.h"
#include "segforge/segforge.h"

namespace segforge {

// 16-bit labels whatever the result has; throws when their number is not height x width.
inline std::vector<uint16_t> LabelVector(const Segmentation& result) {
  std::vector<uint16_t> labels = result.labels16;
  if (labels.empty()) labels.assign(result.labels8.begin(), result.labels8.end());
  if (result.height < 1 || result.width < 1 ||
      static_cast<int64_t>(labels.size()) != result.height * result.width) {
    Throw(InvalidInput("labels: expected {}x{} (height x width) of them, got {}", result.height, result.width,
                       labels.size()));
  }
  return labels;
}

}  // namespace segforge
