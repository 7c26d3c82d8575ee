// ONNX models run by an ONNX Runtime that is installed.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "eval/peer.h"
#include "image/preprocess.h"

namespace segforge {

class OnnxModel : public Peer {
 public:
  // The library is $SEGFORGE_ONNXRUNTIME, or libonnxruntime.so (.1) where the loader finds it. kUnsupported
  // without one, kInvalidInput for a file that it cannot load or whose input is not float [N, 3, H, W].
  // threads: 0 for the library's choice.
  static Result<std::unique_ptr<OnnxModel>> Open(const std::filesystem::path& path, int threads);
  ~OnnxModel() override;

  const std::string& name() const override;
  Status SetInput(const ConstTensorView& input) override;
  Result<double> RunMs() override;
  Result<Tensor> Output() override;  // kInvalidInput for a type of neither float nor whole numbers

  std::optional<ImageSize> fixed_size() const;  // none where the file takes any size

 private:
  struct State;
  explicit OnnxModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace segforge
