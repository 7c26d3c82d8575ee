#include <array>

#include "base/byte_reader.h"
#include "image/codecs.h"
#include "image/orientation.h"
#include "image/spng_reader.h"

namespace segforge {
namespace {

constexpr int64_t kRowBuffers = 3;  // of at most 8 bytes a pixel

int OrientationOf(spng_ctx* png) {
  spng_exif exif = {};
  if (spng_get_exif(png, &exif) != SPNG_OK) return 1;
  return ReadOrientation(std::as_bytes(std::span(exif.data, exif.length)));
}

// EXIF may follow the pixels, and would say too late that they are not upright.
bool HasExifAfterPixels(const ByteSource& source) {
  constexpr int64_t kSignatureBytes = 8, kAroundData = 12;  // length, type and checksum
  bool after_pixels = false;
  std::array<std::byte, 8> head = {};
  for (int64_t at = kSignatureBytes; source.ReadAt(at, head) == head.size();) {
    const std::string_view type = AsText(head).substr(4);
    if (type == "IEND") break;
    if (type == "eXIf" && after_pixels) return true;
    after_pixels |= type == "IDAT";
    for (int i = 0, shift = 24; i < 4; ++i, shift -= 8)
      at += std::to_integer<int64_t>(head[static_cast<size_t>(i)]) << shift;
    at += kAroundData;
  }
  return false;
}

class PngRows final : public RowSource {
 public:
  PngRows(ByteSource source, SpngContext png, const spng_ihdr& header)
      : RowSource(header.height, header.width), source_(std::move(source)), png_(std::move(png)) {}

  int64_t held_bytes() const override { return kRowBuffers * 8 * width(); }

  Status Read(int64_t rows, uint8_t* out) override {
    const auto row_bytes = static_cast<size_t>(width()) * 3;
    for (const int64_t end = next_ + rows; next_ < end; ++next_, out += row_bytes) {
      const int error = spng_decode_row(png_.get(), out, row_bytes);
      const bool is_last = next_ + 1 == height();
      if (error != SPNG_EOI || !is_last) SEGFORGE_RETURN_IF_ERROR(FromSpngRead(error));
    }
    if (next_ < height()) return Status();
    return FromSpngRead(spng_decode_chunks(png_.get()));  // up to the end marker
  }

 private:
  ByteSource source_;  // which png_ reads
  SpngContext png_;
  int64_t next_ = 0;
};

}  // namespace

Result<Image> DecodePng(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  const ByteSource source(bytes);
  SEGFORGE_ASSIGN_OR_RETURN(const SpngContext context, NewSpngReader(source));
  spng_ctx* png = context.get();
  spng_ihdr header = {};
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(spng_get_ihdr(png, &header)));
  SEGFORGE_ASSIGN_OR_RETURN(
      Image image, AllocateImage(header.height, header.width, limits, kRowBuffers * 8 * header.width));
  SEGFORGE_RETURN_IF_ERROR(
      FromSpngRead(spng_decode_image(png, image.pixels.data(), image.pixels.size(), SPNG_FMT_RGB8, 0)));
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(spng_decode_chunks(png)));  // up to the end marker
  return Upright(std::move(image), OrientationOf(png));
}

Result<std::unique_ptr<RowSource>> OpenPngRows(ByteSource source, const DecodeLimits& limits) {
  SEGFORGE_ASSIGN_OR_RETURN(SpngContext png, NewSpngReader(source));
  spng_ihdr header = {};
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(spng_get_ihdr(png.get(), &header)));
  if (header.interlace_method != SPNG_INTERLACE_NONE || HasExifAfterPixels(source))
    return std::unique_ptr<RowSource>();
  SEGFORGE_RETURN_IF_ERROR(CheckPixels(header.height, header.width, limits));
  SEGFORGE_RETURN_IF_ERROR(
      FromSpngRead(spng_decode_image(png.get(), nullptr, 0, SPNG_FMT_RGB8, SPNG_DECODE_PROGRESSIVE)));
  if (OrientationOf(png.get()) != 1) return std::unique_ptr<RowSource>();
  return std::unique_ptr<RowSource>(std::make_unique<PngRows>(std::move(source), std::move(png), header));
}

}  // namespace segforge
