// The decoders behind DecodeImage() and OpenRows(), two a format; inside this room only. Each expects bytes
// that begin with its format's signature.
#pragma once

#include "image/byte_source.h"
#include "image/decode.h"
#include "image/row_source.h"

namespace segforge {

Result<Image> DecodeJpeg(std::span<const std::byte> bytes, const DecodeLimits& limits);
Result<Image> DecodePng(std::span<const std::byte> bytes, const DecodeLimits& limits);
Result<Image> DecodeWebp(std::span<const std::byte> bytes, const DecodeLimits& limits);

// Null where the image has to be decoded whole.
Result<std::unique_ptr<RowSource>> OpenJpegRows(ByteSource source, const DecodeLimits& limits);
Result<std::unique_ptr<RowSource>> OpenPngRows(ByteSource source, const DecodeLimits& limits);

struct ImageFormat {
  size_t offset;  // of the signature
  std::string_view signature;
  std::string_view name;
  Result<Image> (*decode)(std::span<const std::byte>, const DecodeLimits&);
  Result<std::unique_ptr<RowSource>> (*open_rows)(ByteSource, const DecodeLimits&);  // null: not by rows
};

// The format whose signature a file's first kSignatureBytes (or fewer, where it has no more) show.
// kUnsupported for one that is known, but not read.
inline constexpr size_t kSignatureBytes = 16;
Result<ImageFormat> FormatOf(std::span<const std::byte> first_bytes);

// Refuses sizes below 1, and more pixels than the limit.
Status CheckPixels(int64_t height, int64_t width, const DecodeLimits& limits);

// An image to decode into, checked so, and refused when it does not fit in memory together with the decoder's
// own extra_bytes.
Result<Image> AllocateImage(int64_t height, int64_t width, const DecodeLimits& limits, int64_t extra_bytes);

}  // namespace segforge
