// Resizing on a GPU: the tables of image/resize, and the kernels that read them.
#pragma once

#include <vector>

#include "backend/cuda/device_memory.h"
#include "backend/cuda/resize.h"
#include "image/preprocess.h"

namespace segforge {

// Used by one session, on one stream.
class CudaResize {
 public:
  // x [from, 3] u8 -> y [to, 3], exactly as Resize() of the same dialect does it; both on the device, without
  // gaps, of different sizes. What it keeps for the next call fits the same sizes.
  Status Run(const uint8_t* x, ImageSize from, uint8_t* y, ImageSize to, Resample dialect,
             cudaStream_t stream);

 private:
  struct Sizes {
    ImageSize from, to;
    Resample dialect = Resample::kPillow;
    friend bool operator==(const Sizes&, const Sizes&) = default;
  };

  Status Prepare(const Sizes& sizes, cudaStream_t stream);
  Status Upload(const std::vector<int32_t>& rows, const std::vector<int32_t>& columns, cudaStream_t stream);
  Status RunPillow(const uint8_t* x, uint8_t* y, cudaStream_t stream);
  void RunOpenCv(const uint8_t* x, uint8_t* y, cudaStream_t stream) const;

  Sizes sizes_;  // that the tables are for
  cuda::ResampleTable pillow_rows_, pillow_columns_;
  size_t columns_offset_ = 0;  // of tables_, in elements
  cuda::DeviceBuffer tables_;  // i32: of the rows, then of the columns
  cuda::DeviceBuffer between_;
};

}  // namespace segforge
