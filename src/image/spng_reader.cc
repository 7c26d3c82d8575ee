#include "image/spng_reader.h"

namespace segforge {
namespace {

// Of one chunk and of all kept chunks, unpacked: profiles and texts are not worth more, and a few bytes of
// deflate can claim gigabytes.
constexpr size_t kMaxChunkBytes = size_t{16} << 20;
constexpr size_t kMaxChunksBytes = size_t{32} << 20;

}  // namespace

Status FromSpngRead(int error) {
  if (error == SPNG_OK) return Status();
  if (error == SPNG_IO_EOF || error == SPNG_EIDAT_TOO_SHORT) return InvalidInput("the file is truncated");
  if (error == SPNG_EMEM) return OutOfMemory("the decoder found no memory");
  return InvalidInput("{}", spng_strerror(error));
}

Result<SpngContext> NewSpngReader(const ByteSource& source) {
  SpngContext context(spng_ctx_new(0), spng_ctx_free);
  if (context == nullptr) return OutOfMemory("the decoder found no memory");
  // Chunks that no pixel depends on may be damaged; they are then skipped.
  spng_set_crc_action(context.get(), SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
  spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxChunksBytes);
  const int error = source.file() != nullptr
                        ? spng_set_png_file(context.get(), source.file())
                        : spng_set_png_buffer(context.get(), source.bytes().data(), source.bytes().size());
  SEGFORGE_RETURN_IF_ERROR(FromSpngRead(error));
  return context;
}

}  // namespace segforge
