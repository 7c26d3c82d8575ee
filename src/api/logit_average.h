// Logits that follow those of earlier frames slowly.
#pragma once

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "segforge/segforge.h"

namespace segforge {

Status CheckAverage(const LogitAverage& average);

// Adds logits [h, w, classes] f32 to the average and returns the average's view, valid until its next use.
// The first logits, and the first of another shape, begin it anew.
ConstTensorView Average(const ConstTensorView& logits, LogitAverage& average, ThreadPool& pool);

}  // namespace segforge
