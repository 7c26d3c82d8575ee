// From the caller's image to what the network reads: which size, resized how.
#pragma once

#include "image/preprocess.h"
#include "segforge/segforge.h"

namespace segforge {

// Checks pointer, sizes and stride; the result views the same pixels.
Result<ImageView> CheckedView(const RgbView& image);

// Checks what does not depend on an image: the network's size, windows and strides.
Status CheckSizeOptions(const SegmenterOptions& options);

// The network's input size for an image of that size: chosen, fitted to the image's shape, scaled, rounded up
// to the divisor, in this order. kInvalidInput below 32 x 32.
Result<ImageSize> ChooseNetworkSize(const SegmenterOptions& options, const Preprocessing& preprocessing,
                                    ImageSize image, double scale = 1);

}  // namespace segforge
