// Where an ONNX graph moves axes, and the arithmetic on shapes that this takes where sizes are free.
#include <algorithm>

#include "onnx/exporter.h"

namespace segforge {
namespace {

constexpr int64_t kTaken = 0;  // of Reshape: the input's own size at that place
constexpr int64_t kFound = -1;
constexpr int64_t kAnySize = 32, kLargeSize = 1 << 16;

std::vector<OnnxAttribute> Permutation(std::vector<int64_t> axes) { return {{"perm", std::move(axes)}}; }

}  // namespace

// Sizes never fall when the image's grow, and those that depend on one do grow from 32 to 65536.
std::optional<int64_t> Exporter::Known(const Dim& dim) const {
  const auto with = [&](int64_t free) {
    return InputSize{options_.batch.value_or(free), options_.height.value_or(free),
                     options_.width.value_or(free)};
  };
  const int64_t size = dim.Evaluate(with(kAnySize));
  return size == dim.Evaluate(with(kLargeSize)) ? std::optional(size) : std::nullopt;
}

std::vector<int64_t> Exporter::ReshapeSizes(const DimShape& shape) const {
  std::vector<int64_t> sizes;
  for (const Dim& dim : shape) sizes.push_back(Known(dim).value_or(sizes.empty() ? kTaken : kFound));
  SEGFORGE_CHECK(std::ranges::count(sizes, kFound) <= 1);
  return sizes;
}

std::string Exporter::As(Form form, NodeId value) {
  const auto& names = values_.at(value).names;
  if (const auto found = names.find(form); found != names.end()) return found->second;
  SEGFORGE_CHECK(form != Form::kOwn && FormOf(value) != Form::kOwn);
  std::string name = form == Form::kTokens ? ToTokens(value) : ToMap(value);
  values_.at(value).names[form] = name;
  return name;
}

std::string Exporter::ToTokens(NodeId value) {
  const Node& node = graph_.node(value);
  const DimShape& map = node.type.shape;
  const std::string flat =
      Add("Reshape", node.name + ".flat",
          {As(Form::kMap, value), Numbers(ReshapeSizes({map[0], map[3], map[1] * map[2]}))});
  return Add("Transpose", node.name + ".tokens", {flat}, Permutation({0, 2, 1}));
}

std::string Exporter::ToMap(NodeId value) {
  const Node& node = graph_.node(value);
  const DimShape& map = node.type.shape;
  const std::string moved =
      Add("Transpose", node.name + ".channels", {As(Form::kTokens, value)}, Permutation({0, 2, 1}));
  std::string sizes;
  if (Known(map[1]) || Known(map[2])) {
    sizes = Numbers(ReshapeSizes({map[0], map[3], map[1], map[2]}));
  } else {
    const std::string outer = Numbers({Known(map[0]).value_or(kTaken), map[3].constant()});
    std::string& shared = shared_[fmt::format("{} {}", outer, ToString(DimShape{map[1], map[2]}))];
    if (shared.empty()) {
      const std::string inner = SizeOf(map[1], map[2]);
      shared = Add("Concat", node.name + ".sizes", {outer, inner}, {{"axis", int64_t{0}}});
    }
    sizes = shared;
  }
  return Add("Reshape", node.name + ".map", {moved, sizes});
}

std::string Exporter::SizeOf(const Dim& height, const Dim& width) {
  const std::optional<int64_t> h = Known(height), w = Known(width);
  if (h && w) return Numbers({*h, *w});
  const std::string key = ToString(DimShape{height, width});
  std::string& shared = shared_[key];
  if (shared.empty()) {
    const std::string& map = map_of_size_.at(key);
    const std::string shape = Add("Shape", map + ".shape", {map});
    shared = Add("Slice", map + ".size", {shape, Numbers({2}), Numbers({4}), Numbers({0})});
  }
  return shared;
}

std::string Exporter::ResizeSizes(const std::string& name, NodeId value, const Dim& height,
                                  const Dim& width) {
  const DimShape& shape = graph_.node(value).type.shape;
  const int64_t channels = shape[3].constant();
  const std::optional<int64_t> n = Known(shape[0]), h = Known(height), w = Known(width);
  if (n && h && w) return Numbers({*n, channels, *h, *w});
  std::string outer;
  if (n) {
    outer = Numbers({*n, channels});
  } else {
    const std::string own = Add("Shape", name + ".shape", {As(Form::kMap, value)});
    outer = Add("Slice", name + ".batch", {own, Numbers({0}), Numbers({2}), Numbers({0})});
  }
  return Add("Concat", name + ".sizes", {outer, SizeOf(height, width)}, {{"axis", int64_t{0}}});
}

// Until opset 13 what is left out is an empty list.
std::string Exporter::LeftOut() {
  if (opset() >= 13) return "";
  std::string& empty = shared_["empty"];
  if (empty.empty()) empty = AddTensor("empty", std::make_shared<const Tensor>(DType::kF32, Shape{0}));
  return empty;
}

std::string Exporter::Resized(const std::string& name, NodeId value, const Dim& height, const Dim& width) {
  const std::string map = As(Form::kMap, value);
  const std::string sizes = ResizeSizes(name, value, height, width);
  return Add(
      "Resize", name, {map, LeftOut(), LeftOut(), sizes},
      {{"mode", std::string("linear")}, {"coordinate_transformation_mode", std::string("half_pixel")}});
}

}  // namespace segforge
