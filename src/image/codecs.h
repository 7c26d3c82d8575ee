// The decoders behind DecodeImage(), one a file; inside this room only. Each expects bytes that begin with
// its format's signature.
#pragma once

#include "image/decode.h"

namespace segforge {

Result<Image> DecodeJpeg(std::span<const std::byte> bytes, const DecodeLimits& limits);
Result<Image> DecodePng(std::span<const std::byte> bytes, const DecodeLimits& limits);
Result<Image> DecodeWebp(std::span<const std::byte> bytes, const DecodeLimits& limits);

// An image to decode into. Refuses sizes below 1, more pixels than the limit, and what does not fit in memory
// together with the decoder's own extra_bytes.
Result<Image> AllocateImage(int64_t height, int64_t width, const DecodeLimits& limits, int64_t extra_bytes);

}  // namespace segforge
