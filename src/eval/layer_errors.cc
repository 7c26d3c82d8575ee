#include "eval/layer_errors.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace segforge {

LayerError CompareLayer(std::span<const float> candidate, std::span<const float> reference) {
  SEGFORGE_CHECK(candidate.size() == reference.size());
  LayerError error;
  double greatest = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double expected = static_cast<double>(reference[i]);
    const double difference = std::abs(static_cast<double>(candidate[i]) - expected);
    if (std::isnan(difference)) {
      error.max_error = error.relative_error = std::numeric_limits<double>::infinity();
      return error;
    }
    error.max_error = std::max(error.max_error, difference);
    greatest = std::max(greatest, std::abs(expected));
  }
  if (error.max_error > 0) error.relative_error = error.max_error / std::max(greatest, 1e-30);
  return error;
}

std::optional<size_t> FirstJump(std::span<const double> relative_errors, const JumpLimits& limits) {
  std::vector<double> before;  // sorted
  for (size_t i = 0; i < relative_errors.size(); ++i) {
    const double error = relative_errors[i];
    const double median = before.empty() ? 0 : before[(before.size() - 1) / 2];
    const double usual = std::max(median, limits.floor);
    if (error > limits.tolerance || error > limits.factor * usual) return i;
    before.insert(std::upper_bound(before.begin(), before.end(), error), error);
  }
  return std::nullopt;
}

}  // namespace segforge
