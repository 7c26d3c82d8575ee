#include <array>
#include <numeric>

#include "onnx/simplify/evaluate.h"
#include "onnx/simplify/numbers.h"
#include "onnx/simplify/ranges.h"
#include "onnx/simplify/strided.h"

namespace segforge::simplify {
namespace {

using Ints = std::vector<int64_t>;

void CopyStrided(const ConstTensorView& from, int64_t start, const Ints& strides, Tensor& to) {
  ForEachStrided(to.shape(), strides,
                 [&](int64_t offset, int64_t i) { CopyElement(from, start + offset, to, i); });
}

bool Transpose(const NodeView& view, std::span<Tensor> outputs) {
  const ConstTensorView& from = view.constant(0)->view;
  const Ints own = StridesOf(from.shape);
  Ints order(own.size());
  std::iota(order.rbegin(), order.rend(), 0);
  if (const auto* perm = view.spec().Find<Ints>("perm")) order = *perm;
  Ints strides;
  for (const int64_t axis : order) strides.push_back(own[static_cast<size_t>(axis)]);
  CopyStrided(from, 0, strides, outputs[0]);
  return true;
}

bool Expand(const NodeView& view, std::span<Tensor> outputs) {
  const ConstTensorView& from = view.constant(0)->view;
  CopyStrided(from, 0, BroadcastStrides(from.shape, outputs[0].shape()), outputs[0]);
  return true;
}

bool Slice(const NodeView& view, std::span<Tensor> outputs) {
  const ConstTensorView& from = view.constant(0)->view;
  const auto starts = view.Numbers(1, "starts"), ends = view.Numbers(2, "ends"),
             steps = view.Numbers(4, "steps");
  auto axes = view.Numbers(3, "axes");
  if (!starts || !ends || !steps || !axes) return false;
  if (axes->empty()) {
    axes->resize(starts->size());
    std::iota(axes->begin(), axes->end(), 0);
  }
  Ints strides = StridesOf(from.shape);
  int64_t start = 0;
  for (size_t i = 0; i < axes->size(); ++i) {
    const size_t axis = AxisOf((*axes)[i], strides.size()).value();
    const int64_t size = from.shape[static_cast<int>(axis)];
    const int64_t step = steps->empty() ? 1 : (*steps)[i];
    const SliceBounds bounds = SliceBounds::Of(size, (*starts)[i], (*ends)[i], step);
    start += bounds.start * strides[axis];
    strides[axis] *= std::clamp(step, -size, size);
  }
  CopyStrided(from, start, strides, outputs[0]);
  return true;
}

bool Split(const NodeView& view, std::span<Tensor> outputs) {
  const ConstTensorView& from = view.constant(0)->view;
  const Ints strides = StridesOf(from.shape);
  const size_t axis = AxisOf(view.spec().Int("axis", 0), strides.size()).value();
  int64_t at = 0;
  for (Tensor& part : outputs) {
    const int64_t size = part.shape()[static_cast<int>(axis)];
    if (at + size > from.shape[static_cast<int>(axis)]) return false;
    CopyStrided(from, at * strides[axis], strides, part);
    at += size;
  }
  return true;
}

bool Tile(const NodeView& view, std::span<Tensor> outputs) {
  const ConstTensorView& from = view.constant(0)->view;
  const Ints own = StridesOf(from.shape), whole = StridesOf(outputs[0].shape());
  for (int64_t i = 0; i < outputs[0].shape().elems(); ++i) {
    int64_t source = 0;
    for (size_t axis = 0; axis < own.size(); ++axis)
      source += i / whole[axis] % from.shape[static_cast<int>(axis)] * own[axis];
    CopyElement(from, source, outputs[0], i);
  }
  return true;
}

bool Concat(const NodeView& view, std::span<Tensor> outputs) {
  const Ints strides = StridesOf(outputs[0].shape());
  const size_t axis = AxisOf(view.spec().Int("axis", 1), strides.size()).value();
  int64_t at = 0;
  for (size_t i = 0; i < view.inputs(); ++i) {
    const ConstTensorView& part = view.constant(i)->view;
    if (part.dtype != outputs[0].dtype()) return false;
    ForEachStrided(part.shape, strides, [&](int64_t offset, int64_t element) {
      CopyElement(part, element, outputs[0], at * strides[axis] + offset);
    });
    at += part.shape[static_cast<int>(axis)];
  }
  return true;
}

bool Gather(const NodeView& view, std::span<Tensor> outputs) {
  const ConstTensorView& from = view.constant(0)->view;
  const size_t axis = AxisOf(view.spec().Int("axis", 0), static_cast<size_t>(from.shape.rank())).value();
  const Ints indices = ReadNumbers<int64_t>(view.constant(1)->view);
  const int64_t size = from.shape[static_cast<int>(axis)], inner = StridesOf(from.shape)[axis];
  const auto count = static_cast<int64_t>(indices.size());
  for (int64_t i = 0; i < outputs[0].shape().elems(); ++i) {
    const int64_t index = indices[static_cast<size_t>(i / inner % count)];
    const int64_t row = index < 0 ? index + size : index;
    if (row < 0 || row >= size) return false;
    CopyElement(from, (i / (inner * count) * size + row) * inner + i % inner, outputs[0], i);
  }
  return true;
}

bool ConstantOfShape(const NodeView& view, std::span<Tensor> outputs) {
  const auto* value = view.spec().Find<ConstTensorView>("value");
  if (value != nullptr && value->shape.elems() != 1) return false;
  const float zero = 0;
  const ConstTensorView filled = value != nullptr ? *value : ConstTensorView{&zero, DType::kF32, Shape()};
  for (int64_t i = 0; i < outputs[0].shape().elems(); ++i) CopyElement(filled, 0, outputs[0], i);
  return true;
}

constexpr auto kEntries = std::to_array<EvaluationEntry>({
    {"Concat", Concat},
    {"ConstantOfShape", ConstantOfShape},
    {"Expand", Expand},
    {"Gather", Gather},
    {"Slice", Slice},
    {"Split", Split},
    {"Tile", Tile},
    {"Transpose", Transpose},
});

}  // namespace

std::span<const EvaluationEntry> MoveEvaluations() { return kEntries; }

}  // namespace segforge::simplify
