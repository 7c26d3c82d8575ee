#pragma once

#include "base/tensor.h"

namespace segforge {

// f32 values as normalised pixels have them, -2 .. 2, the same every time: no kernel's time depends on more
// than that.
inline void FillWithNoise(const TensorView& input) {
  uint32_t state = 1;
  for (float& value : input.span<float>()) {
    state = state * 1664525U + 1013904223U;  // Numerical Recipes' generator
    value = static_cast<float>(state >> 8) * (4.0f / 16777216.0f) - 2.0f;
  }
}

}  // namespace segforge
