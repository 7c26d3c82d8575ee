#include "image/encode.h"

#include <algorithm>

#include "image/png_writer.h"

namespace segforge {
namespace {

ByteSink Into(std::vector<std::byte>& file) {
  return [&file](std::span<const std::byte> bytes) {
    file.insert(file.end(), bytes.begin(), bytes.end());
    return Status();
  };
}

// A colour for each label that occurs or has one in the palette: a sample without one makes a PNG invalid.
std::vector<Rgb> ColorsOf(std::span<const uint8_t> labels, const Palette& palette) {
  const size_t used = labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end()) + size_t{1};
  const size_t count = std::min<size_t>(256, std::max({used, palette.colors.size(), size_t{1}}));
  return ColorsFor(palette, static_cast<int64_t>(count));
}

Result<std::vector<std::byte>> EncodeIndexed(const ConstTensorView& labels, const Palette& palette) {
  std::vector<std::byte> file;
  const std::vector<Rgb> colors = ColorsOf(labels.span<uint8_t>(), palette);
  SEGFORGE_ASSIGN_OR_RETURN(PngWriter png,
                            PngWriter::Indexed(labels.shape[0], labels.shape[1], colors, Into(file)));
  SEGFORGE_RETURN_IF_ERROR(png.Write(labels.data, labels.shape[0], labels.shape[1]));
  return file;
}

Result<std::vector<std::byte>> EncodeGrey16(const ConstTensorView& labels) {
  std::vector<std::byte> file;
  SEGFORGE_ASSIGN_OR_RETURN(PngWriter png, PngWriter::Grey16(labels.shape[0], labels.shape[1], Into(file)));
  SEGFORGE_RETURN_IF_ERROR(png.Write(labels.data, labels.shape[0], labels.shape[1] * 2));
  return file;
}

}  // namespace

Result<std::vector<std::byte>> EncodeLabelsPng(const ConstTensorView& labels, const Palette& palette) {
  SEGFORGE_CHECK(labels.shape.rank() == 2 && (labels.dtype == DType::kU8 || labels.dtype == DType::kU16));
  return labels.dtype == DType::kU8 ? EncodeIndexed(labels, palette) : EncodeGrey16(labels);
}

Result<std::vector<std::byte>> EncodePng(const ImageView& image) {
  std::vector<std::byte> file;
  SEGFORGE_ASSIGN_OR_RETURN(PngWriter png, PngWriter::TrueColor(image.height, image.width, Into(file)));
  SEGFORGE_RETURN_IF_ERROR(png.Write(image.data, image.height, image.stride_bytes));
  return file;
}

}  // namespace segforge
