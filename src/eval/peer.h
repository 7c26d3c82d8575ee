// Another engine with a model in it, found at run time where it is installed; nothing is built against it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/tensor.h"

namespace segforge {

// One caller at a time. Errors say which engine, and what it said.
class Peer {
 public:
  virtual ~Peer() = default;

  virtual const std::string& name() const = 0;  // "ONNX Runtime 1.20.1"
  // What the runs read: [N, 3, H, W] f32, the caller's, which outlives them.
  virtual Status SetInput(const ConstTensorView& input) = 0;
  // One run from input to output; returns its time as near to the engine as it can be taken.
  virtual Result<double> RunMs() = 0;
  // The model's first output as the last run left it, of the model's own type and shape.
  virtual Result<Tensor> Output() = 0;
};

// For RunMs.
template <typename Run>
double TimedMs(const Run& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// threads: 0 for the engine's own choice. kUnsupported where the engine is not installed, kInvalidInput for
// a model that it cannot load.

// libopenvino_c.so: $SEGFORGE_OPENVINO, or where the loader finds it. Computes in float32.
Result<std::unique_ptr<Peer>> OpenOpenVino(const std::filesystem::path& onnx, int threads);

// A Hugging Face folder in a Python, $SEGFORGE_PYTHON or python3, that has torch and transformers.
Result<std::unique_ptr<Peer>> OpenTorch(const std::filesystem::path& folder, int threads);

}  // namespace segforge
