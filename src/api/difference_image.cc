#include "api/label_vector.h"
#include "api/network_input.h"
#include "image/encode.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

// Rec. 601 luma of a pixel, at two fifths of its contrast: light enough for red to stand out.
uint8_t FadedGrey(const uint8_t* rgb) {
  const int luma = (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000;
  return static_cast<uint8_t>(153 + luma * 2 / 5);
}

}  // namespace

std::vector<std::byte> EncodeDifferencePng(const RgbView& image, const Segmentation& candidate,
                                           const Segmentation& reference) {
  const ImageView view = Unwrap(CheckedView(image));
  const std::vector<uint16_t> a = LabelVector(candidate);
  const std::vector<uint16_t> b = LabelVector(reference);
  for (const Segmentation* result : {&candidate, &reference}) {
    if (result->height == view.height && result->width == view.width) continue;
    Throw(InvalidInput("labels: expected the image's size {}x{}, got {}x{}", view.height, view.width,
                       result->height, result->width));
  }
  Image picture = {view.height, view.width, std::vector<uint8_t>(a.size() * 3)};
  for (int64_t y = 0; y < view.height; ++y) {
    for (int64_t x = 0; x < view.width; ++x) {
      const auto i = static_cast<size_t>(y * view.width + x);
      const uint8_t grey = FadedGrey(view.data + y * view.stride_bytes + x * 3);
      const bool differs = a[i] != b[i];
      picture.pixels[i * 3] = differs ? 230 : grey;
      picture.pixels[i * 3 + 1] = differs ? 0 : grey;
      picture.pixels[i * 3 + 2] = differs ? 38 : grey;
    }
  }
  return Unwrap(EncodePng(picture.view()));
}

}  // namespace segforge
