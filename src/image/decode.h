// JPEG, PNG and WebP files to upright 8-bit RGB, as Pillow's exif_transpose() and convert("RGB") give it:
// grey is repeated, palettes are looked up, alpha is dropped, CMYK is taken as Adobe writes it (inverted),
// and EXIF orientation is applied. 16-bit samples keep their high byte (for 16-bit grey Pillow clips
// instead). ICC profiles and gamma are ignored. A truncated or damaged file is an error, never half a
// picture.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/status.h"
#include "image/image.h"

namespace segforge {

struct DecodeLimits {
  int64_t max_pixels = int64_t{1} << 29;  // 20000 x 20000 and more, whose pixels take 1.5 GiB
};

// The format is told by the first bytes. Errors: kInvalidInput for damaged data, kUnsupported for another
// format or a variant (12-bit JPEG, animated WebP, more than max_pixels), kOutOfMemory before pixels are
// allocated.
Result<Image> DecodeImage(std::span<const std::byte> bytes, const DecodeLimits& limits = {});

// A file of a known picture format begins so, read by DecodeImage or not.
bool LooksLikeImage(std::span<const std::byte> beginning);

// DecodeImage of a file's bytes; errors name the file.
Result<Image> ReadImage(const std::filesystem::path& path, const DecodeLimits& limits = {});

}  // namespace segforge
