// The most probable classes of each pixel, from logits in host memory.
#pragma once

#include "backend/labels.h"

namespace segforge {

// Fills the maps' top_labels and top_probabilities, where they are wanted, from logits [h, w, classes] f32.
void FillTopClasses(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool);

}  // namespace segforge
