// Shape arithmetic on what is partly known: sizes are taken out of a shape, computed with, and put together
// to a shape again.
#include <array>

#include "onnx/simplify/infer.h"
#include "onnx/simplify/ranges.h"

namespace segforge::simplify {
namespace {

using Content = std::optional<Sizes>;
constexpr size_t kMaxElems = 4096;

bool IsWhole(std::optional<DType> dtype) { return dtype && !IsFloat(*dtype); }

Content Copied(const NodeView& view) {
  return view.content(0) != nullptr ? Content(*view.content(0)) : std::nullopt;
}

Content ShapeOf(const NodeView& view) {
  const Sizes* dims = view.dims(0);
  if (dims == nullptr) return std::nullopt;
  const auto [begin, end] = ShapeRange(view.spec(), dims->size());
  return Sizes(dims->begin() + static_cast<std::ptrdiff_t>(begin),
               dims->begin() + static_cast<std::ptrdiff_t>(end));
}

Content SizeOfAll(const NodeView& view) {
  const Sizes* dims = view.dims(0);
  return dims != nullptr ? Content({ProductOf(*dims, 0, dims->size())}) : std::nullopt;
}

Content Gather(const NodeView& view) {
  const Sizes* data = view.content(0);
  const auto indices = view.Numbers(1, "");
  if (data == nullptr || !indices || !view.Has(1) || view.dims(0)->size() != 1) return std::nullopt;
  Sizes taken;
  for (const int64_t index : *indices) {
    const Result<size_t> at = AxisOf(index, data->size());
    if (!at.ok()) return std::nullopt;
    taken.push_back((*data)[*at]);
  }
  return taken;
}

Content Slice(const NodeView& view) {
  const Sizes* data = view.content(0);
  const auto starts = view.Numbers(1, "starts"), ends = view.Numbers(2, "ends"),
             steps = view.Numbers(4, "steps");
  if (data == nullptr || !starts || !ends || !steps || starts->size() != 1 || ends->size() != 1)
    return std::nullopt;
  const int64_t step = steps->empty() ? 1 : (*steps)[0];
  if (step == 0) return std::nullopt;
  const auto bounds = SliceBounds::Of(static_cast<int64_t>(data->size()), (*starts)[0], (*ends)[0], step);
  Sizes taken;
  for (int64_t i = 0; i < bounds.count; ++i)
    taken.push_back((*data)[static_cast<size_t>(bounds.start + i * step)]);
  return taken;
}

Content Concat(const NodeView& view) {
  Sizes all;
  for (size_t i = 0; i < view.inputs(); ++i) {
    if (view.content(i) == nullptr) return std::nullopt;
    all.insert(all.end(), view.content(i)->begin(), view.content(i)->end());
    if (all.size() > kMaxElems) return std::nullopt;
  }
  return all;
}

Content ToWhole(const NodeView& view) {
  const Result<DType> to = OnnxDType(static_cast<int32_t>(view.spec().Int("to", 0)));
  return to.ok() && (*to == DType::kI64 || *to == DType::kI32) ? Copied(view) : std::nullopt;
}

Content ConstantOfShape(const NodeView& view) {
  const auto* value = view.spec().Find<ConstTensorView>("value");
  const auto count = view.Numbers(0, "");
  if (value == nullptr || IsFloat(value->dtype) || !count || count->size() > 1) return std::nullopt;
  const Result<std::vector<int64_t>> number = WholeNumbers({*value, nullptr});
  const int64_t elems = count->empty() ? 1 : (*count)[0];
  if (!number.ok() || number->size() != 1 || elems < 0 || elems > static_cast<int64_t>(kMaxElems))
    return std::nullopt;
  return Sizes(static_cast<size_t>(elems), Size((*number)[0]));
}

using Compute = Size (*)(const Size& a, const Size& b, const Size& place);

Size Add(const Size& a, const Size& b, const Size& place) {
  int64_t sum = 0;
  if (a == Size(0)) return b;
  if (b == Size(0)) return a;
  if (a.is_known() && b.is_known() && !__builtin_add_overflow(a.value(), b.value(), &sum)) return sum;
  return Size::Function("add", {a, b}, place);
}

Size Subtract(const Size& a, const Size& b, const Size& place) {
  int64_t difference = 0;
  if (a == b) return 0;
  if (b == Size(0)) return a;
  if (a.is_known() && b.is_known() && !__builtin_sub_overflow(a.value(), b.value(), &difference))
    return difference;
  return Size::Function("sub", {a, b}, place);
}

Size Multiply(const Size& a, const Size& b, const Size&) { return a * b; }

Size Divide(const Size& a, const Size& b, const Size& place) {
  if (const std::optional<Size> exact = Quotient(a, b)) return *exact;
  if (a.is_known() && b.is_known() && b.value() != 0 && b.value() != -1) return a.value() / b.value();
  return Size::Function("div", {a, b}, place);
}

// Sizes are never negative, so that -1 is none of them.
Size Equal(const Size& a, const Size& b, const Size& place) {
  if (a == b) return 1;
  if (a.is_known() && b.is_known()) return 0;
  const Size& known = a.is_known() ? a : b;
  return known.is_known() && known.value() < 0 ? Size(0) : place;
}

template <Compute compute>
Content Paired(const NodeView& view) {
  const Sizes *a = view.content(0), *b = view.content(1);
  const bool fits =
      a != nullptr && b != nullptr && (a->size() == b->size() || a->size() == 1 || b->size() == 1);
  if (!fits) return std::nullopt;
  Sizes result;
  for (size_t i = 0; i < (a->size() == 1 ? b->size() : a->size()); ++i) {
    const Size& left = (*a)[a->size() == 1 ? 0 : i];
    const Size& right = (*b)[b->size() == 1 ? 0 : i];
    result.push_back(compute(left, right, Size::Unknown(view.spec().name, i)));
  }
  return result;
}

Content Where(const NodeView& view) {
  const auto chosen = view.Numbers(0, "");
  const Sizes *yes = view.content(1), *no = view.content(2);
  if (!chosen || !view.Has(0) || yes == nullptr || no == nullptr) return std::nullopt;
  if (yes->size() != chosen->size() || no->size() != chosen->size()) return std::nullopt;
  Sizes result;
  for (size_t i = 0; i < chosen->size(); ++i) result.push_back((*chosen)[i] != 0 ? (*yes)[i] : (*no)[i]);
  return result;
}

struct ContentRow {
  std::string_view op;
  Content (*compute)(const NodeView& view);
};
constexpr auto kRows = std::to_array<ContentRow>({
    {"Shape", ShapeOf},
    {"Size", SizeOfAll},
    {"Gather", Gather},
    {"Slice", Slice},
    {"Concat", Concat},
    {"Identity", Copied},
    {"Squeeze", Copied},
    {"Unsqueeze", Copied},
    {"Reshape", Copied},
    {"Cast", ToWhole},
    {"ConstantOfShape", ConstantOfShape},
    {"Add", Paired<Add>},
    {"Sub", Paired<Subtract>},
    {"Mul", Paired<Multiply>},
    {"Div", Paired<Divide>},
    {"Equal", Paired<Equal>},
    {"Where", Where},
});

bool IsListOfWhole(const Type& type) { return IsWhole(type.dtype) && type.dims && type.dims->size() <= 1; }

}  // namespace

std::optional<Sizes> ContentOf(const NodeView& view) {
  const auto row = std::ranges::find(kRows, std::string_view(view.spec().op), &ContentRow::op);
  if (row == kRows.end() || !IsListOfWhole(view.output())) return std::nullopt;
  // Whole numbers alone: what divides floats does not round.
  for (size_t i = 0; i < view.inputs(); ++i) {
    if (view.spec().op != "Shape" && view.spec().op != "Size" && view.Has(i) && !IsWhole(view.dtype(i)))
      return std::nullopt;
  }
  Content content = row->compute(view);
  const Sizes& dims = *view.output().dims;
  const Size count = dims.empty() ? Size(1) : dims[0];
  if (content && count != Size(static_cast<int64_t>(content->size()))) return std::nullopt;
  return content;
}

}  // namespace segforge::simplify
