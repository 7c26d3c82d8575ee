// Any ONNX model in an ONNX Runtime that is installed: every input, every output.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/tensor.h"

namespace segforge {

struct NamedInput {
  std::string name;
  ConstTensorView tensor;
};

// One caller at a time. The library is found as OnnxModel finds it; kUnsupported without one.
class OnnxSession {
 public:
  static Result<std::unique_ptr<OnnxSession>> OpenFile(const std::filesystem::path& path);
  static Result<std::unique_ptr<OnnxSession>> OpenBytes(const std::string& bytes);
  ~OnnxSession();

  const std::string& library() const;  // "ONNX Runtime 1.20.1"
  // The outputs of those names. Fails on element types that Segforge does not know.
  Result<std::vector<Tensor>> Run(std::span<const NamedInput> inputs, std::span<const std::string> outputs);

 private:
  struct State;
  explicit OnnxSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace segforge
