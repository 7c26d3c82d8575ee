// From the network's logits to the maps that a caller gets.
#pragma once

#include "backend/labels.h"
#include "engine/session.h"
#include "image/preprocess.h"
#include "segforge/segforge.h"

namespace segforge {

// The labels of rejected pixels; no model's classes reach them.
inline constexpr uint8_t kIgnored8 = 255;
inline constexpr uint16_t kIgnored16 = 65535;
inline constexpr int64_t kMaxClassesOf8Bits = kIgnored8;  // classes 0 to 254

// Checks top_k and reject_below.
Status CheckWanted(const Wanted& wanted, int64_t classes);

// Bytes that MakeSegmentation takes for one image, logits [h, w, classes].
int64_t LabelImageBytes(ImageSize source, const Shape& logits, const Wanted& wanted);

// logits [h, w, classes] f32 in host memory -> labels at `source`, and what else is wanted.
Segmentation MakeSegmentation(const ConstTensorView& logits, ImageSize source, const Wanted& wanted,
                              LabelKernel kernel, ThreadPool& pool);

// The same in three parts, of what a session computes: what it is to give; where; and what follows. Only
// where results.outputs is set has the last one logits.
RunResults ResultsFor(int64_t classes, const Wanted& wanted);
Segmentation EmptySegmentation(int64_t classes, ImageSize source, const Wanted& wanted);
LabelMaps MapsOf(const Wanted& wanted, Segmentation& result);
void FinishSegmentation(const ConstTensorView* logits, const Wanted& wanted, ThreadPool& pool,
                        Segmentation& result);

}  // namespace segforge
