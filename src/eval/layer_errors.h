// Errors of layers in the order in which they run.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace segforge {

struct LayerError {
  double max_error = 0;       // greatest |candidate - reference|
  double relative_error = 0;  // over the reference's greatest magnitude; 0 for equal values, infinite for NaN
};

// Of values of the same number.
LayerError CompareLayer(std::span<const float> candidate, std::span<const float> reference);

struct JumpLimits {
  double factor = 10;       // over the median of all layers before
  double floor = 1e-6;      // errors below are rounding: no jump, and the median counts as at least this
  double tolerance = 1e-2;  // always too much
};

// The first relative error that is more than factor times the running median, or above the tolerance.
std::optional<size_t> FirstJump(std::span<const double> relative_errors, const JumpLimits& limits = {});

}  // namespace segforge
