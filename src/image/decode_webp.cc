#include <webp/decode.h>

#include "base/byte_reader.h"
#include "image/codecs.h"
#include "image/orientation.h"

namespace segforge {
namespace {

// The decoder's own buffers: 4 bytes a pixel for lossless data, less for lossy, and one more for alpha.
constexpr int64_t kExtraBytesPerPixel = 5;

Status FromWebp(VP8StatusCode code) {
  switch (code) {
    case VP8_STATUS_OK:
      return Status();
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return InvalidInput("the file is truncated");
    case VP8_STATUS_OUT_OF_MEMORY:
      return OutOfMemory("the decoder found no memory");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return Unsupported("a feature that the decoder does not know");
    default:
      return InvalidInput("damaged data");
  }
}

// The payload of the first EXIF chunk; empty where there is none. Chunks follow the 12 bytes of the RIFF
// header, each with a name, a size and, when that is odd, a byte of padding.
std::span<const std::byte> FindExif(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  if (!reader.Seek(12).ok()) return {};
  while (true) {
    const auto name = reader.Take(4);
    const auto size = reader.Read<uint32_t>();
    if (!name.ok() || !size.ok()) return {};
    const auto payload = reader.Take(*size);
    if (!payload.ok()) return {};
    if (AsText(*name) == "EXIF") return *payload;
    if (*size % 2 == 1 && !reader.Take(1).ok()) return {};
  }
}

}  // namespace

Result<Image> DecodeWebp(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPDecoderConfig config;
  SEGFORGE_CHECK(WebPInitDecoderConfig(&config));
  SEGFORGE_RETURN_IF_ERROR(FromWebp(WebPGetFeatures(data, bytes.size(), &config.input)));
  if (config.input.has_animation) return Unsupported("an animation, expected a still image");
  const int64_t width = config.input.width;
  const int64_t height = config.input.height;
  SEGFORGE_ASSIGN_OR_RETURN(Image image,
                            AllocateImage(height, width, limits, width * height * kExtraBytesPerPixel));
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {image.pixels.data(), static_cast<int>(width * 3), image.pixels.size()};
  const Status status = FromWebp(WebPDecode(data, bytes.size(), &config));
  WebPFreeDecBuffer(&config.output);
  SEGFORGE_RETURN_IF_ERROR(status);
  return Upright(std::move(image), ReadOrientation(FindExif(bytes)));
}

}  // namespace segforge
