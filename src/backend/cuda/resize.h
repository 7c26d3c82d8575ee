// Resizing of 8-bit pixels on the GPU, byte for byte as the CPU, Pillow and OpenCV do it. Images are
// [height, width, 3] u8 without gaps, up to 65536 a side; tables lie in device memory and come from the CPU.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace segforge::cuda {

// Pillow's pass along one axis: y[i] = clip8((2^21 + sum over t < count[i] of weights[i][t] * x[first[i] +
// t])
// >> 22).
struct ResampleTable {
  const int32_t* first = nullptr;    // [outputs]
  const int32_t* count = nullptr;    // [outputs]
  const int32_t* weights = nullptr;  // [outputs, max_count]
  int max_count = 0;
};
struct ResampleArgs {
  const uint8_t* x = nullptr;
  uint8_t* y = nullptr;
  int height = 0, width = 0;  // of y; along the other axis x has its own size
  int x_side = 0;             // of x along the axis
  ResampleTable table;
};
void LaunchResampleWidth(const ResampleArgs& args, cudaStream_t stream);   // x [height, x_side, 3]
void LaunchResampleHeight(const ResampleArgs& args, cudaStream_t stream);  // x [x_side, width, 3]

// OpenCV's INTER_LINEAR, weights in 1/2048.
struct LinearTap {
  int32_t first, second, first_weight, second_weight;
};
struct LinearResizeArgs {
  const uint8_t* x = nullptr;
  uint8_t* y = nullptr;
  int height = 0, width = 0;           // of y
  int x_width = 0;                     // of x
  const LinearTap* rows = nullptr;     // [height]
  const LinearTap* columns = nullptr;  // [width]
};
void LaunchLinearResize(const LinearResizeArgs& args, cudaStream_t stream);

// OpenCV where both sides halve: y = (sum of 2 x 2 pixels + 2) >> 2. Without taps.
void LaunchHalve(const LinearResizeArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
