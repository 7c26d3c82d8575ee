// Operators that move elements about, and those that make them.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "onnx/simplify/infer.h"
#include "onnx/simplify/ranges.h"
#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

using Ints = std::vector<int64_t>;

Types Of(const NodeView& view, std::optional<Sizes> dims) { return {{view.dtype(0), std::move(dims)}}; }

// The shape that a node asks for: unknown where an element is neither a number nor a size.
Result<Types> Reshape(const NodeView& view) {
  const Sizes *x = view.dims(0), *asked = view.content(1);
  if (asked == nullptr) {
    const Sizes* list = view.dims(1);
    if (list == nullptr || list->size() != 1 || !(*list)[0].is_known() ||
        (*list)[0].value() > Shape::kMaxRank)
      return Of(view, std::nullopt);
    Sizes unknown;
    for (size_t i = 0; i < static_cast<size_t>((*list)[0].value()); ++i) unknown.push_back(view.Unknown(i));
    return Of(view, std::move(unknown));
  }
  const bool zero_copies = view.spec().Int("allowzero", 0) == 0;
  Sizes y = *asked;
  std::optional<size_t> rest;
  for (size_t i = 0; i < y.size(); ++i) {
    if (y[i] == Size(-1)) {
      if (rest) return InvalidInput("shape {}: two sizes are left open", ToString(*asked));
      rest = i;
      y[i] = Size(1);
    } else if (y[i] == Size(0) && zero_copies) {
      if (x != nullptr && i >= x->size())
        return InvalidInput("shape {} of {}", ToString(*asked), ToString(*x));
      y[i] = x != nullptr ? (*x)[i] : view.Unknown(i);
    } else if (y[i].is_known() && y[i].value() < 0) {
      return InvalidInput("shape {}", ToString(*asked));
    }
  }
  const Size has = ProductOf(y, 0, y.size());
  const std::optional<Size> wants = x != nullptr ? std::optional(ProductOf(*x, 0, x->size())) : std::nullopt;
  const bool fits = !wants || !wants->is_known() || !has.is_known() || *wants == has ||
                    (rest && has.value() != 0 && wants->value() % has.value() == 0);
  if (!fits) return InvalidInput("shape {} for {}", ToString(*asked), ToString(*x));
  if (rest) {
    const std::optional<Size> open = wants ? Quotient(*wants, has) : std::nullopt;
    y[*rest] = open.value_or(view.Unknown(*rest));
  }
  return Of(view, std::move(y));
}

Result<Types> Transpose(const NodeView& view) {
  const Sizes* x = view.dims(0);
  if (x == nullptr) return Of(view, std::nullopt);
  Ints order(x->size());
  std::iota(order.rbegin(), order.rend(), 0);
  if (view.spec().Find<Ints>("perm") != nullptr) {
    const Ints* perm = PermutationOf(view.node());
    if (perm == nullptr || perm->size() != x->size())
      return InvalidInput("axes in an order that is none of {}", ToString(*x));
    order = *perm;
  }
  Sizes y;
  for (const int64_t axis : order) y.push_back((*x)[static_cast<size_t>(axis)]);
  return Of(view, std::move(y));
}

Result<Types> Flatten(const NodeView& view) {
  const Sizes* x = view.dims(0);
  if (x == nullptr) return Of(view, std::nullopt);
  const auto rank = static_cast<int64_t>(x->size());
  int64_t axis = view.spec().Int("axis", 1);
  if (axis < -rank || axis > rank) return InvalidInput("axis {} of {}", axis, ToString(*x));
  const auto split = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  return Of(view, Sizes{ProductOf(*x, 0, split), ProductOf(*x, split, x->size())});
}

Result<Types> Squeeze(const NodeView& view) {
  const Sizes* x = view.dims(0);
  const auto axes = view.Numbers(1, "axes");
  if (x == nullptr || !axes || (axes->empty() && !AllKnown(*x))) return Of(view, std::nullopt);
  std::vector<bool> goes(x->size(), false);
  for (const int64_t axis : *axes) {
    SEGFORGE_ASSIGN_OR_RETURN(const size_t at, AxisOf(axis, x->size()));
    if ((*x)[at].is_known() && (*x)[at] != Size(1)) return InvalidInput("axis {} of {}", axis, ToString(*x));
    goes[at] = true;
  }
  Sizes y;
  for (size_t i = 0; i < x->size(); ++i) {
    if (!(axes->empty() ? (*x)[i] == Size(1) : goes[i])) y.push_back((*x)[i]);
  }
  return Of(view, std::move(y));
}

Result<Types> Unsqueeze(const NodeView& view) {
  const Sizes* x = view.dims(0);
  const auto axes = view.Numbers(1, "axes");
  if (x == nullptr || !axes) return Of(view, std::nullopt);
  const size_t rank = x->size() + axes->size();
  std::vector<bool> is_new(rank, false);
  for (const int64_t axis : *axes) {
    SEGFORGE_ASSIGN_OR_RETURN(const size_t at, AxisOf(axis, rank));
    if (is_new[at]) return InvalidInput("axis {} twice", axis);
    is_new[at] = true;
  }
  Sizes y;
  for (size_t i = 0, from = 0; i < rank; ++i) y.push_back(is_new[i] ? Size(1) : (*x)[from++]);
  return Of(view, std::move(y));
}

Result<Types> Concat(const NodeView& view) {
  const Sizes* first = view.dims(0);
  if (first == nullptr) return Of(view, std::nullopt);
  SEGFORGE_ASSIGN_OR_RETURN(const size_t axis, AxisOf(view.spec().Int("axis", 1), first->size()));
  Sizes y = *first;
  for (size_t i = 1; i < view.inputs(); ++i) {
    const Sizes* part = view.dims(i);
    if (part == nullptr) return Of(view, std::nullopt);
    if (part->size() != y.size()) return InvalidInput("{} beside {}", ToString(*part), ToString(*first));
    for (size_t j = 0; j < y.size(); ++j) {
      const Size& size = (*part)[j];
      if (j == axis) {
        y[j] = y[j].is_known() && size.is_known() ? Size(y[j].value() + size.value())
                                                  : Size::Function("add", {y[j], size}, view.Unknown(j));
      } else if (y[j].is_known() && size.is_known() && y[j] != size) {
        return InvalidInput("{} beside {}", ToString(*part), ToString(*first));
      } else if (size.is_known()) {
        y[j] = size;
      }
    }
  }
  return Of(view, std::move(y));
}

Result<Types> Slice(const NodeView& view) {
  const Sizes* x = view.dims(0);
  if (x == nullptr) return Of(view, std::nullopt);
  Sizes y = *x;
  const auto starts = view.Numbers(1, "starts"), ends = view.Numbers(2, "ends"),
             steps = view.Numbers(4, "steps");
  auto axes = view.Numbers(3, "axes");
  if (!axes) {
    for (size_t i = 0; i < y.size(); ++i) y[i] = view.Unknown(i);
    return Of(view, std::move(y));
  }
  if (axes->empty() && starts) {
    axes->resize(starts->size());
    std::iota(axes->begin(), axes->end(), 0);
  }
  for (size_t i = 0; i < axes->size(); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(const size_t axis, AxisOf((*axes)[i], x->size()));
    const Size& size = (*x)[axis];
    if (std::ranges::count(*axes, (*axes)[i]) > 1) return InvalidInput("axis {} twice", (*axes)[i]);
    if (std::ranges::count(*axes, (*axes)[i] + ((*axes)[i] < 0 ? 1 : -1) * static_cast<int64_t>(x->size())) >
        0)
      return InvalidInput("axis {} twice", (*axes)[i]);
    y[axis] = view.Unknown(axis);
    if (!starts || !ends || !steps) continue;
    if (starts->size() != axes->size() || ends->size() != axes->size() ||
        (!steps->empty() && steps->size() != axes->size()))
      return InvalidInput("{} starts and {} ends for {} axes", starts->size(), ends->size(), axes->size());
    const int64_t step = steps->empty() ? 1 : (*steps)[i];
    if (step == 0) return InvalidInput("a step of 0");
    const bool takes_all = (*starts)[i] == 0 && (*ends)[i] >= INT32_MAX && step == 1;
    if (takes_all) y[axis] = size;
    if (size.is_known()) y[axis] = Size(SliceBounds::Of(size.value(), (*starts)[i], (*ends)[i], step).count);
  }
  return Of(view, std::move(y));
}

Result<Types> Split(const NodeView& view) {
  const Sizes* x = view.dims(0);
  const auto parts = view.Numbers(1, "split");
  const size_t count = view.node().outputs.size();
  Types types(count, {view.dtype(0), std::nullopt});
  if (x == nullptr || !parts) return types;
  SEGFORGE_ASSIGN_OR_RETURN(const size_t axis, AxisOf(view.spec().Int("axis", 0), x->size()));
  if (!parts->empty() && parts->size() != count)
    return InvalidInput("{} parts for {} outputs", parts->size(), count);
  const Size& whole = (*x)[axis];
  for (size_t i = 0; i < count; ++i) {
    types[i].dims = *x;
    Size& part = (*types[i].dims)[axis];
    if (!parts->empty()) {
      if ((*parts)[i] < 0) return InvalidInput("a part of {}", (*parts)[i]);
      part = Size((*parts)[i]);
    } else if (whole.is_known()) {
      const int64_t each = (whole.value() + static_cast<int64_t>(count) - 1) / static_cast<int64_t>(count);
      part = Size(std::clamp<int64_t>(whole.value() - each * static_cast<int64_t>(i), 0, each));
    } else {
      part = Size::Function("part", {whole, static_cast<int64_t>(count), static_cast<int64_t>(i)},
                            view.Unknown(axis));
    }
  }
  return types;
}

Result<Types> Gather(const NodeView& view) {
  const Sizes *x = view.dims(0), *indices = view.dims(1);
  if (x == nullptr || indices == nullptr) return Of(view, std::nullopt);
  SEGFORGE_ASSIGN_OR_RETURN(const size_t axis, AxisOf(view.spec().Int("axis", 0), x->size()));
  Sizes y(x->begin(), x->begin() + static_cast<std::ptrdiff_t>(axis));
  y.insert(y.end(), indices->begin(), indices->end());
  y.insert(y.end(), x->begin() + static_cast<std::ptrdiff_t>(axis) + 1, x->end());
  return Of(view, std::move(y));
}

Result<Types> GatherElements(const NodeView& view) {
  return Of(view, view.dims(1) != nullptr ? std::optional(*view.dims(1)) : std::nullopt);
}

Result<Types> Expand(const NodeView& view) {
  if (view.dims(0) == nullptr || view.content(1) == nullptr) return Of(view, std::nullopt);
  for (const Size& size : *view.content(1)) {
    if (size.is_known() && size.value() < 0) return InvalidInput("shape {}", ToString(*view.content(1)));
  }
  SEGFORGE_ASSIGN_OR_RETURN(Sizes y, Broadcast(*view.dims(0), *view.content(1), view));
  return Of(view, std::move(y));
}

Result<Types> Tile(const NodeView& view) {
  const Sizes *x = view.dims(0), *repeats = view.content(1);
  if (x == nullptr || repeats == nullptr) return Of(view, std::nullopt);
  if (repeats->size() != x->size()) return InvalidInput("{} repeats for {}", repeats->size(), ToString(*x));
  Sizes y;
  for (size_t i = 0; i < x->size(); ++i) y.push_back((*x)[i] * (*repeats)[i]);
  return Of(view, std::move(y));
}

Result<Types> Pad(const NodeView& view) {
  const Sizes* x = view.dims(0);
  const auto pads = view.Numbers(1, "pads");
  if (x == nullptr || !pads || view.Has(3)) return Of(view, std::nullopt);
  if (pads->size() != 2 * x->size()) return InvalidInput("{} pads for {}", pads->size(), ToString(*x));
  Sizes y = *x;
  for (size_t i = 0; i < x->size(); ++i) {
    const int64_t before = (*pads)[i], after = (*pads)[i + x->size()];
    if (std::min(before, after) < INT32_MIN || std::max(before, after) > INT32_MAX)
      return InvalidInput("pads of {}", before);
    if (before + after == 0) continue;
    y[i] = y[i].is_known() ? Size(y[i].value() + before + after)
                           : Size::Function("add", {y[i], before + after}, view.Unknown(i));
  }
  return Of(view, std::move(y));
}

Result<Types> ShapeOf(const NodeView& view) {
  const Sizes* x = view.dims(0);
  if (x == nullptr) return Types{{DType::kI64, std::nullopt}};
  const auto [begin, end] = ShapeRange(view.spec(), x->size());
  return Types{{DType::kI64, Sizes{Size(static_cast<int64_t>(end - begin))}}};
}

Result<Types> SizeOfAll(const NodeView&) { return Types{{DType::kI64, Sizes()}}; }

Result<Types> ConstantOfShape(const NodeView& view) {
  const auto* value = view.spec().Find<ConstTensorView>("value");
  Type type = {value != nullptr ? value->dtype : DType::kF32, std::nullopt};
  if (view.content(0) != nullptr) type.dims = *view.content(0);
  for (const Size& size : type.dims.value_or(Sizes())) {
    if (size.is_known() && size.value() < 0) return InvalidInput("shape {}", ToString(*type.dims));
  }
  return Types{type};
}

Result<Types> Range(const NodeView& view) {
  const auto start = view.Numbers(0, ""), limit = view.Numbers(1, ""), step = view.Numbers(2, "");
  Size count = view.Unknown(0);
  const bool is_known =
      start && limit && step && start->size() == 1 && limit->size() == 1 && step->size() == 1;
  if (is_known) {
    if ((*step)[0] == 0) return InvalidInput("a step of 0");
    const double exact = std::ceil((static_cast<double>((*limit)[0]) - static_cast<double>((*start)[0])) /
                                   static_cast<double>((*step)[0]));
    count = Size(static_cast<int64_t>(std::clamp(exact, 0.0, 1e18)));
  }
  return Of(view, Sizes{count});
}

Result<Types> NonZero(const NodeView& view) {
  const Sizes* x = view.dims(0);
  if (x == nullptr) return Types{{DType::kI64, std::nullopt}};
  return Types{{DType::kI64, Sizes{Size(static_cast<int64_t>(x->size())), view.Unknown(1)}}};
}

Result<Types> TopK(const NodeView& view) {
  const Sizes* x = view.dims(0);
  const auto count = view.Numbers(1, "");
  if (x == nullptr || !count || count->size() != 1) return Types{{view.dtype(0), {}}, {DType::kI64, {}}};
  SEGFORGE_ASSIGN_OR_RETURN(const size_t axis, AxisOf(view.spec().Int("axis", -1), x->size()));
  Sizes y = *x;
  y[axis] = Size((*count)[0]);
  return Types{{view.dtype(0), y}, {DType::kI64, y}};
}

// Blocks of b x b pixels and channels.
Result<Types> Blocks(const NodeView& view) {
  const Sizes* x = view.dims(0);
  const int64_t block = view.spec().Int("blocksize", 0);
  if (x == nullptr || x->size() != 4) return Of(view, std::nullopt);
  if (block < 1 || block > 65536) return InvalidInput("blocks of {}", block);
  const bool to_space = view.spec().op == "DepthToSpace";
  const auto less = [&](size_t axis, int64_t by) {
    return Quotient((*x)[axis], Size(by)).value_or(view.Unknown(axis));
  };
  if (to_space)
    return Of(view, Sizes{(*x)[0], less(1, block * block), (*x)[2] * Size(block), (*x)[3] * Size(block)});
  return Of(view, Sizes{(*x)[0], (*x)[1] * Size(block * block), less(2, block), less(3, block)});
}

constexpr auto kRows = std::to_array<InferenceRow>({
    {"Concat", Concat},
    {"ConstantOfShape", ConstantOfShape},
    {"DepthToSpace", Blocks},
    {"Expand", Expand},
    {"Flatten", Flatten},
    {"Gather", Gather},
    {"GatherElements", GatherElements},
    {"NonZero", NonZero},
    {"Pad", Pad},
    {"Range", Range},
    {"Reshape", Reshape},
    {"Shape", ShapeOf},
    {"Size", SizeOfAll},
    {"Slice", Slice},
    {"SpaceToDepth", Blocks},
    {"Split", Split},
    {"Squeeze", Squeeze},
    {"Tile", Tile},
    {"TopK", TopK},
    {"Transpose", Transpose},
    {"Unsqueeze", Unsqueeze},
});

}  // namespace

std::span<const InferenceRow> ArrangementInferences() { return kRows; }

}  // namespace segforge::simplify
