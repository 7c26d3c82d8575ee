#include "image/codecs.h"
#include "image/orientation.h"
#include "image/spng_reader.h"

namespace segforge {

Result<Image> DecodePng(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  SEGFORGE_ASSIGN_OR_RETURN(const SpngContext context, NewSpngReader(bytes));
  spng_ctx* png = context.get();
  spng_ihdr header = {};
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(spng_get_ihdr(png, &header)));
  constexpr int64_t kRowBuffers = 3;  // of at most 8 bytes a pixel
  SEGFORGE_ASSIGN_OR_RETURN(
      Image image, AllocateImage(header.height, header.width, limits, kRowBuffers * 8 * header.width));
  SEGFORGE_RETURN_IF_ERROR(
      FromSpngRead(spng_decode_image(png, image.pixels.data(), image.pixels.size(), SPNG_FMT_RGB8, 0)));
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(spng_decode_chunks(png)));  // up to the end marker
  spng_exif exif = {};
  const bool has_exif = spng_get_exif(png, &exif) == SPNG_OK;
  return Upright(std::move(image),
                 has_exif ? ReadOrientation(std::as_bytes(std::span(exif.data, exif.length))) : 1);
}

}  // namespace segforge
