// PNG files in memory; WriteFileAtomically() puts them on disk.
#pragma once

#include <cstddef>
#include <vector>

#include "base/tensor.h"
#include "image/image.h"
#include "image/palette.h"

namespace segforge {

// labels [H, W]: u8 gives an 8-bit indexed PNG whose samples are the labels, shown in the palette's colours
// (and generated ones past its end); u16 gives 16-bit grey, the labels themselves.
Result<std::vector<std::byte>> EncodeLabelsPng(const ConstTensorView& labels, const Palette& palette);

Result<std::vector<std::byte>> EncodePng(const ImageView& image);  // 8-bit RGB

}  // namespace segforge
