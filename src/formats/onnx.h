// ONNX files as checked, typed values. What the wire format is made of goes no further than onnx_*.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/checkpoint.h"

namespace segforge {

struct OnnxAttribute {
  std::string name;
  std::variant<int64_t, float, std::string, ConstTensorView, std::vector<int64_t>, std::vector<float>,
               std::vector<std::string>>
      value;
};

struct OnnxNode {
  std::string op;                   // "Conv"
  std::string domain;               // "" for ONNX's own operators
  std::string name;                 // often ""
  std::vector<std::string> inputs;  // "" where an optional input is left out
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes;

  // The attribute's value; null where there is none, or one of another type.
  template <typename T>
  const T* Find(std::string_view attribute) const {
    for (const OnnxAttribute& each : attributes) {
      if (each.name == attribute) return std::get_if<T>(&each.value);
    }
    return nullptr;
  }
  int64_t Int(std::string_view attribute, int64_t otherwise) const {
    const auto* found = Find<int64_t>(attribute);
    return found != nullptr ? *found : otherwise;
  }
  std::string Text(std::string_view attribute, std::string_view otherwise) const {
    const auto* found = Find<std::string>(attribute);
    return found != nullptr ? *found : std::string(otherwise);
  }
};

constexpr int64_t kFreeDim = -1;  // a size that the file leaves open, named or not

// An input or output of the graph.
struct OnnxValueInfo {
  std::string name;
  std::optional<DType> dtype;                // empty when the file does not say
  std::optional<std::vector<int64_t>> dims;  // sizes, or kFreeDim
};

// Owns what its tensors view. Movable.
struct OnnxFile {
  int64_t opset = 0;                  // of ONNX's own operators, 11 to 22
  std::vector<OnnxValueInfo> inputs;  // without those that have an initializer
  std::vector<OnnxValueInfo> outputs;
  std::vector<NamedTensor> initializers;  // names are unique
  std::vector<OnnxNode> nodes;  // as the file has them: each after those that it reads, or it is refused
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<std::shared_ptr<const void>> owned;
};

// folder: where external data is looked for, below it and nowhere else; empty: external data is refused.
// Fails on truncated files, other opsets, nested graphs, tensors whose bytes do not fit their shape, names
// given twice and values that are read before they are made.
Result<OnnxFile> OnnxFromBytes(const SharedBytes& source, const std::filesystem::path& folder);

// The same from a file. Errors start with its name.
Result<OnnxFile> OpenOnnx(const std::filesystem::path& path);

}  // namespace segforge
