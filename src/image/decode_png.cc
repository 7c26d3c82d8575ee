#include <spng.h>

#include <memory>

#include "image/codecs.h"
#include "image/orientation.h"

namespace segforge {
namespace {

// Of one chunk and of all kept chunks, unpacked: profiles and texts are not worth more, and a few bytes of
// deflate can claim gigabytes.
constexpr size_t kMaxChunkBytes = size_t{16} << 20;
constexpr size_t kMaxChunksBytes = size_t{32} << 20;

using Context = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

Status FromSpng(int error) {
  if (error == SPNG_OK) return Status();
  if (error == SPNG_IO_EOF || error == SPNG_EIDAT_TOO_SHORT) return InvalidInput("the file is truncated");
  if (error == SPNG_EMEM) return OutOfMemory("the decoder found no memory");
  return InvalidInput("{}", spng_strerror(error));
}

}  // namespace

Result<Image> DecodePng(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  const Context context(spng_ctx_new(0), spng_ctx_free);
  if (context == nullptr) return OutOfMemory("the decoder found no memory");
  spng_ctx* png = context.get();
  // Chunks that no pixel depends on may be damaged; they are then skipped.
  spng_set_crc_action(png, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
  spng_set_chunk_limits(png, kMaxChunkBytes, kMaxChunksBytes);
  SEGFORGE_RETURN_IF_ERROR(FromSpng(spng_set_png_buffer(png, bytes.data(), bytes.size())));
  spng_ihdr header = {};
  SEGFORGE_RETURN_IF_ERROR(FromSpng(spng_get_ihdr(png, &header)));
  constexpr int64_t kRowBuffers = 3;  // of at most 8 bytes a pixel
  SEGFORGE_ASSIGN_OR_RETURN(
      Image image, AllocateImage(header.height, header.width, limits, kRowBuffers * 8 * header.width));
  SEGFORGE_RETURN_IF_ERROR(
      FromSpng(spng_decode_image(png, image.pixels.data(), image.pixels.size(), SPNG_FMT_RGB8, 0)));
  SEGFORGE_RETURN_IF_ERROR(FromSpng(spng_decode_chunks(png)));  // up to the end marker
  spng_exif exif = {};
  const bool has_exif = spng_get_exif(png, &exif) == SPNG_OK;
  return Upright(std::move(image),
                 has_exif ? ReadOrientation(std::as_bytes(std::span(exif.data, exif.length))) : 1);
}

}  // namespace segforge
