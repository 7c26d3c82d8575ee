#include "api/network_input.h"

namespace segforge {
namespace {

constexpr int64_t kMinSide = 32;     // below it the last stage would have no pixel
constexpr int64_t kMaxSide = 65536;  // keeps every product of sizes far from overflow

Status CheckRange(ImageSize size, std::string_view what) {
  if (size.height < kMinSide || size.width < kMinSide) {
    return InvalidInput("{}: expected at least {}x{}, got {}x{} (height x width)", what, kMinSide, kMinSide,
                        size.height, size.width);
  }
  if (size.height > kMaxSide || size.width > kMaxSide) {
    return InvalidInput("{}: expected at most {} pixels a side, got {}x{} (height x width)", what, kMaxSide,
                        size.height, size.width);
  }
  return Status();
}

// A stride above the crop would leave pixels without any window.
Status CheckSlide(const SegmenterOptions& options) {
  SEGFORGE_RETURN_IF_ERROR(CheckRange({options.crop_height, options.crop_width}, "crop"));
  if (options.stride_height < 1 || options.stride_height > options.crop_height || options.stride_width < 1 ||
      options.stride_width > options.crop_width) {
    return InvalidInput("stride: expected 1x1 to the crop's {}x{}, got {}x{} (height x width)",
                        options.crop_height, options.crop_width, options.stride_height, options.stride_width);
  }
  return Status();
}

}  // namespace

Result<ImageView> CheckedView(const RgbView& image) {
  if (image.data == nullptr || image.height < 1 || image.width < 1) {
    return InvalidInput("image: expected at least one pixel, got {}x{} (height x width){}", image.height,
                        image.width, image.data == nullptr ? " and no data" : "");
  }
  if (image.height > kMaxSide || image.width > kMaxSide) {
    return InvalidInput("image: expected at most {} pixels a side, got {}x{} (height x width)", kMaxSide,
                        image.height, image.width);
  }
  const int64_t row_bytes = image.width * 3;
  const int64_t stride = image.stride_bytes == 0 ? row_bytes : image.stride_bytes;
  if (stride < row_bytes) {
    return InvalidInput("image: stride: expected at least {} bytes for a width of {}, got {}", row_bytes,
                        image.width, stride);
  }
  return ImageView{image.data, image.height, image.width, stride};
}

Status CheckSizeOptions(const SegmenterOptions& options) {
  if (options.mode == InferenceMode::kSlide) SEGFORGE_RETURN_IF_ERROR(CheckSlide(options));
  if (options.size != NetworkSize::kFixed) return Status();
  return CheckRange({options.height, options.width}, "network input size");
}

Result<ImageSize> ChooseNetworkSize(const SegmenterOptions& options, const Preprocessing& preprocessing,
                                    ImageSize image) {
  if (options.size == NetworkSize::kFixed) return ImageSize{options.height, options.width};
  if (options.size == NetworkSize::kFromConfig && preprocessing.size) {
    SEGFORGE_RETURN_IF_ERROR(CheckRange(*preprocessing.size, "preprocessor_config.json: size"));
    return *preprocessing.size;
  }
  const Status status = CheckRange(image, "image");
  if (!status.ok()) return InvalidInput("{}; a fixed network size (--size HxW) scales it", status.message());
  return image;
}

void FillInput(const ImageView& image, const Preprocessing& preprocessing, TensorView output,
               ThreadPool& pool) {
  const ImageSize size = {output.shape[1], output.shape[2]};
  if (size == ImageSize{image.height, image.width}) {
    Normalize(image, preprocessing, output, pool);
    return;
  }
  const Image resized = Resize(image, size, preprocessing.resample, &pool);
  Normalize(resized.view(), preprocessing, output, pool);
}

}  // namespace segforge
