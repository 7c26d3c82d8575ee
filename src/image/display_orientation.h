// How a video asks to be turned for display.
#pragma once

#include <cstdint>

namespace segforge {

// EXIF's orientation, 1 to 8, that a display matrix of 3x3 fixed-point numbers (FFmpeg's, as MP4 stores it)
// comes nearest to; 1 where it is null. See image/orientation.h.
int OrientationOf(const int32_t* matrix);

}  // namespace segforge
