#include <algorithm>
#include <array>

#include "onnx/simplify/evaluate.h"
#include "onnx/simplify/numbers.h"
#include "onnx/simplify/strided.h"

namespace segforge::simplify {
namespace {

using Doubles = std::vector<double>;
using Wholes = std::vector<int64_t>;

bool IsFloatInput(const NodeView& view, size_t input) { return IsFloat(view.constant(input)->view.dtype); }

// The elements of an input, repeated to a shape.
template <typename Wide>
std::vector<Wide> ReadAs(const NodeView& view, size_t input, const Shape& shape) {
  const ConstTensorView& from = view.constant(input)->view;
  const std::vector<Wide> own = ReadNumbers<Wide>(from);
  std::vector<Wide> repeated(static_cast<size_t>(shape.elems()));
  ForEachStrided(shape, BroadcastStrides(from.shape, shape), [&](int64_t offset, int64_t i) {
    repeated[static_cast<size_t>(i)] = own[static_cast<size_t>(offset)];
  });
  return repeated;
}

template <double (*compute)(double)>
bool Unary(const NodeView& view, std::span<Tensor> outputs) {
  if (!IsFloatInput(view, 0)) return false;
  Doubles numbers = ReadNumbers<double>(view.constant(0)->view);
  for (double& number : numbers) number = compute(number);
  WriteNumbers(numbers, outputs[0]);
  return true;
}

// Over all inputs from left to right; whole numbers where `wholes` has a result for them.
using WholeResult = std::optional<int64_t> (*)(int64_t, int64_t);
template <double (*floats)(double, double), WholeResult wholes>
bool Paired(const NodeView& view, std::span<Tensor> outputs) {
  const Shape& shape = outputs[0].shape();
  const bool is_float = IsFloatInput(view, 0);
  for (size_t i = 1; i < view.inputs(); ++i) {
    if (view.constant(i)->view.dtype != view.constant(0)->view.dtype) return false;
  }
  if (is_float) {
    Doubles result = ReadAs<double>(view, 0, shape);
    for (size_t i = 1; i < view.inputs(); ++i) {
      const Doubles next = ReadAs<double>(view, i, shape);
      for (size_t j = 0; j < result.size(); ++j) result[j] = floats(result[j], next[j]);
    }
    WriteNumbers(result, outputs[0]);
    return true;
  }
  Wholes result = ReadAs<int64_t>(view, 0, shape);
  for (size_t i = 1; i < view.inputs(); ++i) {
    const Wholes next = ReadAs<int64_t>(view, i, shape);
    for (size_t j = 0; j < result.size(); ++j) {
      const std::optional<int64_t> one = wholes(result[j], next[j]);
      if (!one) return false;
      result[j] = *one;
    }
  }
  WriteNumbers(result, outputs[0]);
  return true;
}

int64_t Wrapped(uint64_t bits) { return static_cast<int64_t>(bits); }
uint64_t Bits(int64_t value) { return static_cast<uint64_t>(value); }

std::optional<int64_t> AddWhole(int64_t a, int64_t b) { return Wrapped(Bits(a) + Bits(b)); }
std::optional<int64_t> SubtractWhole(int64_t a, int64_t b) { return Wrapped(Bits(a) - Bits(b)); }
std::optional<int64_t> MultiplyWhole(int64_t a, int64_t b) { return Wrapped(Bits(a) * Bits(b)); }
std::optional<int64_t> DivideWhole(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return b == 0 ? std::nullopt : std::optional(Wrapped(-Bits(a)));
  return a / b;
}
// As Python has it: of the divisor's sign.
std::optional<int64_t> ModWhole(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return b == 0 ? std::nullopt : std::optional<int64_t>(0);
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
std::optional<int64_t> MaxWhole(int64_t a, int64_t b) { return std::max(a, b); }
std::optional<int64_t> MinWhole(int64_t a, int64_t b) { return std::min(a, b); }
std::optional<int64_t> NoWhole(int64_t, int64_t) { return std::nullopt; }
std::optional<int64_t> AndWhole(int64_t a, int64_t b) { return (a != 0 && b != 0) ? 1 : 0; }
std::optional<int64_t> OrWhole(int64_t a, int64_t b) { return (a != 0 || b != 0) ? 1 : 0; }
std::optional<int64_t> EqualWhole(int64_t a, int64_t b) { return a == b ? 1 : 0; }
std::optional<int64_t> LessWhole(int64_t a, int64_t b) { return a < b ? 1 : 0; }
std::optional<int64_t> GreaterWhole(int64_t a, int64_t b) { return a > b ? 1 : 0; }
std::optional<int64_t> LessOrEqualWhole(int64_t a, int64_t b) { return a <= b ? 1 : 0; }
std::optional<int64_t> GreaterOrEqualWhole(int64_t a, int64_t b) { return a >= b ? 1 : 0; }

double Add(double a, double b) { return a + b; }
double Subtract(double a, double b) { return a - b; }
double Multiply(double a, double b) { return a * b; }
double Divide(double a, double b) { return a / b; }
double Power(double a, double b) { return std::pow(a, b); }
double Max(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double Min(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double NoFloat(double, double) { return std::numeric_limits<double>::quiet_NaN(); }
double Equal(double a, double b) { return a == b ? 1 : 0; }
double Less(double a, double b) { return a < b ? 1 : 0; }
double Greater(double a, double b) { return a > b ? 1 : 0; }
double LessOrEqual(double a, double b) { return a <= b ? 1 : 0; }
double GreaterOrEqual(double a, double b) { return a >= b ? 1 : 0; }

bool Mod(const NodeView& view, std::span<Tensor> outputs) {
  if (view.spec().Int("fmod", 0) != 0 || IsFloatInput(view, 0)) return false;
  return Paired<NoFloat, ModWhole>(view, outputs);
}

// The exponent may be of another type.
bool Pow(const NodeView& view, std::span<Tensor> outputs) {
  if (!IsFloatInput(view, 0)) return false;
  const Shape& shape = outputs[0].shape();
  Doubles result = ReadAs<double>(view, 0, shape);
  const Doubles exponents = ReadAs<double>(view, 1, shape);
  for (size_t i = 0; i < result.size(); ++i) result[i] = Power(result[i], exponents[i]);
  WriteNumbers(result, outputs[0]);
  return true;
}

template <typename Wide>
void Choose(const NodeView& view, Tensor& output) {
  const Wholes chosen = ReadAs<int64_t>(view, 0, output.shape());
  std::vector<Wide> result = ReadAs<Wide>(view, 1, output.shape());
  const std::vector<Wide> other = ReadAs<Wide>(view, 2, output.shape());
  for (size_t i = 0; i < result.size(); ++i) result[i] = chosen[i] != 0 ? result[i] : other[i];
  WriteNumbers(result, output);
}

bool Where(const NodeView& view, std::span<Tensor> outputs) {
  if (view.constant(0)->view.dtype != DType::kBool || view.dtype(1) != view.dtype(2)) return false;
  IsFloat(outputs[0].dtype()) ? Choose<double>(view, outputs[0]) : Choose<int64_t>(view, outputs[0]);
  return true;
}

// Floating-point numbers outside of what whole numbers hold have no value.
bool FitsWhole(double value) { return std::abs(value) < 0x1p31; }

bool Cast(const NodeView& view, std::span<Tensor> outputs) {
  const ConstTensorView& from = view.constant(0)->view;
  if (!IsFloat(from.dtype)) {
    WriteNumbers(ReadNumbers<int64_t>(from), outputs[0]);
    return true;
  }
  const Doubles numbers = ReadNumbers<double>(from);
  const DType to = outputs[0].dtype();
  if (IsFloat(to) || to == DType::kBool) {
    WriteNumbers(numbers, outputs[0]);
    return true;
  }
  if (!std::ranges::all_of(numbers, FitsWhole)) return false;
  WriteNumbers(Wholes(numbers.begin(), numbers.end()), outputs[0]);
  return true;
}

bool Not(const NodeView& view, std::span<Tensor> outputs) {
  Wholes numbers = ReadNumbers<int64_t>(view.constant(0)->view);
  for (int64_t& number : numbers) number = number == 0 ? 1 : 0;
  WriteNumbers(numbers, outputs[0]);
  return true;
}

bool Range(const NodeView& view, std::span<Tensor> outputs) {
  if (IsFloatInput(view, 0)) return false;
  const int64_t start = ReadNumbers<int64_t>(view.constant(0)->view)[0];
  const int64_t step = ReadNumbers<int64_t>(view.constant(2)->view)[0];
  Wholes numbers(static_cast<size_t>(outputs[0].shape().elems()));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = Wrapped(Bits(start) + i * Bits(step));
  WriteNumbers(numbers, outputs[0]);
  return true;
}

constexpr auto kEntries = std::to_array<EvaluationEntry>({
    {"Abs", Unary<[](double x) { return std::abs(x); }>},
    {"Ceil", Unary<[](double x) { return std::ceil(x); }>},
    {"Cos", Unary<[](double x) { return std::cos(x); }>},
    {"Erf", Unary<[](double x) { return std::erf(x); }>},
    {"Exp", Unary<[](double x) { return std::exp(x); }>},
    {"Floor", Unary<[](double x) { return std::floor(x); }>},
    {"Log", Unary<[](double x) { return std::log(x); }>},
    {"Neg", Unary<[](double x) { return -x; }>},
    {"Reciprocal", Unary<[](double x) { return 1 / x; }>},
    {"Relu", Unary<[](double x) { return x < 0 ? 0 : x; }>},
    {"Sigmoid", Unary<[](double x) { return 1 / (1 + std::exp(-x)); }>},
    {"Sin", Unary<[](double x) { return std::sin(x); }>},
    {"Sqrt", Unary<[](double x) { return std::sqrt(x); }>},
    {"Tanh", Unary<[](double x) { return std::tanh(x); }>},
    {"Add", Paired<Add, AddWhole>},
    {"And", Paired<NoFloat, AndWhole>},
    {"Div", Paired<Divide, DivideWhole>},
    {"Equal", Paired<Equal, EqualWhole>},
    {"Greater", Paired<Greater, GreaterWhole>},
    {"GreaterOrEqual", Paired<GreaterOrEqual, GreaterOrEqualWhole>},
    {"Less", Paired<Less, LessWhole>},
    {"LessOrEqual", Paired<LessOrEqual, LessOrEqualWhole>},
    {"Max", Paired<Max, MaxWhole>},
    {"Min", Paired<Min, MinWhole>},
    {"Mul", Paired<Multiply, MultiplyWhole>},
    {"Or", Paired<NoFloat, OrWhole>},
    {"Sub", Paired<Subtract, SubtractWhole>},
    {"Sum", Paired<Add, NoWhole>},
    {"Cast", Cast},
    {"Mod", Mod},
    {"Not", Not},
    {"Pow", Pow},
    {"Range", Range},
    {"Where", Where},
});

}  // namespace

std::span<const EvaluationEntry> NumberEvaluations() { return kEntries; }

}  // namespace segforge::simplify
