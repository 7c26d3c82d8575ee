// Shape arithmetic: what exporters write to compute the sizes that they give to Reshape, Resize and Slice.
#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/known_value.h"

namespace segforge {
namespace {

using Inputs = std::vector<const KnownValue*>;
constexpr int64_t kMaxElems = 4096;

struct Numbers {
  Shape shape;
  std::vector<double> values;
  DType dtype = DType::kI64;  // of the result: i64, or f32
};

DType Kept(DType dtype) { return IsFloat(dtype) ? DType::kF32 : DType::kI64; }

Result<Numbers> Read(const Inputs& inputs, size_t index) {
  if (index >= inputs.size() || inputs[index] == nullptr) return InvalidInput("input {} is missing", index);
  SEGFORGE_ASSIGN_OR_RETURN(std::vector<double> values, SmallValues(*inputs[index]));
  return Numbers{inputs[index]->view.shape, std::move(values), Kept(inputs[index]->view.dtype)};
}

Result<std::vector<int64_t>> ReadWhole(const Inputs& inputs, size_t index) {
  if (index >= inputs.size() || inputs[index] == nullptr) return InvalidInput("input {} is missing", index);
  return WholeNumbers(*inputs[index]);
}

KnownValue ToConstant(const Numbers& numbers) {
  Tensor tensor(numbers.dtype, numbers.shape);
  for (size_t i = 0; i < numbers.values.size(); ++i) {
    if (numbers.dtype == DType::kF32) {
      tensor.span<float>()[i] = static_cast<float>(numbers.values[i]);
    } else {
      tensor.span<int64_t>()[i] = static_cast<int64_t>(std::clamp(numbers.values[i], -1e18, 1e18));
    }
  }
  return KnownValue::Of(std::move(tensor));
}

Numbers List(std::vector<double> values, DType dtype) {
  return {{static_cast<int64_t>(values.size())}, std::move(values), dtype};
}

Status ExpectList(const Numbers& numbers) {
  if (numbers.shape.rank() <= 1) return Status();
  return Unsupported("shape arithmetic on {}: expected at most one axis", ToString(numbers.shape));
}

Result<Numbers> Gather(const OnnxNode&, const Inputs& inputs) {
  SEGFORGE_ASSIGN_OR_RETURN(const Numbers data, Read(inputs, 0));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<int64_t> indices, ReadWhole(inputs, 1));
  SEGFORGE_RETURN_IF_ERROR(ExpectList(data));
  const auto size = static_cast<int64_t>(data.values.size());
  Numbers result = {inputs[1]->view.shape, {}, data.dtype};
  for (const int64_t index : indices) {
    if (index < -size || index >= size) return InvalidInput("index {} of {} elements", index, size);
    result.values.push_back(data.values[static_cast<size_t>(index < 0 ? index + size : index)]);
  }
  return result;
}

// x, starts, ends, axes, steps
Result<Numbers> Slice(const OnnxNode&, const Inputs& inputs) {
  SEGFORGE_ASSIGN_OR_RETURN(const Numbers data, Read(inputs, 0));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<int64_t> starts, ReadWhole(inputs, 1));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<int64_t> ends, ReadWhole(inputs, 2));
  SEGFORGE_RETURN_IF_ERROR(ExpectList(data));
  std::vector<int64_t> steps = {1};
  if (inputs.size() > 4 && inputs[4] != nullptr) {
    SEGFORGE_ASSIGN_OR_RETURN(steps, ReadWhole(inputs, 4));
  }
  if (starts.size() != 1 || ends.size() != 1 || steps.size() != 1 || steps[0] == 0)
    return Unsupported("expected one start, one end and one step");
  const auto size = static_cast<int64_t>(data.values.size());
  const int64_t step = steps[0];
  const auto bounded = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + size : at, step > 0 ? 0 : -1, step > 0 ? size : size - 1);
  };
  const int64_t end = bounded(ends[0]);
  std::vector<double> values;
  for (int64_t i = bounded(starts[0]); step > 0 ? i < end : i > end; i += step)
    values.push_back(data.values[static_cast<size_t>(i)]);
  return List(std::move(values), data.dtype);
}

Result<Numbers> Concat(const OnnxNode&, const Inputs& inputs) {
  Numbers result;
  for (size_t i = 0; i < inputs.size(); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(const Numbers part, Read(inputs, i));
    SEGFORGE_RETURN_IF_ERROR(ExpectList(part));
    result.values.insert(result.values.end(), part.values.begin(), part.values.end());
    result.dtype = part.dtype;
    if (static_cast<int64_t>(result.values.size()) > kMaxElems)
      return Unsupported("shape arithmetic is too long");
  }
  return List(std::move(result.values), result.dtype);
}

// Shapes here have an axis at most, so any of these gives a list or a scalar.
Result<Numbers> Unsqueeze(const OnnxNode&, const Inputs& inputs) {
  SEGFORGE_ASSIGN_OR_RETURN(Numbers data, Read(inputs, 0));
  if (data.shape.rank() != 0) return Unsupported("shape arithmetic with more than one axis");
  data.shape = {1};
  return data;
}

Result<Numbers> Squeeze(const OnnxNode&, const Inputs& inputs) {
  SEGFORGE_ASSIGN_OR_RETURN(Numbers data, Read(inputs, 0));
  if (data.values.size() != 1) return InvalidInput("expected one element, got {}", data.values.size());
  data.shape = Shape();
  return data;
}

Result<Numbers> Reshape(const OnnxNode&, const Inputs& inputs) {
  SEGFORGE_ASSIGN_OR_RETURN(Numbers data, Read(inputs, 0));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, ReadWhole(inputs, 1));
  if (shape.size() > 1) return Unsupported("shape arithmetic with more than one axis");
  return shape.empty() ? Squeeze(OnnxNode(), inputs) : List(std::move(data.values), data.dtype);
}

Result<Numbers> Cast(const OnnxNode& node, const Inputs& inputs) {
  SEGFORGE_ASSIGN_OR_RETURN(Numbers data, Read(inputs, 0));
  const int64_t to = node.Int("to", 0);
  constexpr std::array<int64_t, 4> kFloats = {1, 10, 11, 16};
  data.dtype = std::ranges::find(kFloats, to) != kFloats.end() ? DType::kF32 : DType::kI64;
  if (data.dtype == DType::kI64) {
    for (double& value : data.values) value = std::trunc(value);
  }
  return data;
}

Result<Numbers> ConstantOfShape(const OnnxNode& node, const Inputs& inputs) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, ReadWhole(inputs, 0));
  SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, Shape::FromUntrusted(dims));
  if (shape.elems() > kMaxElems)
    return Unsupported("{} elements in shape arithmetic; at most {}", shape.elems(), kMaxElems);
  Numbers result = {shape, std::vector<double>(static_cast<size_t>(shape.elems()), 0.0), DType::kF32};
  if (const auto* value = node.Find<ConstTensorView>("value")) {
    const std::optional<double> scalar = ScalarOf({*value, nullptr});
    if (!scalar) return InvalidInput("value: expected one element");
    std::ranges::fill(result.values, *scalar);
    result.dtype = Kept(value->dtype);
  }
  return result;
}

Result<Numbers> Binary(const Inputs& inputs, double (*compute)(double, double)) {
  SEGFORGE_ASSIGN_OR_RETURN(Numbers a, Read(inputs, 0));
  SEGFORGE_ASSIGN_OR_RETURN(Numbers b, Read(inputs, 1));
  if (a.values.size() == 1 && b.values.size() != 1) {
    a.values.assign(b.values.size(), a.values[0]);
    a.shape = b.shape;
  }
  if (b.values.size() == 1) b.values.assign(a.values.size(), b.values[0]);
  if (a.values.size() != b.values.size())
    return InvalidInput("{} and {} do not pair up", ToString(a.shape), ToString(b.shape));
  for (size_t i = 0; i < a.values.size(); ++i) a.values[i] = compute(a.values[i], b.values[i]);
  if (a.dtype == DType::kI64) {
    for (double& value : a.values) value = std::trunc(value);
  }
  return a;
}

Result<Numbers> Unary(const Inputs& inputs, double (*compute)(double)) {
  SEGFORGE_ASSIGN_OR_RETURN(Numbers data, Read(inputs, 0));
  for (double& value : data.values) value = compute(value);
  return data;
}

double Divide(double a, double b) { return b == 0 ? 0 : a / b; }  // whole numbers by 0 are nobody's business

struct Row {
  std::string_view op;
  Result<Numbers> (*fold)(const OnnxNode&, const Inputs&);
};
constexpr std::array<Row, 17> kRows = {{
    {"Gather", Gather},
    {"Slice", Slice},
    {"Concat", Concat},
    {"Unsqueeze", Unsqueeze},
    {"Squeeze", Squeeze},
    {"Reshape", Reshape},
    {"Cast", Cast},
    {"ConstantOfShape", ConstantOfShape},
    {"Add",
     [](const OnnxNode&, const Inputs& in) { return Binary(in, [](double a, double b) { return a + b; }); }},
    {"Sub",
     [](const OnnxNode&, const Inputs& in) { return Binary(in, [](double a, double b) { return a - b; }); }},
    {"Mul",
     [](const OnnxNode&, const Inputs& in) { return Binary(in, [](double a, double b) { return a * b; }); }},
    {"Div", [](const OnnxNode&, const Inputs& in) { return Binary(in, Divide); }},
    {"Max", [](const OnnxNode&, const Inputs& in) { return Binary(in, std::fmax); }},
    {"Min", [](const OnnxNode&, const Inputs& in) { return Binary(in, std::fmin); }},
    {"Floor", [](const OnnxNode&, const Inputs& in) { return Unary(in, std::floor); }},
    {"Ceil", [](const OnnxNode&, const Inputs& in) { return Unary(in, std::ceil); }},
    {"Sqrt", [](const OnnxNode&, const Inputs& in) { return Unary(in, std::sqrt); }},
}};

}  // namespace

Result<std::optional<KnownValue>> Fold(const OnnxNode& node, const std::vector<const KnownValue*>& inputs) {
  const auto row = std::ranges::find(kRows, std::string_view(node.op), &Row::op);
  if (row == kRows.end()) return std::optional<KnownValue>();
  SEGFORGE_ASSIGN_OR_RETURN(const Numbers folded, row->fold(node, inputs));
  return std::optional(ToConstant(folded));
}

}  // namespace segforge
