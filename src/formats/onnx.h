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

// What Segforge does not look into and passes on as it is: graphs, sparse tensors, types, tensors of other
// element types.
struct OnnxOpaque {
  std::string bytes;               // of the message in the wire format
  std::vector<std::string> reads;  // values of the graph around it that graphs in it read
};

struct OnnxAttribute {
  std::string name;
  std::variant<int64_t, float, std::string, ConstTensorView, std::vector<int64_t>, std::vector<float>,
               std::vector<std::string>, OnnxOpaque>  // AttributeProto
      value;
};

struct OnnxNode {
  std::string op;                   // "Conv"
  std::string domain;               // "" for ONNX's own operators
  std::string name;                 // often ""
  std::vector<std::string> inputs;  // "" where an optional input is left out
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes;
  std::string rest = {};  // NodeProto of everything else, such as doc strings

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

// What a file says of a value.
struct OnnxValueInfo {
  std::string name;
  std::optional<DType> dtype;                // empty when the file does not say
  std::optional<std::vector<int64_t>> dims;  // sizes, or kFreeDim
  std::vector<std::string> dim_names = {};   // of dims, "" for those without; empty where none has one
  std::string opaque = {};  // ValueInfoProto, of what is no tensor or of another element type; else ""
};

// Owns what its tensors view. Movable.
struct OnnxFile {
  int64_t ir_version = 0;
  int64_t opset = 0;  // of ONNX's own operators
  std::vector<std::pair<std::string, int64_t>> other_opsets;
  std::vector<OnnxValueInfo> inputs;  // without those that have an initializer
  std::vector<OnnxValueInfo> outputs;
  std::vector<OnnxValueInfo> values;      // between them, as far as the file says
  std::vector<NamedTensor> initializers;  // names are unique
  std::vector<std::pair<std::string, OnnxOpaque>>
      other_initializers;       // by name: TensorProto, or SparseTensorProto
  std::vector<OnnxNode> nodes;  // as the file has them: each after those that it reads, or it is refused
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string rest;  // ModelProto of everything else: producer, names, doc strings, functions
  std::vector<std::shared_ptr<const void>> owned;
};

// The element type with that number; fails on those that Segforge does not know (strings, complex, 4 and 8
// bits).
Result<DType> OnnxDType(int32_t data_type);
int32_t OnnxNumberOf(DType dtype);

// folder: where external data is looked for, below it and nowhere else; empty: external data is refused.
// Fails on truncated files, graphs nested deeper than 16, tensors whose bytes do not fit their shape,
// external data in what is passed on, names given twice and values that are read before they are made.
Result<OnnxFile> OnnxFromBytes(const SharedBytes& source, const std::filesystem::path& folder);

// The same from a file. Errors start with its name.
Result<OnnxFile> OpenOnnx(const std::filesystem::path& path);

}  // namespace segforge
