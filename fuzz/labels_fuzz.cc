// Any bytes: a label map or an error, never a crash.
#include <cstdint>

#include "image/decode_labels.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A small limit keeps an input's run short; sizes past it are refused before they cost anything.
  const auto map = segforge::DecodeLabels(std::as_bytes(std::span(data, size)), {.max_pixels = 1 << 16});
  if (map.ok() && map->labels.size() != static_cast<size_t>(map->height * map->width)) __builtin_trap();
  return 0;
}
