#include "onnx/simplify/merge_duplicates.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "onnx/simplify/infer.h"
#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

std::string_view BytesOf(const ConstTensorView& view) {
  return {static_cast<const char*>(view.data), view.bytes()};
}

std::string TypeKey(const ConstTensorView& view) {
  return fmt::format("{}{};", NameOf(view.dtype), ToString(view.shape));
}

// Equal for equal values, and for those alone.
struct AttributeKey {
  std::string operator()(int64_t value) const { return fmt::format("i{}", value); }
  std::string operator()(float value) const { return fmt::format("f{}", Raw(value)); }
  std::string operator()(const std::string& value) const {
    return fmt::format("s{}:{}", value.size(), value);
  }
  std::string operator()(const ConstTensorView& value) const {
    return fmt::format("t{}{}", TypeKey(value), BytesOf(value));
  }
  std::string operator()(const std::vector<int64_t>& values) const {
    std::string key = "I";
    for (const int64_t value : values) key += fmt::format("{},", value);
    return key;
  }
  std::string operator()(const std::vector<float>& values) const {
    std::string key = fmt::format("F{}:", values.size());
    for (const float value : values) key += Raw(value);
    return key;
  }
  std::string operator()(const std::vector<std::string>& values) const {
    std::string key = fmt::format("S{}:", values.size());
    for (const std::string& value : values) key += (*this)(value);
    return key;
  }
  std::string operator()(const OnnxOpaque& value) const { return (*this)(value.bytes); }

 private:
  static std::string Raw(float value) {
    std::string bytes(sizeof(value), '\0');
    std::memcpy(bytes.data(), &value, sizeof(value));
    return bytes;
  }
};

std::string KeyOf(const Node& node) {
  std::string key = fmt::format("{}/{}/", node.spec.op, node.outputs.size());
  for (const ValueId input : node.inputs) key += fmt::format("{},", input);
  std::vector<std::string> attributes;
  for (const OnnxAttribute& each : node.spec.attributes) {
    attributes.push_back(
        fmt::format("{}:{}={};", each.name.size(), each.name, std::visit(AttributeKey(), each.value)));
  }
  std::ranges::sort(attributes);
  for (const std::string& attribute : attributes) key += attribute;
  return key;
}

bool ReplaceAll(Graph& graph, const std::vector<ValueId>& old, const std::vector<ValueId>& by) {
  for (size_t i = 0; i < old.size(); ++i) {
    if (old[i] == kNone) continue;
    if (by[i] == kNone || !graph.CanReplace(old[i], by[i])) return false;
  }
  for (size_t i = 0; i < old.size(); ++i) {
    if (old[i] != kNone) graph.Replace(old[i], by[i]);
  }
  return true;
}

// Type, shape and some of the bytes: enough to tell most apart.
std::string SampleOf(const ConstTensorView& view) {
  constexpr size_t kPieces = 16, kPieceBytes = 16;
  const std::string_view bytes = BytesOf(view);
  std::string sample = TypeKey(view);
  if (bytes.size() <= kPieces * kPieceBytes) return sample.append(bytes);
  for (size_t i = 0; i < kPieces; ++i)
    sample.append(bytes.substr((bytes.size() - kPieceBytes) / (kPieces - 1) * i, kPieceBytes));
  return sample;
}

int MergeInitializers(Graph& graph) {
  int count = 0;
  std::unordered_map<std::string, std::vector<ValueId>> alike;
  for (size_t i = 0; i < graph.value_count(); ++i) {
    const auto id = static_cast<ValueId>(i);
    const Value& value = graph.value(id);
    if (!value.is_constant() || value.readers.empty() || value.is_output) continue;
    std::vector<ValueId>& others = alike[SampleOf(value.constant->view)];
    const auto same = std::ranges::find_if(others, [&](ValueId other) {
      return BytesOf(graph.value(other).constant->view) == BytesOf(value.constant->view);
    });
    if (same == others.end()) {
      others.push_back(id);
    } else if (graph.Replace(id, *same)) {
      ++count;
    }
  }
  return count;
}

}  // namespace

Result<int> MergeDuplicates(Graph& graph) {
  const int initializers = MergeInitializers(graph);
  std::unordered_map<std::string, NodeId> first;
  SEGFORGE_ASSIGN_OR_RETURN(
      const int nodes, RewriteEach(graph, [&](NodeId id) -> Result<bool> {
        if (!IsKnownOperator(graph.node(id)) || graph.node(id).Is("Dropout")) return false;
        const auto [found, is_new] = first.try_emplace(KeyOf(graph.node(id)), id);
        if (is_new || !ReplaceAll(graph, graph.node(id).outputs, graph.node(found->second).outputs))
          return false;
        graph.Remove(id);
        return true;
      }));
  return initializers + nodes;
}

}  // namespace segforge::simplify
