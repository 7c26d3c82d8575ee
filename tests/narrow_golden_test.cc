// What narrow storage alone costs SegFormer: the reference backend with every value and weight rounded to it.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/evaluate.h"
#include "passes/pipeline.h"
#include "tests/network.h"

namespace segforge {
namespace {

Tensor Rounded(const Tensor& tensor, Precision precision) {
  Tensor rounded = ToFloat32(tensor.view());
  for (float& value : rounded.span<float>()) value = RoundTo(precision, value);
  return rounded;
}

// The graph with every computed value but the logits cast to the precision's storage and back, and every
// matrix of weights rounded to it.
Graph RoundedThrough(const Graph& graph, Precision precision) {
  Graph result;
  std::vector<NodeId> ids(static_cast<size_t>(graph.size()));
  for (const NodeId id : graph.LiveNodes()) {
    const Node& node = graph.node(id);
    NodeId& added = ids[static_cast<size_t>(id)];
    if (node.op == Op::kConstant) {
      const bool product = node.constant->shape().rank() > 1;
      added = product ? result.AddConstant(node.name, Rounded(*node.constant, precision))
                      : result.AddConstant(node.name, node.constant);
      continue;
    }
    std::vector<NodeId> inputs;
    for (const NodeId input : node.inputs) inputs.push_back(ids[static_cast<size_t>(input)]);
    added = node.op == Op::kInput ? result.AddInput(node.name, node.type)
                                  : result.Add(node.op, node.name, inputs, node.attributes).value();
    if (graph.IsOutput(id)) continue;
    added = result.Add(Op::kCast, node.name + ".rounded", {added}, CastAttrs{StorageOf(precision)}).value();
    added = result.Add(Op::kCast, node.name + ".again", {added}, CastAttrs{DType::kF32}).value();
  }
  for (const GraphOutput& output : graph.outputs()) {
    result.AddOutput(output.name, ids[static_cast<size_t>(output.value)]);
  }
  return result;
}

class NarrowGoldenTest : public testing::TestWithParam<Precision> {};

TEST_P(NarrowGoldenTest, StaysWithinTheTolerance) {
  const Precision precision = GetParam();
  const auto reference = StoredReference();
  ASSERT_TRUE(reference.ok()) << reference.status().message();
  Model model = LoadModel(InSource("models/street-b0"), {}).value();
  ASSERT_TRUE(RunPasses(model.graph, {}).ok());
  const Shape& size = reference->image.shape();
  Tensor input(DType::kF32, {1, size[0], size[1], 3});
  ThreadPool pool(2);
  Normalize({reference->image.span<uint8_t>().data(), size[0], size[1], size[1] * 3}, model.preprocessing,
            input.view(), pool);
  const std::vector<ConstTensorView> inputs = {input.view()};
  const auto logits = Evaluate(RoundedThrough(model.graph, precision), MakeRefBackend(), inputs,
                               {1, size[0], size[1]}, pool.threads());
  ASSERT_TRUE(logits.ok()) << logits.status().message();
  const double error = LogitError((*logits)[0], reference->logits);
  EXPECT_LE(error, LogitTolerance(precision));
  EXPECT_GE(error, UnitRoundoff(precision) / 8) << "nothing was rounded";
  Tensor labels(DType::kU8, reference->labels.shape());
  RefUpsampleArgmax(ImageOf((*logits)[0].view(), 0), {labels.view(), {}}, pool);
  EXPECT_LE(Disagreement(labels, reference->labels), LabelTolerance(precision));
}

INSTANTIATE_TEST_SUITE_P(All, NarrowGoldenTest, testing::Values(Precision::kFp16, Precision::kBf16),
                         [](const auto& of) { return std::string(NameOf(of.param)); });

}  // namespace
}  // namespace segforge
