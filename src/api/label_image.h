// From the network's logits to the maps that a caller gets.
#pragma once

#include "backend/labels.h"
#include "image/preprocess.h"
#include "segforge/segforge.h"

namespace segforge {

// Bytes that MakeSegmentation takes for one image, logits [h, w, classes].
int64_t LabelImageBytes(ImageSize source, const Shape& logits, const Wanted& wanted);

// logits [h, w, classes] f32 -> labels at `source`, and what else is wanted.
Segmentation MakeSegmentation(const ConstTensorView& logits, ImageSize source, const Wanted& wanted,
                              LabelKernel kernel, ThreadPool& pool);

}  // namespace segforge
