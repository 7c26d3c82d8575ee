// Between the two orders of images and logits: channels last, as kernels have them, and in planes.
#pragma once

#include "base/tensor.h"

namespace segforge {

Tensor ToPlanes(const ConstTensorView& maps);      // [N, H, W, C] f32 -> [N, C, H, W]
Tensor FromPlanes(const ConstTensorView& planes);  // [N, C, H, W] f32 -> [N, H, W, C]

}  // namespace segforge
