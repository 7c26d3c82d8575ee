// The most probable classes of each pixel.
#pragma once

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "image/preprocess.h"
#include "segforge/segforge.h"

namespace segforge {

// Fills result's top_labels and top_probabilities [k, H, W] from logits [h, w, classes] f32, 1 <= k <=
// classes. Probabilities are the softmax of the interpolated logits; equal ones are in the order of their
// classes.
void FillTopClasses(const ConstTensorView& logits, ImageSize source, int64_t k, ThreadPool& pool,
                    Segmentation& result);

}  // namespace segforge
