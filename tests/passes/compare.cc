#include "tests/passes/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "engine/evaluate.h"

namespace segforge {
namespace {

constexpr double kRounding = 1e-5;
constexpr double kShake = 1e-6;        // of the input, some eight ulp
constexpr double kMagnification = 30;  // rounding happens at every node, the shake in one place

Tensor RandomInput(const Graph& graph, const InputSize& size, double shake) {
  Tensor input(DType::kF32, Evaluate(graph.node(0).type.shape, size));
  std::mt19937 random(7);
  std::uniform_real_distribution<float> values(-2, 2);
  std::mt19937 signs(8);
  for (float& value : input.span<float>()) {
    const double factor = signs() % 2 == 0 ? 1 + shake : 1 - shake;
    value = static_cast<float>(static_cast<double>(values(random)) * factor);
  }
  return input;
}

// None where it fails.
std::vector<Tensor> OutputsOf(const Graph& graph, const InputSize& size, double shake = 0) {
  SEGFORGE_CHECK(graph.node(0).op == Op::kInput);
  const Tensor input = RandomInput(graph, size, shake);
  const std::vector<ConstTensorView> inputs = {input.view()};
  auto outputs = Evaluate(graph, MakeRefBackend(), inputs, size);
  return outputs.ok() ? std::move(outputs).value() : std::vector<Tensor>();
}

double RelativeDifference(const Tensor& expected, const Tensor& got) {
  if (expected.shape() != got.shape()) return std::numeric_limits<double>::infinity();
  double largest = 0, difference = 0;
  for (size_t i = 0; i < expected.span<float>().size(); ++i) {
    const double a = static_cast<double>(expected.span<float>()[i]),
                 b = static_cast<double>(got.span<float>()[i]);
    if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(a));
    difference = std::max(difference, std::abs(a - b));
  }
  return difference == 0 ? 0 : difference / largest;
}

double RelativeDifference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.empty() || a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference = std::max(difference, RelativeDifference(a[i], b[i]));
  return difference;
}

}  // namespace

double RelativeDifference(const Graph& expected, const Graph& got, const InputSize& size) {
  return RelativeDifference(OutputsOf(expected, size), OutputsOf(got, size));
}

Expectation::Expectation(const Graph& graph, const InputSize& size)
    : size_(size), outputs_(OutputsOf(graph, size)) {
  const double shaken = RelativeDifference(outputs_, OutputsOf(graph, size, kShake));
  tolerance_ = kRounding + kMagnification * shaken;
}

double Expectation::DifferenceOf(const Graph& rewritten) const {
  return RelativeDifference(outputs_, OutputsOf(rewritten, size_));
}

}  // namespace segforge
