// Products and reductions of constants, plainly: they are few and small.
#include <algorithm>
#include <array>

#include "onnx/simplify/evaluate.h"
#include "onnx/simplify/numbers.h"
#include "onnx/simplify/strided.h"

namespace segforge::simplify {
namespace {

using Doubles = std::vector<double>;
constexpr int64_t kMostSteps = int64_t{1} << 26;

bool IsFloatInput(const NodeView& view, size_t input) { return IsFloat(view.constant(input)->view.dtype); }

// Matrices, with as many of them before as both have, or one second matrix for all.
bool MatMul(const NodeView& view, std::span<Tensor> outputs) {
  const Shape &a = view.constant(0)->view.shape, &b = view.constant(1)->view.shape, &y = outputs[0].shape();
  if (!IsFloatInput(view, 0) || a.rank() != y.rank() || y.rank() < 2) return false;
  if (b.rank() != 2 && b.rank() != y.rank()) return false;
  for (int axis = 0; axis + 2 < b.rank(); ++axis) {
    if (a[axis] != b[axis]) return false;
  }
  const int64_t rows = y[y.rank() - 2], columns = y.back(), inner = a.back();
  if (inner > 0 && y.elems() > kMostSteps / inner) return false;
  const Doubles left = ReadNumbers<double>(view.constant(0)->view),
                right = ReadNumbers<double>(view.constant(1)->view);
  Doubles result(static_cast<size_t>(y.elems()), 0.0);
  for (int64_t row = 0; row < (columns == 0 ? 0 : y.elems() / columns); ++row) {
    const int64_t matrix = b.rank() == 2 ? 0 : row / rows;
    for (int64_t k = 0; k < inner; ++k) {
      const double factor = left[static_cast<size_t>(row * inner + k)];
      for (int64_t column = 0; column < columns; ++column) {
        result[static_cast<size_t>(row * columns + column)] +=
            factor * right[static_cast<size_t>((matrix * inner + k) * columns + column)];
      }
    }
  }
  WriteNumbers(result, outputs[0]);
  return true;
}

// Over the axes along which the output is 1, or that it has not.
template <double (*combine)(double, double), bool divides = false>
bool Reduce(const NodeView& view, std::span<Tensor> outputs) {
  const auto axes = view.Numbers(1, "axes");
  const ConstTensorView& from = view.constant(0)->view;
  if (!axes || !IsFloatInput(view, 0) || from.shape.elems() == 0) return false;
  if (axes->empty() && view.spec().Int("noop_with_empty_axes", 0) != 0) return false;
  const auto rank = static_cast<size_t>(from.shape.rank());
  std::vector<int64_t> kept(from.shape.dims().begin(), from.shape.dims().end());
  for (size_t axis = 0; axis < rank; ++axis) {
    const auto names = [&](int64_t each) { return AxisOf(each, rank).value() == axis; };
    if (axes->empty() || std::ranges::any_of(*axes, names)) kept[axis] = 1;
  }
  const Doubles numbers = ReadNumbers<double>(from);
  Doubles result(static_cast<size_t>(outputs[0].shape().elems()));
  std::vector<bool> begun(result.size(), false);
  ForEachStrided(from.shape, BroadcastStrides(Shape(kept), from.shape), [&](int64_t offset, int64_t i) {
    const auto at = static_cast<size_t>(offset);
    const double number = numbers[static_cast<size_t>(i)];
    result[at] = begun[at] ? combine(result[at], number) : number;
    begun[at] = true;
  });
  const double count = static_cast<double>(from.shape.elems()) / static_cast<double>(result.size());
  for (double& number : result) number = divides ? number / count : number;
  WriteNumbers(result, outputs[0]);
  return true;
}

double Add(double a, double b) { return a + b; }
double Multiply(double a, double b) { return a * b; }
double Max(double a, double b) { return a > b ? a : b; }
double Min(double a, double b) { return a < b ? a : b; }

constexpr auto kEntries = std::to_array<EvaluationEntry>({
    {"MatMul", MatMul},
    {"ReduceMax", Reduce<Max>},
    {"ReduceMean", Reduce<Add, true>},
    {"ReduceMin", Reduce<Min>},
    {"ReduceProd", Reduce<Multiply>},
    {"ReduceSum", Reduce<Add>},
});

}  // namespace

std::span<const EvaluationEntry> LayerEvaluations() { return kEntries; }

}  // namespace segforge::simplify
