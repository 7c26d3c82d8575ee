#include "image/decode.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/byte_reader.h"
#include "base/file.h"
#include "base/memory.h"
#include "image/codecs.h"

namespace segforge {
namespace {

using namespace std::string_view_literals;

constexpr std::array<ImageFormat, 11> kFormats = {{
    {0, "\xff\xd8\xff"sv, "JPEG", DecodeJpeg, OpenJpegRows},
    {0, "\x89PNG\r\n\x1a\n"sv, "PNG", DecodePng, OpenPngRows},
    {8, "WEBP"sv, "WebP", DecodeWebp, nullptr},
    {0, "GIF8"sv, "GIF", nullptr, nullptr},
    {0, "BM"sv, "BMP", nullptr, nullptr},
    {0, "II*\0"sv, "TIFF", nullptr, nullptr},
    {0, "MM\0*"sv, "TIFF", nullptr, nullptr},
    {4, "ftypavif"sv, "AVIF", nullptr, nullptr},
    {4, "ftyphei"sv, "HEIC", nullptr, nullptr},
    {0, "\xff\x0a"sv, "JPEG XL", nullptr, nullptr},
    {4, "jP  \r\n"sv, "JPEG 2000", nullptr, nullptr},
}};

bool BeginsAs(const ImageFormat& format, std::string_view text) {
  return text.size() >= format.offset && text.substr(format.offset).starts_with(format.signature);
}

}  // namespace

Result<ImageFormat> FormatOf(std::span<const std::byte> first_bytes) {
  if (first_bytes.empty()) return InvalidInput("empty file");
  const std::string_view text = AsText(first_bytes);
  for (const ImageFormat& format : kFormats) {
    if (!BeginsAs(format, text)) continue;
    if (format.decode == nullptr)
      return Unsupported("a {} file; images are read from JPEG, PNG and WebP", format.name);
    return format;
  }
  return InvalidInput("not an image: expected the first bytes of a JPEG, PNG or WebP file");
}

Status CheckPixels(int64_t height, int64_t width, const DecodeLimits& limits) {
  if (height < 1 || width < 1) return InvalidInput("expected at least 1x1 pixels, got {}x{}", width, height);
  if (height <= limits.max_pixels / width) return Status();
  return Unsupported("{}x{} pixels are more than the limit of {} megapixels", width, height,
                     limits.max_pixels / 1'000'000);
}

Result<Image> AllocateImage(int64_t height, int64_t width, const DecodeLimits& limits, int64_t extra_bytes) {
  SEGFORGE_RETURN_IF_ERROR(CheckPixels(height, width, limits));
  SEGFORGE_RETURN_IF_ERROR(
      CheckMemory(height * width * 3 + extra_bytes, fmt::format("decoding {}x{} pixels", width, height)));
  return Image{height, width, std::vector<uint8_t>(static_cast<size_t>(height * width) * 3)};
}

Result<Image> DecodeImage(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  SEGFORGE_ASSIGN_OR_RETURN(const ImageFormat format,
                            FormatOf(bytes.first(std::min(bytes.size(), kSignatureBytes))));
  auto image = format.decode(bytes, limits);
  if (!image.ok()) return image.status().Within(format.name);
  return image;
}

bool LooksLikeImage(std::span<const std::byte> beginning) {
  const std::string_view text = AsText(beginning);
  return std::ranges::any_of(kFormats, [&](const ImageFormat& format) { return BeginsAs(format, text); });
}

Result<Image> ReadImage(const std::filesystem::path& path, const DecodeLimits& limits) {
  const auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status().Within(path.string());
  auto image = DecodeImage(file->bytes(), limits);
  if (!image.ok()) return image.status().Within(path.string());
  return image;
}

}  // namespace segforge
