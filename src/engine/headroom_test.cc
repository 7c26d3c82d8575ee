#include "engine/headroom.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "passes/test_graphs.h"

namespace segforge {
namespace {

// The CPU's kernels, and as much of fp16 as deciding about it takes.
Backend NarrowBackend() {
  const Backend cpu = MakeCpuBackend();
  BackendTraits traits = cpu.traits();
  traits.precisions = {Precision::kFp32, Precision::kFp16};
  return Backend("narrow", cpu.rows(), traits);
}

// Conv -> Linear -> Gelu -> Linear; the Linears' weights are scaled by `in` and `out`.
struct Scaled {
  Graph graph;
  std::string first, second;
};
Scaled ScaledGraph(float in, float out) {
  TestGraph t;
  const NodeId x = t.Conv(t.Input(3), 8, 3, 1, 1);
  const NodeId first = t.Add(Op::kLinear, {x, t.Random({16, 8}, 0.5f * in, in)});
  const NodeId second = t.Add(Op::kLinear, {t.Add(Op::kGelu, {first}), t.Random({5, 16}, 0.5f * out, out)});
  t.graph.AddOutput("logits", second);
  Scaled scaled = {t.graph, t.graph.node(first).name, t.graph.node(second).name};
  return scaled;
}

std::vector<LayerHeadroom> Measure(const Graph& graph, const Backend& backend,
                                   const EngineOptions& options = {}) {
  auto meter = HeadroomMeter::Make(graph, backend, options, 1);
  EXPECT_TRUE(meter.ok()) << meter.status().message();
  const std::vector<uint8_t> pixels(size_t{48} * 40 * 3, 200);
  EXPECT_TRUE(meter->Add({pixels.data(), 48, 40, 120}, {48, 40}, Preprocessing()).ok());
  return meter->Layers();
}

const LayerHeadroom& Find(const std::vector<LayerHeadroom>& layers, const std::string& name) {
  const auto found = std::ranges::find(layers, name, &LayerHeadroom::name);
  EXPECT_NE(found, layers.end()) << name;
  return *found;
}

TEST(Headroom, FindsTheLayerThatOverflows) {
  const Scaled scaled = ScaledGraph(1e6f, 1e-6f);
  const auto layers = Measure(scaled.graph, MakeCpuBackend());
  EXPECT_LT(Find(layers, scaled.first).headroom(), 1);
  EXPECT_LT(Find(layers, scaled.second).headroom(), 1);  // reads what is too large
  EXPECT_GT(layers.back().headroom(), 100);              // the convolution
  EXPECT_TRUE(std::ranges::is_sorted(layers, {}, &LayerHeadroom::headroom));
  EXPECT_TRUE(LayersBelow(Measure(ScaledGraph(1, 1).graph, MakeCpuBackend()), 8).empty());
}

// Weights that FP16 cannot hold, though all values are small.
TEST(Headroom, LooksAtWeights) {
  TestGraph t;
  const NodeId x = t.Conv(t.Input(3), 8, 3, 1, 1);
  const NodeId tiny = t.Add(Op::kLinear, {x, t.Random({8, 8}, 0.5e-6f, 1e-6f)});
  const NodeId y = t.Add(Op::kLinear, {tiny, t.Random({5, 8}, 1e5f, 2e5f)});
  t.graph.AddOutput("logits", y);
  EXPECT_EQ(LayersBelow(Measure(t.graph, MakeCpuBackend()), 8), (std::vector{t.graph.node(y).name}));
}

TEST(Headroom, ABuildKeepsThoseLayersInFp32) {
  const Scaled scaled = ScaledGraph(1e6f, 1e-6f);
  EngineOptions options;
  options.precision = Precision::kFp16;
  options.fp32_layers = LayersBelow(Measure(scaled.graph, NarrowBackend(), options), 8);
  const auto optimized = Optimize(scaled.graph, NarrowBackend(), options);
  ASSERT_TRUE(optimized.ok()) << optimized.status().message();
  int narrow = 0;
  for (const NodeId id : optimized->graph.LiveNodes()) {
    const Node& node = optimized->graph.node(id);
    if (node.name == scaled.first || node.name == scaled.second) {
      EXPECT_EQ(node.precision, Precision::kFp32);
    }
    narrow += node.precision == Precision::kFp16 ? 1 : 0;
  }
  EXPECT_GE(narrow, 1);  // the convolution
}

// The hidden values of a feed-forward half are inside of one op.
TEST(Headroom, SeesInsideFusedOps) {
  const auto scale = [](const Graph& graph, Op op, size_t input, float by) {
    Graph scaled;
    for (NodeId id = 0; id < graph.size(); ++id) {
      const Node& node = graph.node(id);
      if (node.op == Op::kInput) {
        scaled.AddInput(node.name, node.type);
      } else if (node.op == Op::kConstant) {
        bool wanted = false;
        for (NodeId reader = 0; reader < graph.size(); ++reader) {
          const auto& inputs = graph.node(reader).inputs;
          wanted = wanted || (graph.node(reader).op == op && inputs.size() > input && inputs[input] == id);
        }
        Tensor copy = ToFloat32(node.constant->view());
        if (wanted) {
          for (float& value : copy.span<float>()) value *= by;
        }
        scaled.AddConstant(node.name, std::move(copy));
      } else {
        scaled.Add(node.op, node.name, node.inputs, node.attributes).value();
      }
    }
    for (const GraphOutput& output : graph.outputs()) scaled.AddOutput(output.name, output.value);
    return scaled;
  };
  const auto op_below = [](const Graph& graph, double headroom) {
    std::vector<Op> ops;
    for (const LayerHeadroom& layer : Measure(graph, MakeCpuBackend())) {
      if (layer.headroom() < headroom) ops.push_back(layer.op);
    }
    return ops;
  };
  const Graph graph = SmallSegformer(false);
  EXPECT_TRUE(op_below(graph, 8).empty());
  const std::vector<Op> ops = op_below(scale(graph, Op::kDepthwiseConv2d, 1, 1e6f), 1);
  EXPECT_NE(std::ranges::find(ops, Op::kMixFfn), ops.end());
}

TEST(Headroom, AValueThatIsNotFiniteHasNone) {
  const Scaled scaled = ScaledGraph(3e38f, 1);
  const auto layers = Measure(scaled.graph, MakeCpuBackend());
  EXPECT_TRUE(std::isinf(Find(layers, scaled.first).greatest));
  EXPECT_EQ(Find(layers, scaled.first).headroom(), 0);
}

TEST(Headroom, KeepsTheGreatestOfAllImages) {
  const Scaled scaled = ScaledGraph(1, 1);
  auto meter = HeadroomMeter::Make(scaled.graph, MakeCpuBackend(), {}, 1).value();
  const std::vector<uint8_t> bright(size_t{32} * 32 * 3, 255), grey(size_t{32} * 32 * 3, 124);
  ASSERT_TRUE(meter.Add({bright.data(), 32, 32, 96}, {32, 32}, Preprocessing()).ok());
  const double before = Find(meter.Layers(), scaled.first).greatest;
  ASSERT_TRUE(meter.Add({grey.data(), 32, 32, 96}, {32, 32}, Preprocessing()).ok());
  EXPECT_EQ(Find(meter.Layers(), scaled.first).greatest, before);
  EXPECT_GT(before, 0);
}

}  // namespace
}  // namespace segforge
