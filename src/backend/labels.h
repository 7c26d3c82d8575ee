// The last step from logits to labels: bilinear upsampling and argmax in one go, never writing [H, W,
// classes].
#pragma once

#include "base/tensor.h"
#include "base/thread_pool.h"

namespace segforge {

// Where a tensor's data is null it is not wanted.
struct LabelMaps {
  TensorView labels = {};      // [H, W] u8 or u16 (u16 when there are more than 256 classes)
  TensorView confidence = {};  // [H, W] f32: softmax probability of the label
  // Both or neither: the k most probable classes, best first, the lowest first among equals, and their
  // softmax probabilities. FillTopClasses does that in host memory, not a LabelKernel.
  TensorView top_labels = {};         // [k, H, W] u16
  TensorView top_probabilities = {};  // [k, H, W] f32
};

// logits [h, w, classes] f32 -> maps of any size H x W >= 1, by bilinear interpolation with half-pixel
// centres (torch's align_corners = false), then argmax; the lowest class wins a tie. Argmax after the
// upsample, never before.
using LabelKernel = void (*)(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool);

void RefUpsampleArgmax(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool);
void CpuUpsampleArgmax(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool);

// The same without allocating: scratch is 64-byte aligned and of CpuUpsampleArgmaxScratchBytes, contents
// undefined.
size_t CpuUpsampleArgmaxScratchBytes(const Shape& logits, int64_t out_width, int threads);
void CpuUpsampleArgmax(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool,
                       std::byte* scratch);

}  // namespace segforge
