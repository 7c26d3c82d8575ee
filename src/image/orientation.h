// EXIF orientation: how a camera was held, 1 (upright) to 8.
#pragma once

#include <cstddef>
#include <span>

#include "base/status.h"
#include "image/image.h"

namespace segforge {

// From an EXIF block, with or without the leading "Exif\0\0"; 1 where it is broken or says nothing.
int ReadOrientation(std::span<const std::byte> exif);

// The upright image. Takes a second image's memory for a moment, unless orientation is 1; checks for it
// first.
Result<Image> Upright(Image image, int orientation);

}  // namespace segforge
