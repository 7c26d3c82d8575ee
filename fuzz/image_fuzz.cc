// Any bytes: a picture or an error, never a crash.
#include <cstdint>

#include "image/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A small limit keeps an input's run short; sizes past it are refused before they cost anything.
  const auto image = segforge::DecodeImage(std::as_bytes(std::span(data, size)), {.max_pixels = 1 << 16});
  if (image.ok() && image->pixels.size() != static_cast<size_t>(image->height * image->width) * 3)
    __builtin_trap();
  return 0;
}
