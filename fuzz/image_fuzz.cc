// Any bytes: a picture or an error, never a crash; and read by rows the same picture, or an error too.
#include <cstdint>

#include "image/decode.h"
#include "image/row_source.h"

namespace {

// A small limit keeps an input's run short; sizes past it are refused before they cost anything.
constexpr segforge::DecodeLimits kLimits = {.max_pixels = 1 << 16};

segforge::Result<segforge::Image> ByRows(std::span<const std::byte> bytes) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto rows, segforge::OpenRows(bytes, kLimits));
  segforge::Image image = {rows->height(), rows->width(), {}};
  image.pixels.resize(static_cast<size_t>(image.height * image.width) * 3);
  for (int64_t y = 0; y < image.height; ++y)
    SEGFORGE_RETURN_IF_ERROR(rows->Read(1, image.pixels.data() + y * image.width * 3));
  return image;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto image = segforge::DecodeImage(bytes, kLimits);
  if (image.ok() && image->pixels.size() != static_cast<size_t>(image->height * image->width) * 3)
    __builtin_trap();
  const auto rows = ByRows(bytes);
  if (rows.ok() != image.ok() || (rows.ok() && rows->pixels != image->pixels)) __builtin_trap();
  return 0;
}
