#include "segforge/files.h"

#include "api/colors.h"
#include "api/error.h"
#include "api/label_image.h"
#include "api/network_input.h"
#include "formats/npy.h"
#include "image/decode.h"
#include "image/encode.h"
#include "image/overlay.h"

namespace segforge {
namespace {

RgbImage Public(Image image) { return {image.height, image.width, std::move(image.pixels)}; }

Shape SizeOf(const Segmentation& result) { return {result.height, result.width}; }

template <typename T>
ConstTensorView View(const std::vector<T>& values, const Shape& shape, std::string_view what) {
  if (values.empty() || static_cast<int64_t>(values.size()) != shape.elems()) {
    Throw(InvalidInput("{}: expected {} values, got {}", what, shape.elems(), values.size()));
  }
  return {values.data(), kDTypeOf<T>, shape};
}

ConstTensorView LabelsOf(const Segmentation& result) {
  return result.labels16.empty() ? View(result.labels8, SizeOf(result), "labels")
                                 : View(result.labels16, SizeOf(result), "labels");
}

Shape TopShape(const Segmentation& result) {
  const int64_t pixels = result.height * result.width;
  return {pixels == 0 ? 0 : static_cast<int64_t>(result.top_labels.size()) / pixels, result.height,
          result.width};
}

}  // namespace

RgbImage DecodeImage(const FileBytes& bytes) {
  return Public(Unwrap(DecodeImage(std::span<const std::byte>(bytes))));
}

RgbImage LoadImage(const std::string& path) { return Public(Unwrap(ReadImage(path))); }

FileBytes EncodeLabelsPng(const Segmentation& result, const LabelColors& colors) {
  return Unwrap(EncodeLabelsPng(LabelsOf(result), PaletteOf(colors)));
}

FileBytes EncodeColorPng(const Segmentation& result, const LabelColors& colors) {
  return Unwrap(EncodePng(Colorize(LabelsOf(result), PaletteOf(colors)).view()));
}

FileBytes EncodeOverlayPng(const RgbView& image, const Segmentation& result, const LabelColors& colors,
                           double alpha) {
  if (image.height != result.height || image.width != result.width) {
    Throw(InvalidInput("overlay: expected an image of the labels' size {}x{}, got {}x{}", result.height,
                       result.width, image.height, image.width));
  }
  if (!(alpha >= 0 && alpha <= 1)) Throw(InvalidInput("overlay: alpha: expected 0 to 1, got {}", alpha));
  const ImageView view = Unwrap(CheckedView(image));
  const Image blended = Overlay(view, LabelsOf(result), PaletteOf(colors), static_cast<float>(alpha));
  return Unwrap(EncodePng(blended.view()));
}

FileBytes EncodeLabelsNpy(const Segmentation& result) { return EncodeNpy(LabelsOf(result)); }

FileBytes EncodeLogitsNpy(const Segmentation& result) {
  const int64_t pixels = result.logits_height * result.logits_width;
  const int64_t classes = pixels == 0 ? 0 : static_cast<int64_t>(result.logits.size()) / pixels;
  return EncodeNpy(View(result.logits, {classes, result.logits_height, result.logits_width}, "logits"));
}

FileBytes EncodeConfidenceNpy(const Segmentation& result) {
  return EncodeNpy(View(result.confidence, SizeOf(result), "confidence"));
}

FileBytes EncodeTopLabelsNpy(const Segmentation& result) {
  return EncodeNpy(View(result.top_labels, TopShape(result), "top labels"));
}

FileBytes EncodeTopProbabilitiesNpy(const Segmentation& result) {
  return EncodeNpy(View(result.top_probabilities, TopShape(result), "top probabilities"));
}

std::vector<int64_t> CountPixels(const Segmentation& result, int64_t classes) {
  std::vector<int64_t> pixels(static_cast<size_t>(classes));
  for (const uint8_t label : result.labels8) {
    if (label != kIgnored8) ++pixels.at(label);
  }
  for (const uint16_t label : result.labels16) {
    if (label != kIgnored16) ++pixels.at(label);
  }
  return pixels;
}

}  // namespace segforge
