#include "model/weight_reader.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace segforge {
namespace {

constexpr size_t kListedProblems = 10;

// [Co, Ci, kh, kw] -> [Co, kh, kw, Ci]
Tensor ChannelsLast(const Tensor& source) {
  const Shape& shape = source.shape();
  Tensor result(DType::kF32, {shape[0], shape[2], shape[3], shape[1]});
  const int64_t channels = shape[1];
  const int64_t taps = shape[2] * shape[3];
  const float* from = source.span<float>().data();
  float* to = result.span<float>().data();
  for (int64_t out = 0; out < shape[0]; ++out, from += channels * taps) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t c = 0; c < channels; ++c) *to++ = from[c * taps + tap];
    }
  }
  return result;
}

// [C, 1, kh, kw] -> [kh, kw, C]
Tensor DepthwiseChannelsLast(const Tensor& source) {
  const Shape& shape = source.shape();
  Tensor result(DType::kF32, {shape[2], shape[3], shape[0]});
  const int64_t taps = shape[2] * shape[3];
  const float* from = source.span<float>().data();
  float* to = result.span<float>().data();
  for (int64_t tap = 0; tap < taps; ++tap) {
    for (int64_t c = 0; c < shape[0]; ++c) *to++ = from[c * taps + tap];
  }
  return result;
}

// Rows [part * rows, (part + 1) * rows) of a tensor, as `shape`, whose first size is `rows`.
ConstTensorView Rows(const ConstTensorView& whole, int part, const Shape& shape) {
  const size_t bytes = static_cast<size_t>(shape.elems()) * SizeOf(whole.dtype);
  return {static_cast<const std::byte*>(whole.data) + static_cast<size_t>(part) * bytes, whole.dtype, shape};
}

std::string RowsName(const std::string& name, const LayerName& layer, int64_t rows) {
  if (layer.parts == 1) return name;
  return fmt::format("{}[{}:{}]", name, layer.part * rows, (layer.part + 1) * rows);
}

// A linear layer is the same layer as a 1x1 convolution: [Co, Ci] or [Co, Ci, 1, 1].
bool IsSameLinear(const Shape& shape, const Shape& expected) {
  const bool is_1x1 = shape.rank() == 2 || (shape.rank() == 4 && shape[2] == 1 && shape[3] == 1);
  return is_1x1 && shape[0] == expected[0] && shape[1] == expected[1];
}

bool IsLinear(const Shape& expected) {
  return expected.rank() == 2 || (expected.rank() == 4 && expected[2] == 1 && expected[3] == 1);
}

}  // namespace

const ConstTensorView* WeightReader::Find(const std::string& name, const Shape& expected,
                                          const std::string& note) {
  const ConstTensorView* found = checkpoint_.Find(name);
  if (found == nullptr) {
    problems_.push_back(fmt::format("missing \"{}\" {}", name, ToString(expected)));
    return nullptr;
  }
  if (found->shape != expected && !(IsLinear(expected) && IsSameLinear(found->shape, expected))) {
    problems_.push_back(fmt::format("tensor \"{}\": expected shape {}, got {}{}", name, ToString(expected),
                                    ToString(found->shape), note));
    return nullptr;
  }
  if (!IsFloat(found->dtype)) {
    problems_.push_back(
        fmt::format("tensor \"{}\": expected floating-point values, got {}", name, NameOf(found->dtype)));
    return nullptr;
  }
  return found;
}

Weight WeightReader::Copy(const std::string& name, const ConstTensorView& source,
                          Tensor (*repack)(const Tensor&)) {
  bytes_ += source.shape.elems() * static_cast<int64_t>(sizeof(float));
  if (mode_ == Mode::kCheck) return {name, nullptr};
  Tensor values = ToFloat32(source);
  const auto all = values.span<float>();
  if (!std::all_of(all.begin(), all.end(), [](float x) { return std::isfinite(x); })) {
    problems_.push_back(fmt::format("tensor \"{}\": not every value is a finite float32", name));
  }
  if (repack != nullptr) values = repack(values);
  return {name, std::make_shared<const Tensor>(std::move(values))};
}

Weight WeightReader::LinearWithoutBias(const LayerName& layer, Place place, int64_t out, int64_t in) {
  const std::string name = Name(layer, place, "weight");
  const int64_t rows = out * layer.parts;
  const ConstTensorView* found = Find(name, layer.conv1x1 ? Shape{rows, in, 1, 1} : Shape{rows, in}, "");
  if (found == nullptr) return {};
  return Copy(RowsName(name, layer, out), Rows(*found, layer.part, {out, in}), nullptr);
}

Weight WeightReader::Vector(const LayerName& layer, Place place, std::string_view suffix, int64_t size) {
  const std::string name = Name(layer, place, suffix);
  const ConstTensorView* found = Find(name, {size * layer.parts}, "");
  if (found == nullptr) return {};
  return Copy(RowsName(name, layer, size), Rows(*found, layer.part, {size}), nullptr);
}

LayerWeights WeightReader::Linear(const LayerName& layer, Place place, int64_t out, int64_t in) {
  Weight weight = LinearWithoutBias(layer, place, out, in);
  return {std::move(weight), Vector(layer, place, "bias", out)};
}

LayerWeights WeightReader::Conv(const LayerName& layer, Place place, int64_t out, int64_t in, int64_t kernel,
                                const std::string& note) {
  LayerWeights weights;
  const std::string name = Name(layer, place, "weight");
  if (const ConstTensorView* found = Find(name, {out, in, kernel, kernel}, note)) {
    weights.weight = Copy(name, *found, ChannelsLast);
  }
  weights.bias = Vector(layer, place, "bias", out);
  return weights;
}

LayerWeights WeightReader::Depthwise(const LayerName& layer, Place place, int64_t channels) {
  LayerWeights weights;
  const std::string name = Name(layer, place, "weight");
  if (const ConstTensorView* found = Find(name, {channels, 1, 3, 3}, "")) {
    weights.weight = Copy(name, *found, DepthwiseChannelsLast);
  }
  weights.bias = Vector(layer, place, "bias", channels);
  return weights;
}

LayerWeights WeightReader::Norm(const LayerName& layer, Place place, int64_t channels) {
  Weight gamma = Vector(layer, place, "weight", channels);
  return {std::move(gamma), Vector(layer, place, "bias", channels)};
}

BatchNormWeights WeightReader::BatchNorm(const LayerName& layer, Place place, int64_t channels) {
  BatchNormWeights weights;
  weights.gamma = Vector(layer, place, "weight", channels);
  weights.beta = Vector(layer, place, "bias", channels);
  weights.mean = Vector(layer, place, "running_mean", channels);
  weights.variance = Vector(layer, place, "running_var", channels);
  if (const Tensor* variance = weights.variance.tensor.get()) {
    const auto values = variance->span<float>();
    if (std::any_of(values.begin(), values.end(), [](float x) { return x < 0; })) {
      problems_.push_back(fmt::format("tensor \"{}\": a variance is negative", weights.variance.name));
    }
  }
  return weights;
}

void WeightReader::RefuseWeight(const LayerName& layer, Place place, const std::string& note) {
  const std::string name = Name(layer, place, "weight");
  const ConstTensorView* found = checkpoint_.Find(name);
  if (found == nullptr) return;
  problems_.push_back(
      fmt::format("tensor \"{}\": expected none, got shape {}{}", name, ToString(found->shape), note));
}

Status WeightReader::Problems() const {
  if (problems_.empty()) return Status();
  // A slice of a fused tensor reports the whole tensor: once is enough.
  std::vector<std::string> listed;
  for (const std::string& problem : problems_) {
    if (std::find(listed.begin(), listed.end(), problem) == listed.end()) listed.push_back(problem);
  }
  const size_t total = listed.size();
  listed.resize(std::min(total, kListedProblems));
  std::string text = fmt::format("{}", fmt::join(listed, "; "));
  if (total > listed.size()) text += fmt::format("; and {} more", total - listed.size());
  return InvalidInput("{}", text);
}

}  // namespace segforge
