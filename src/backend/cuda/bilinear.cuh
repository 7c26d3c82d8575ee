// Which two source values an output lies between.
#pragma once

namespace segforge::cuda {

struct Tap {
  int first, second;
  float weight;  // of the second
};

__device__ inline Tap TapAt(int at, int source, int target) {
  const float scale = static_cast<float>(source) / static_cast<float>(target);
  const float centre = fmaxf((static_cast<float>(at) + 0.5f) * scale - 0.5f, 0.0f);
  const int first = min(static_cast<int>(centre), source - 1);
  return {first, min(first + 1, source - 1), centre - static_cast<float>(first)};
}

__device__ inline float Mix(float a, float b, float weight) { return fmaf(b - a, weight, a); }

}  // namespace segforge::cuda
