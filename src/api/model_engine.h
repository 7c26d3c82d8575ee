// From a model's name to its engine, for every way of running one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "image/preprocess.h"
#include "segforge/segforge.h"

namespace segforge {

struct ModelEngine {
  ModelInfo info;
  Preprocessing preprocessing;                   // the model's own, whatever the options say of resampling
  std::vector<std::unique_ptr<Engine>> engines;  // one a device, at least one
  int threads = 1;                               // of each session
  DeviceId device;                               // of the first engine
  Precision precision = Precision::kFp32;
  std::string device_line;             // of all devices: "cpu avx2, 2 threads, fp32"
  LabelKernel label_kernel = nullptr;  // for logits in host memory
};

// Applies SEGFORGE_CPU_TARGET, loads the model and builds it for each of the options' devices in their
// precision, without their disabled passes. Throws Error; device, precision and threads are looked at before
// the model.
ModelEngine LoadModelEngine(const std::string& model, const SegmenterOptions& options);

}  // namespace segforge
