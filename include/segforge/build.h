// Engine files: a model made ready for one device, once, so that it loads in milliseconds.
// Every function reports failure by throwing segforge::Error.
#pragma once

#include "segforge/segforge.h"

namespace segforge {

struct BuildOptions {
  std::string model = "street-b0";
  // Of these device, precision, fp32_layers, disabled_passes, fuse, layer_norm_eps and threads play a role,
  // and those that choose the network's size for the headroom's images.
  SegmenterOptions segmenter;
  std::vector<EngineSize> sizes;  // at which ways of running kernels are timed; others run too
  bool deterministic = false;     // nothing is timed: every build of a model is the same
  bool use_timing_cache = true;
  std::string timing_cache;  // "": timings.json in the user's cache folder
  // Files. The network runs on each in FP32; a build in FP16 keeps the layers in FP32 that
  // have less headroom than kLeastHeadroom.
  std::vector<std::string> headroom_images;
  // Calls its argument, which writes the engine file: for who must not be interrupted meanwhile. Empty: it is
  // just called.
  std::function<void(const std::function<void()>& write)> around_write;
};

constexpr double kLeastHeadroom = 8;

// How far a layer's values stay below 65504, the greatest that FP16 holds.
struct LayerRange {
  std::string name;
  std::string operation;
  double greatest = 0;  // |value| among what it reads, holds and gives; infinite where one is not finite
  double headroom = 0;  // 65504 / greatest
  bool kept_in_fp32 = false;
};

struct BuildReport {
  std::string model;      // "SegFormer-B0 (Hugging Face)"
  std::string device;     // "cuda:0 NVIDIA H100 80GB HBM3, fp16"
  std::string precision;  // "fp16"
  std::vector<std::string> fp32_layers;
  int64_t file_bytes = 0;
  int tunable_steps = 0;  // that can be run in several ways, over all sizes
  int known_kinds = 0;    // kinds of steps that the timing cache knew
  int timed_kinds = 0;    // and those that were timed
  double seconds = 0;
  std::vector<LayerRange> ranges;     // least headroom first; empty where there were no images
  std::vector<std::string> warnings;  // each a line
};

// Writes the file beside its place and renames it. The model is a checkpoint, not an engine file.
SEGFORGE_API BuildReport BuildEngineFile(const BuildOptions& options, const std::string& path);

}  // namespace segforge
