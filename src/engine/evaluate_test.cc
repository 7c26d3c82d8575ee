#include "engine/evaluate.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace segforge {
namespace {

constexpr int64_t kChannels = 12;
const ValueType kImage = {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), kChannels}};

Tensor RandomTensor(Shape shape, std::mt19937& random) {
  std::normal_distribution<float> normal;
  Tensor tensor(DType::kF32, shape);
  for (float& value : tensor.span<float>()) value = normal(random);
  return tensor;
}

// A graph of steps of every manner: in place or not, with one or two readers, with scratch.
Graph RandomGraph(std::mt19937& random, int steps) {
  Graph graph;
  std::vector<NodeId> values = {graph.AddInput("x", kImage)};
  const NodeId w = graph.AddConstant("w", RandomTensor({kChannels, kChannels}, random));
  const NodeId ones = graph.AddConstant("ones", Tensor::From<float>({kChannels}, std::vector<float>(12, 1)));
  const auto any = [&] { return values[values.size() - 1 - random() % std::min<size_t>(values.size(), 4)]; };
  for (int step = 0; step < steps; ++step) {
    const std::string name = fmt::format("step{}", step);
    Result<NodeId> next = Status(StatusCode::kInvalidInput, "none");
    switch (random() % 5) {
      case 0:
        next = graph.Add(Op::kLinear, name, {any(), w});
        break;
      case 1:
        next = graph.Add(Op::kLayerNorm, name, {any(), ones, ones}, LayerNormAttrs{1e-5f});
        break;
      case 2:
        next = graph.Add(Op::kAdd, name, {any(), any()});
        break;
      case 3:
        next = graph.Add(Op::kGelu, name, {any()});
        break;
      default: {
        const auto a = any();
        const NodeId kv = graph.Add(Op::kConcat, name + ".kv", {a, any()}).value();
        next = graph.Add(Op::kAttention, name, {any(), kv}, AttentionAttrs{3, 0.5f});
      }
    }
    values.push_back(next.value());
  }
  graph.AddOutput("y", values.back());
  return graph;
}

// Where every value is an output, no two share memory: what the memory plan and in-place steps must not
// change.
TEST(Evaluate, SharingMemoryChangesNoBit) {
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    const Graph graph = RandomGraph(random, 2 + static_cast<int>(random() % 14));
    Graph apart = graph;
    for (const NodeId id : graph.LiveNodes()) {
      const Op op = graph.node(id).op;
      if (op != Op::kConstant && op != Op::kInput) apart.AddOutput("value", id);
    }
    const Tensor x = RandomTensor({1, 3, 4, kChannels}, random);
    const std::vector<ConstTensorView> inputs = {x.view()};
    const auto shared = Evaluate(graph, MakeRefBackend(), inputs, {1, 3, 4}, 1 + round % 3);
    const auto separate = Evaluate(apart, MakeRefBackend(), inputs, {1, 3, 4}, 1);
    ASSERT_TRUE(shared.ok() && separate.ok()) << shared.status().message();
    const ConstTensorView a = (*shared)[0].view();
    ASSERT_EQ(std::memcmp(a.data, (*separate)[0].view().data, a.bytes()), 0) << Print(graph);
  }
}

TEST(Evaluate, TakesInputsInTheirOrderAndChecksThem) {
  Graph graph;
  const NodeId a = graph.AddInput("a", {DType::kF32, {Dim::H()}});
  const NodeId b = graph.AddInput("b", {DType::kF32, {Dim::H()}});
  graph.AddOutput("y", graph.Add(Op::kSub, "difference", {b, a}).value());
  graph.AddOutput("a", a);
  const Tensor one = Tensor::From<float>({2}, std::vector<float>{1, 2});
  const Tensor ten = Tensor::From<float>({2}, std::vector<float>{10, 30});
  const auto evaluate = [&](std::vector<ConstTensorView> inputs, int64_t h) {
    return Evaluate(graph, MakeRefBackend(), inputs, {1, h, 1});
  };
  const auto outputs = evaluate({one.view(), ten.view()}, 2);
  ASSERT_TRUE(outputs.ok());
  EXPECT_EQ((*outputs)[0].span<float>()[1], 28.0f);
  EXPECT_EQ((*outputs)[1].span<float>()[1], 2.0f);
  EXPECT_EQ(evaluate({one.view()}, 2).status().message(), "expected 2 inputs, got 1");
  EXPECT_EQ(evaluate({one.view(), ten.view()}, 3).status().message(), "input 0: expected f32[3], got f32[2]");
}

}  // namespace
}  // namespace segforge
