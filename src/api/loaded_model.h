// A model on one device, as every way of running it needs it.
#pragma once

#include <memory>

#include "backend/labels.h"
#include "engine/engine.h"
#include "image/preprocess.h"
#include "segforge/segforge.h"

namespace segforge {

struct LoadedModel {
  SegmenterOptions options;
  Preprocessing preprocessing;
  int64_t classes = 0;
  int threads = 1;  // of each session
  LabelKernel label_kernel = nullptr;
  std::unique_ptr<Engine> engine;
};

}  // namespace segforge
