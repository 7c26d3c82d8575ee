#include "tests/passes/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "engine/evaluate.h"

namespace segforge {
namespace {

Tensor RandomInput(const Graph& graph, const InputSize& size) {
  Tensor input(DType::kF32, Evaluate(graph.node(0).type.shape, size));
  std::mt19937 random(7);
  std::uniform_real_distribution<float> values(-2, 2);
  for (float& value : input.span<float>()) value = values(random);
  return input;
}

std::vector<Tensor> OutputsOf(const Graph& graph, const InputSize& size) {
  SEGFORGE_CHECK(graph.node(0).op == Op::kInput);
  const Tensor input = RandomInput(graph, size);
  const std::vector<ConstTensorView> inputs = {input.view()};
  auto outputs = Evaluate(graph, MakeRefBackend(), inputs, size);
  EXPECT_TRUE(outputs.ok()) << outputs.status().message();
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

}  // namespace

double RelativeDifference(const Graph& expected, const Graph& got, const InputSize& size) {
  const std::vector<Tensor> a = OutputsOf(expected, size), b = OutputsOf(got, size);
  if (a.empty() || a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference = std::max(difference, RelativeDifference(a[i], b[i]));
  return difference;
}

}  // namespace segforge
