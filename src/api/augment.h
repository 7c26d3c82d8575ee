// Test-time augmentation: one image through the network at several scales and mirrored, the classes'
// probabilities averaged.
#pragma once

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "image/preprocess.h"

namespace segforge {

// [height, width, 3], left and right swapped.
Image Mirrored(const ImageView& image);

// sum[y, x, c] += softmax over c of logits [h, w, classes] resized to the network's input and then to sum's
// [H, W, classes]; columns of the logits are swapped if they are of a mirrored image.
void AddProbabilities(const ConstTensorView& logits, ImageSize network, bool mirrored, TensorView sum,
                      ThreadPool& pool);

// sum = log(sum / count): logits whose softmax is the mean probability.
void LogOfMean(int64_t count, TensorView sum, ThreadPool& pool);

}  // namespace segforge
