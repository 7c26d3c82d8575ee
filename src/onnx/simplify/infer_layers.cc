// Products, windows, reductions and resizing.
#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/simplify/infer.h"

namespace segforge::simplify {
namespace {

using Ints = std::vector<int64_t>;

int64_t At(const Ints& list, size_t index, int64_t otherwise) {
  return index < list.size() ? list[index] : otherwise;
}

Ints List(const NodeView& view, std::string_view name) {
  const auto* list = view.spec().Find<Ints>(name);
  return list != nullptr ? *list : Ints();
}

struct Windows {
  Ints kernel, strides, dilations, pads;
  std::string auto_pad;
  bool rounds_up = false;

  static Windows Of(const NodeView& view, Ints kernel) {
    return {std::move(kernel),
            List(view, "strides"),
            List(view, "dilations"),
            List(view, "pads"),
            view.spec().Text("auto_pad", "NOTSET"),
            view.spec().Int("ceil_mode", 0) != 0};
  }

  Result<Size> OutputOf(const Size& in, size_t axis, const Size& place) const {
    const size_t axes = kernel.size();
    const int64_t stride = At(strides, axis, 1), dilation = At(dilations, axis, 1);
    const int64_t before = At(pads, axis, 0), after = At(pads, axes + axis, 0);
    constexpr int64_t kMost = 1 << 30;
    for (const int64_t number : {kernel[axis], stride, dilation}) {
      if (number < 1 || number > kMost) return InvalidInput("a window of {}, {} apart", kernel[axis], stride);
    }
    for (const int64_t pad : {before, after}) {
      if (pad < -kMost || pad > kMost) return InvalidInput("pads of {}", pad);
    }
    if (auto_pad.starts_with("SAME")) {
      if (!in.is_known()) return Size::Function("same", {in, stride}, place);
      return Size((in.value() + stride - 1) / stride);
    }
    const int64_t pad = auto_pad == "VALID" ? 0 : before + after;
    const int64_t shorter = dilation * (kernel[axis] - 1) + 1 - pad;
    if (!in.is_known()) {
      if (stride == 1 && shorter == 1) return in;
      return Size::Function(rounds_up ? "window-up" : "window", {in, shorter, stride}, place);
    }
    const int64_t room = in.value() - shorter;
    if (room < 0) return InvalidInput("a window of {} in a size of {}", shorter + pad, in.value() + pad);
    int64_t count = (rounds_up ? room + stride - 1 : room) / stride + 1;
    if (rounds_up && (count - 1) * stride >= in.value() + before) --count;  // none that begins in the padding
    return Size(count);
  }

  // The sizes of x [N, C, ..], channels and windows applied.
  Result<Sizes> Apply(const Sizes& x, const Size& channels, const NodeView& view) const {
    if (x.size() != kernel.size() + 2)
      return InvalidInput("expected {} axes, got {}", kernel.size() + 2, ToString(x));
    Sizes result = {x[0], channels};
    for (size_t i = 0; i < kernel.size(); ++i) {
      SEGFORGE_ASSIGN_OR_RETURN(const Size size, OutputOf(x[i + 2], i, view.Unknown(i + 2)));
      result.push_back(size);
    }
    return result;
  }
};

Types Of(const NodeView& view, std::optional<Sizes> dims) { return {{view.dtype(0), std::move(dims)}}; }

Result<Types> Conv(const NodeView& view) {
  const Sizes *x = view.dims(0), *w = view.dims(1);
  if (x == nullptr || w == nullptr || w->size() < 3 || !AllKnown(*w)) return Of(view, std::nullopt);
  if (x->size() != w->size()) return InvalidInput("weights {} for {}", ToString(*w), ToString(*x));
  const int64_t groups = view.spec().Int("group", 1);
  const Size& channels = (*x)[1];
  if (groups < 1 || (channels.is_known() && channels != (*w)[1] * Size(groups)))
    return InvalidInput("weights {} in {} groups for {}", ToString(*w), groups, ToString(*x));
  Ints kernel;
  for (size_t i = 2; i < w->size(); ++i) kernel.push_back((*w)[i].value());
  SEGFORGE_ASSIGN_OR_RETURN(Sizes y, Windows::Of(view, kernel).Apply(*x, (*w)[0], view));
  return Of(view, std::move(y));
}

Result<Types> ConvTranspose(const NodeView& view) {
  const Sizes *x = view.dims(0), *w = view.dims(1);
  if (x == nullptr || w == nullptr || w->size() < 3 || x->size() != w->size()) return Of(view, std::nullopt);
  Sizes y = {(*x)[0], (*w)[1] * Size(view.spec().Int("group", 1))};
  const Ints strides = List(view, "strides"), dilations = List(view, "dilations"), pads = List(view, "pads");
  const Ints more = List(view, "output_padding");
  const bool is_plain =
      view.spec().Text("auto_pad", "NOTSET") == "NOTSET" && List(view, "output_shape").empty();
  for (size_t i = 2; i < x->size(); ++i) {
    const Size &in = (*x)[i], &kernel = (*w)[i];
    const size_t axis = i - 2, axes = x->size() - 2;
    const Ints numbers = {
        in.value(),        kernel.value(),    At(strides, axis, 1),    At(dilations, axis, 1),
        At(more, axis, 0), At(pads, axis, 0), At(pads, axes + axis, 0)};
    const auto is_usual = [](int64_t number) { return number >= 0 && number < INT32_MAX; };
    if (!is_plain || !in.is_known() || !kernel.is_known() || !std::ranges::all_of(numbers, is_usual)) {
      y.push_back(view.Unknown(i));
      continue;
    }
    y.emplace_back((in.value() - 1) * At(strides, axis, 1) + (kernel.value() - 1) * At(dilations, axis, 1) +
                   1 + At(more, axis, 0) - At(pads, axis, 0) - At(pads, axes + axis, 0));
  }
  return Of(view, std::move(y));
}

Result<Types> Pool(const NodeView& view) {
  const Sizes* x = view.dims(0);
  const Ints kernel = List(view, "kernel_shape");
  if (x == nullptr || x->size() < 3) return Of(view, std::nullopt);
  SEGFORGE_ASSIGN_OR_RETURN(Sizes y, Windows::Of(view, kernel).Apply(*x, (*x)[1], view));
  Types types = Of(view, std::move(y));
  types.push_back({DType::kI64, types[0].dims});
  return types;
}

Result<Types> GlobalPool(const NodeView& view) {
  if (view.dims(0) == nullptr || view.dims(0)->size() < 2) return Of(view, std::nullopt);
  Sizes y = *view.dims(0);
  std::fill(y.begin() + 2, y.end(), Size(1));
  return Of(view, std::move(y));
}

Status CheckInner(const Size& a, const Size& b, const NodeView& view) {
  if (!a.is_known() || !b.is_known() || a == b) return Status();
  return InvalidInput("a product of {} and {}", ToString(*view.dims(0)), ToString(*view.dims(1)));
}

Result<Types> MatMul(const NodeView& view) {
  if (view.dims(0) == nullptr || view.dims(1) == nullptr) return Of(view, std::nullopt);
  Sizes a = *view.dims(0), b = *view.dims(1);
  if (a.empty() || b.empty()) return InvalidInput("a product of a scalar");
  const bool is_row = a.size() == 1, is_column = b.size() == 1;
  if (is_row) a.insert(a.begin(), Size(1));
  if (is_column) b.emplace_back(1);
  SEGFORGE_RETURN_IF_ERROR(CheckInner(a.back(), b[b.size() - 2], view));
  SEGFORGE_ASSIGN_OR_RETURN(Sizes y, Broadcast({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2}, view));
  if (!is_row) y.push_back(a[a.size() - 2]);
  if (!is_column) y.push_back(b.back());
  return Of(view, std::move(y));
}

Result<Types> Gemm(const NodeView& view) {
  const Sizes *a = view.dims(0), *b = view.dims(1);
  if (a == nullptr || b == nullptr) return Of(view, std::nullopt);
  if (a->size() != 2 || b->size() != 2)
    return InvalidInput("a product of {} and {}", ToString(*a), ToString(*b));
  const size_t ta = view.spec().Int("transA", 0) != 0 ? 1 : 0, tb = view.spec().Int("transB", 0) != 0 ? 1 : 0;
  SEGFORGE_RETURN_IF_ERROR(CheckInner((*a)[1 - ta], (*b)[tb], view));
  return Of(view, Sizes{(*a)[ta], (*b)[1 - tb]});
}

Result<Types> Reduce(const NodeView& view) {
  const Sizes* x = view.dims(0);
  const auto axes = view.Numbers(1, "axes");
  if (x == nullptr || !axes) return Of(view, std::nullopt);
  if (axes->empty() && view.spec().Int("noop_with_empty_axes", 0) != 0) return Of(view, *x);
  std::vector<bool> is_reduced(x->size(), axes->empty());
  for (const int64_t axis : *axes) {
    SEGFORGE_ASSIGN_OR_RETURN(const size_t at, AxisOf(axis, x->size()));
    is_reduced[at] = true;
  }
  Sizes y;
  for (size_t i = 0; i < x->size(); ++i) {
    if (!is_reduced[i]) y.push_back((*x)[i]);
    if (is_reduced[i] && view.spec().Int("keepdims", 1) != 0) y.emplace_back(1);
  }
  return Of(view, std::move(y));
}

Result<Types> ArgBest(const NodeView& view) {
  const Sizes* x = view.dims(0);
  if (x == nullptr) return Types{{DType::kI64, std::nullopt}};
  SEGFORGE_ASSIGN_OR_RETURN(const size_t axis, AxisOf(view.spec().Int("axis", 0), x->size()));
  Sizes y = *x;
  y[axis] = Size(1);
  if (view.spec().Int("keepdims", 1) == 0) y.erase(y.begin() + static_cast<std::ptrdiff_t>(axis));
  return Types{{DType::kI64, std::move(y)}};
}

std::optional<std::vector<double>> Scales(const NodeView& view, size_t input) {
  const auto* attribute = view.spec().Find<std::vector<float>>("scales");
  if (attribute != nullptr) return std::vector<double>(attribute->begin(), attribute->end());
  const KnownValue* constant = view.constant(input);
  if (constant == nullptr || constant->view.shape.elems() == 0) return std::nullopt;
  const Result<std::vector<double>> values = SmallValues(*constant);
  return values.ok() ? std::optional(*values) : std::nullopt;
}

Result<Sizes> Scaled(const Sizes& x, const std::vector<double>& scales, const NodeView& view) {
  if (scales.size() != x.size()) return InvalidInput("{} scales for {}", scales.size(), ToString(x));
  Sizes y;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!(scales[i] > 0 && scales[i] < 1e6)) return InvalidInput("a scale of {}", scales[i]);
    if (scales[i] == std::floor(scales[i])) {
      y.push_back(x[i] * Size(static_cast<int64_t>(scales[i])));
    } else if (x[i].is_known()) {
      // As runtimes have it: in float32.
      const float size = std::floor(static_cast<float>(x[i].value()) * static_cast<float>(scales[i]));
      y.emplace_back(static_cast<int64_t>(std::min(size, 1e18f)));
    } else {
      y.push_back(view.Unknown(i));
    }
  }
  return y;
}

Result<Types> Resize(const NodeView& view) {
  const Sizes* x = view.dims(0);
  if (x == nullptr || view.spec().Find<Ints>("axes") != nullptr) return Of(view, std::nullopt);
  const bool is_upsample = view.spec().op == "Upsample" || view.opset() < 11;
  if (!is_upsample && view.Has(3)) {
    const Sizes* sizes = view.content(3);
    const bool stretches = view.spec().Text("keep_aspect_ratio_policy", "stretch") == "stretch";
    if (sizes == nullptr || sizes->size() != x->size() || !stretches) return Of(view, std::nullopt);
    return Of(view, *sizes);
  }
  const auto scales = Scales(view, is_upsample ? 1 : 2);
  if (!scales) return Of(view, std::nullopt);
  SEGFORGE_ASSIGN_OR_RETURN(Sizes y, Scaled(*x, *scales, view));
  return Of(view, std::move(y));
}

constexpr auto kRows = std::to_array<InferenceRow>({
    {"Conv", Conv},
    {"ConvTranspose", ConvTranspose},
    {"AveragePool", Pool},
    {"LpPool", Pool},
    {"MaxPool", Pool},
    {"GlobalAveragePool", GlobalPool},
    {"GlobalLpPool", GlobalPool},
    {"GlobalMaxPool", GlobalPool},
    {"MatMul", MatMul},
    {"Gemm", Gemm},
    {"ReduceL1", Reduce},
    {"ReduceL2", Reduce},
    {"ReduceLogSum", Reduce},
    {"ReduceLogSumExp", Reduce},
    {"ReduceMax", Reduce},
    {"ReduceMean", Reduce},
    {"ReduceMin", Reduce},
    {"ReduceProd", Reduce},
    {"ReduceSum", Reduce},
    {"ReduceSumSquare", Reduce},
    {"ArgMax", ArgBest},
    {"ArgMin", ArgBest},
    {"Resize", Resize},
    {"Upsample", Resize},
});

}  // namespace

std::span<const InferenceRow> LayerInferences() { return kRows; }

}  // namespace segforge::simplify
