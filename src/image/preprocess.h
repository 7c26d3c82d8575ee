// From an image to a network's input. Parity with a training pipeline hangs on the resampling dialect:
// Pillow's antialiased bilinear on u8 (Hugging Face processors) or OpenCV's INTER_LINEAR on u8 (mmseg).
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "image/image.h"

namespace segforge {

enum class Resample : uint8_t { kPillow, kOpenCv };

struct ImageSize {
  int64_t height = 0;
  int64_t width = 0;
  friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

// What preprocessor_config.json says, with Hugging Face's SegFormer defaults.
struct Preprocessing {
  std::optional<ImageSize> size;  // empty: the image's own size
  Resample resample = Resample::kPillow;
  float rescale = 1.0f / 255.0f;
  std::array<float, 3> mean = {0.485f, 0.456f, 0.406f};
  std::array<float, 3> std = {0.229f, 0.224f, 0.225f};
  bool reduce_zero_label = false;  // class 0 of the data set is "other" and no class of the model
};

// From the text of a preprocessor_config.json. kInvalidInput for broken JSON or values, kUnsupported for a
// processor whose arithmetic is not reproduced here (bicubic resampling, cropping, "shortest_edge").
Result<Preprocessing> ParsePreprocessorConfig(std::string_view json);

// u8 -> u8, exactly as Pillow's Image.resize(BILINEAR) or cv2.resize(INTER_LINEAR) does it. Sizes >= 1.
// Runs on pool's threads, or on the caller's alone where it is null; the result is the same.
Image Resize(const ImageView& source, ImageSize size, Resample resample, ThreadPool* pool = nullptr);

// output[y,x,c] = (image[y,x,c] * rescale - mean[c]) / std[c]; output [1, H, W, 3] f32 of the image's size.
void Normalize(const ImageView& image, const Preprocessing& preprocessing, TensorView output,
               ThreadPool& pool);

// Resizes where the sizes differ, then normalises, into output [1, H, W, 3] f32. Fails with kOutOfMemory
// where there is no room for the resized image.
Status FillInput(const ImageView& image, const Preprocessing& preprocessing, TensorView output,
                 ThreadPool& pool);

}  // namespace segforge
