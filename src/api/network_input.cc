#include "api/network_input.h"

#include <algorithm>

namespace segforge {
namespace {

constexpr int64_t kMinSide = 32;     // below it the last stage would have no pixel
constexpr int64_t kMaxSide = 65536;  // keeps every product of sizes far from overflow
constexpr double kMaxScale = 64;
constexpr int64_t kMaxDivisor = 4096;

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

ImageSize Scaled(ImageSize size, double scale) {
  const auto side = [scale](int64_t length) {
    return static_cast<int64_t>(static_cast<double>(length) * scale + 0.5);
  };
  return {side(size.height), side(size.width)};
}

// mmcv's rescale_size: the longer side fits into the longer one, the shorter into the shorter one.
ImageSize FitInto(ImageSize bounds, ImageSize image) {
  const auto ratio = [](int64_t bound, int64_t side) {
    return static_cast<double>(bound) / static_cast<double>(side);
  };
  return Scaled(image,
                std::min(ratio(std::max(bounds.height, bounds.width), std::max(image.height, image.width)),
                         ratio(std::min(bounds.height, bounds.width), std::min(image.height, image.width))));
}

int64_t RoundedUp(int64_t side, int64_t divisor) { return (side + divisor - 1) / divisor * divisor; }

Status CheckAugmentation(const SegmenterOptions& options) {
  if (options.divisor < 1 || options.divisor > kMaxDivisor) {
    return InvalidInput("divisor: expected 1 to {}, got {}", kMaxDivisor, options.divisor);
  }
  if (options.scales.empty()) return InvalidInput("scales: expected at least one, got none");
  for (const double scale : options.scales) {
    if (scale > 0 && scale <= kMaxScale) continue;
    return InvalidInput("scales: expected each above 0 and at most {}, got {}", kMaxScale, scale);
  }
  return Status();
}

Status CheckTile(const SegmenterOptions& options) {
  if (options.tile < 64 || options.tile > kMaxSide || options.tile % 32 != 0) {
    return InvalidInput("tile: expected a multiple of 32, 64 to {}, got {}", kMaxSide, options.tile);
  }
  if (options.overlap < 0 || options.overlap > options.tile / 2 || options.overlap % 4 != 0) {
    return InvalidInput("overlap: expected a multiple of 4, 0 to half the tile's {}, got {}", options.tile,
                        options.overlap);
  }
  if (options.max_memory_bytes < 0) {
    return InvalidInput("max memory: expected bytes, got {}", options.max_memory_bytes);
  }
  const bool plain = options.scales.size() == 1 && options.scales.front() == 1 && !options.flip;
  if (options.size != NetworkSize::kNative || options.divisor != 1 || !plain) {
    return InvalidInput("tile mode: runs at the image's own size, without divisor, scales and flip");
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
  SEGFORGE_RETURN_IF_ERROR(CheckAugmentation(options));
  if (options.mode == InferenceMode::kTile) SEGFORGE_RETURN_IF_ERROR(CheckTile(options));
  if (options.mode == InferenceMode::kSlide) SEGFORGE_RETURN_IF_ERROR(CheckSlide(options));
  if (options.size != NetworkSize::kFixed) return Status();
  return CheckRange({options.height, options.width}, "network input size");
}

Result<ImageSize> ChooseNetworkSize(const SegmenterOptions& options, const Preprocessing& preprocessing,
                                    ImageSize image, double scale) {
  ImageSize size = image;
  std::string_view what = "image";
  if (options.size == NetworkSize::kFixed) {
    size = {options.height, options.width};
    what = "network input size";
  } else if (options.size == NetworkSize::kFromConfig && preprocessing.size) {
    size = *preprocessing.size;
    what = "preprocessor_config.json: size";
  }
  const Status status = CheckRange(size, what);
  if (!status.ok() && what == "image") {
    return InvalidInput("{}; a fixed network size (--size HxW) scales it", status.message());
  }
  SEGFORGE_RETURN_IF_ERROR(status);
  if (options.keep_ratio) size = FitInto(size, image);
  if (scale != 1) size = Scaled(size, scale);
  size.height = RoundedUp(size.height, options.divisor);
  size.width = RoundedUp(size.width, options.divisor);
  SEGFORGE_RETURN_IF_ERROR(CheckRange(size, "network input size"));
  return size;
}

}  // namespace segforge
