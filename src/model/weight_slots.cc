#include "model/weight_slots.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace segforge {

Weight WeightSlots::Slot(const LayerName& layer, Place place, std::string_view suffix, const Shape& shape) {
  std::string name = TensorName(names_, layer, place, suffix);
  const int64_t rows = shape[0];
  if (layer.parts > 1) name += fmt::format("[{}:{}]", layer.part * rows, (layer.part + 1) * rows);
  return Named(std::move(name), shape);
}

Weight WeightSlots::Columns(const LayerName& layer, int64_t index, int64_t out, int64_t in) {
  return Named(
      fmt::format("{}[:, {}:{}]", TensorName(names_, layer, {}, "weight"), index * in, (index + 1) * in),
      {out, in});
}

Weight WeightSlots::Named(std::string name, const Shape& shape) {
  if (mode_ == Mode::kCount) {
    bytes_ += shape.elems() * static_cast<int64_t>(sizeof(float));
    return {std::move(name), nullptr};
  }
  std::shared_ptr<const Tensor>& slot = slots_[name];
  return {std::move(name), slot != nullptr ? slot : std::make_shared<const Tensor>(DType::kF32, shape)};
}

Weight WeightSlots::LinearWithoutBias(const LayerName& layer, Place place, int64_t out, int64_t in) {
  return Slot(layer, place, "weight", {out, in});
}
Weight WeightSlots::Bias(const LayerName& layer, Place place, int64_t channels) {
  return Slot(layer, place, "bias", {channels});
}
LayerWeights WeightSlots::Linear(const LayerName& layer, Place place, int64_t out, int64_t in) {
  return {LinearWithoutBias(layer, place, out, in), Bias(layer, place, out)};
}
LayerWeights WeightSlots::Conv(const LayerName& layer, Place place, int64_t out, int64_t in, int64_t kernel,
                               const std::string&) {
  return {Slot(layer, place, "weight", {out, kernel, kernel, in}), Bias(layer, place, out)};
}
LayerWeights WeightSlots::Depthwise(const LayerName& layer, Place place, int64_t channels) {
  return {Slot(layer, place, "weight", {3, 3, channels}), Bias(layer, place, channels)};
}
LayerWeights WeightSlots::Norm(const LayerName& layer, Place place, int64_t channels) {
  return {Slot(layer, place, "weight", {channels}), Bias(layer, place, channels)};
}
BatchNormWeights WeightSlots::BatchNorm(const LayerName& layer, Place place, int64_t channels) {
  return {Slot(layer, place, "weight", {channels}), Slot(layer, place, "bias", {channels}),
          Slot(layer, place, "running_mean", {channels}), Slot(layer, place, "running_var", {channels})};
}

Status WeightSlots::Fill(const std::string& name, std::shared_ptr<const Tensor> tensor) {
  const auto values = tensor->span<float>();
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
    return InvalidInput("weight \"{}\": a value is not finite", name);
  std::shared_ptr<const Tensor>& slot = slots_[name];
  if (slot == nullptr) {
    slot = std::move(tensor);
    return Status();
  }
  const auto held = slot->span<float>();
  const bool same =
      held.size() == values.size() && std::memcmp(held.data(), values.data(), values.size_bytes()) == 0;
  return same ? Status() : InvalidInput("weight \"{}\": it has one value here and another there", name);
}

}  // namespace segforge
