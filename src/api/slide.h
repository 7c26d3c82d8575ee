// Sliding windows: the network sees one window at a time, and logits are averaged where windows overlap.
#pragma once

#include <functional>
#include <vector>

#include "api/loaded_model.h"
#include "api/windows.h"
#include "base/thread_pool.h"

namespace segforge {

// sum[y, x, c] += the window's logits [h, w, classes] resized to its size, for its pixels of sum [H, W,
// classes].
void AddWindow(const ConstTensorView& logits, const Window& window, TensorView sum, ThreadPool& pool);

// sum[y, x, c] /= how many of the windows cover (y, x), at least one
void DivideByCounts(const std::vector<Window>& windows, TensorView sum, ThreadPool& pool);

// The averaged logits [H, W, classes] f32 of an image of the network's size. Adds to times' resize what
// normalising takes, and the rest to its engine.
Result<Tensor> SlideLogits(const LoadedModel& model, const ImageView& image, Session& session,
                           Timings& times);

}  // namespace segforge
