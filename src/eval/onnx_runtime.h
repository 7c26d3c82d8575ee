// ONNX models run by an ONNX Runtime that is installed; neither its header nor its library is needed to
// build.
#pragma once

#include <filesystem>
#include <memory>

#include "base/status.h"
#include "base/tensor.h"

namespace segforge {

class OnnxModel {
 public:
  // The library is $SEGFORGE_ONNXRUNTIME, or libonnxruntime.so (.1) where the loader finds it. kUnsupported
  // without one, kInvalidInput for a file that it cannot load. threads: 0 for the library's choice.
  static Result<OnnxModel> Open(const std::filesystem::path& path, int threads);

  OnnxModel(OnnxModel&&) noexcept;
  OnnxModel& operator=(OnnxModel&&) noexcept;
  ~OnnxModel();

  // input [1, 3, H, W] f32 -> the first output, [1, classes, h, w] f32. kInvalidInput for a model of another
  // size, or whose output is of another kind.
  Result<Tensor> Run(const ConstTensorView& input) const;

  const std::string& version() const;  // of the library: "1.20.1"

 private:
  struct State;
  explicit OnnxModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace segforge
