// What each fusion of a model's graph gains, and what it changes in the results.
// Every function reports failure by throwing segforge::Error.
#pragma once

#include "segforge/measure.h"

namespace segforge {

struct AblationOptions {
  std::string model = "street-b0";                 // a checkpoint: an engine file's graph is fused already
  SegmenterOptions segmenter;                      // device, precision, fuse and size are those of each row
  std::vector<std::string> devices = {"cpu"};      // each of one device, as SegmenterOptions has them
  std::vector<std::string> precisions = {"auto"};  // each on every device
  int64_t height = 512;                            // of the network's input
  int64_t width = 512;
  // Files, all in memory at once with their reference; none: the demo of the built-in model.
  std::vector<std::string> images;
  // A model, run in fp32 on the CPU with everything fused, or an .onnx file, run by ONNX Runtime; "":
  // `model`.
  std::string reference;
  RunRule rule;          // of each row
  double max_a0 = 5e-3;  // an image is good up to this share of pixels whose label differs,
  double max_r0 = 2e-3;  // and this median relative difference of its logits
  // Called as each row is ready to be measured.
  std::function<void(size_t done, size_t total)> progress;
};

struct AblationRow {
  std::string name;               // "baseline", "V1: 30 LayerNorms", "V2: 6 after sr", "+ gelu"
  std::vector<std::string> fuse;  // SegmenterOptions that give it
  std::string device;             // "cpu"
  std::string device_line;        // "cpu avx2, 2 threads, fp32"
  std::string precision;          // "fp32"
  int64_t nodes = 0;              // that compute
  int64_t kernels = 0;            // launched in a run
  int64_t memory_bytes = 0;       // of weights and arena
  TimedRuns runs;                 // float input to logits
  double a0 = 0;                  // over the pixels of all images
  double r0 = 0;                  // over their logits; 0 where the reference has none
  int64_t images = 0;
  int64_t good_images = 0;

  bool good() const { return good_images == images; }
};

// For every device and precision: nothing fused; the LayerNorms alone, all and those after sr; then all
// LayerNorms and each other fusion added in turn, in the order of the pipeline, up to the engine as it is
// built. All rows run alternately, as RunBenchInTurns has it.
SEGFORGE_API std::vector<AblationRow> RunAblation(const AblationOptions& options);

}  // namespace segforge
