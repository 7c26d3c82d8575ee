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

// Checks top_k and reject_below.
Status CheckWanted(const Wanted& wanted, int64_t classes);

// Bytes that MakeSegmentation takes for one image, logits [h, w, classes].
int64_t LabelImageBytes(ImageSize source, const Shape& logits, const Wanted& wanted);

// logits [h, w, classes] f32 in host memory -> labels at `source`, and what else is wanted.
Segmentation MakeSegmentation(const ConstTensorView& logits, ImageSize source, const Wanted& wanted,
                              LabelKernel kernel, ThreadPool& pool);
// The same of the session's output for image n, where it lies; its logits are fetched only where they are
// wanted.
Result<Segmentation> MakeSegmentation(Session& session, int64_t n, int64_t classes, ImageSize source,
                                      const Wanted& wanted);

}  // namespace segforge
