#include "eval/matching_steps.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/engine.h"
#include "engine/session.h"
#include "eval/layer_errors.h"
#include "passes/pipeline.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

struct Ran {
  std::shared_ptr<const Plan> plan;
  std::vector<Tensor> values;  // of each step
};

Ran RunOf(bool relu_head, std::vector<std::string> disabled) {
  auto engine = Engine::Build(SmallSegformer(relu_head), MakeRefBackend(),
                              {.passes = {.disabled = std::move(disabled)}})
                    .value();
  Ran ran = {engine->PlanFor({1, 36, 40}, 1).value(), {}};
  const std::unique_ptr<Session> session = engine->NewSession(1).value();
  EXPECT_TRUE(session->Prepare(ran.plan).ok());
  float next = -1;
  for (float& value : session->input().span<float>()) value = next = next > 1 ? -1 : next + 0.037f;
  const Status status = session->Execute([&](size_t step) {
    const ConstTensorView value = session->step_output(step).value();
    ran.values.push_back(Tensor::From(value.shape, value.span<float>()));
  });
  EXPECT_TRUE(status.ok());
  return ran;
}

size_t Compared(const Ran& candidate, const Ran& reference) {
  const auto matches = MatchSteps(*candidate.plan, *reference.plan);
  size_t compared = 0;
  for (size_t i = 0; i < matches.size(); ++i) {
    if (!matches[i]) continue;
    ++compared;
    const LayerError error =
        CompareLayer(candidate.values[i].span<float>(), reference.values.at(*matches[i]).span<float>());
    EXPECT_LT(error.relative_error, 1e-5) << candidate.plan->program->instructions[i].value;
  }
  EXPECT_TRUE(matches.back().has_value()) << "the logits";
  return compared;
}

TEST(MatchSteps, AnyPassMayBeMissingOnOneSide) {
  for (const bool relu_head : {false, true}) {
    const Ran all = RunOf(relu_head, {});
    std::vector<std::string> names = {"all"};
    for (const Pass& pass : Pipeline()) names.emplace_back(pass.name);
    for (const std::string& name : names) {
      SCOPED_TRACE(name);
      const Ran without = RunOf(relu_head, {name});
      const size_t compared = Compared(without, all);
      EXPECT_EQ(Compared(all, without), compared);
      EXPECT_GE(compared, 12U);  // the norms, the ends of the blocks' halves, the logits
    }
  }
}

TEST(MatchSteps, TheSameStepsMatchOneByOne) {
  const Ran ran = RunOf(false, {});
  EXPECT_EQ(Compared(ran, ran), ran.plan->steps.size());
}

// Relu "a", perhaps to bf16 and back, and Gelu "b".
std::shared_ptr<const Plan> PlanOf(bool by_bf16) {
  Graph graph;
  const NodeId image = graph.AddInput("image", {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 3}});
  NodeId value = graph.Add(Op::kRelu, "a", {image}).value();
  if (by_bf16) {
    value = graph.Add(Op::kCast, "a.bf16", {value}, CastAttrs{DType::kBF16}).value();
    value = graph.Add(Op::kCast, "a.f32", {value}, CastAttrs{DType::kF32}).value();
  }
  graph.AddOutput("b", graph.Add(Op::kGelu, "b", {value}).value());
  return MakePlan(Compile(graph, MakeRefBackend()).value(), {1, 4, 4}, 1).value();
}

TEST(MatchSteps, CastsDoNotCount) {
  const auto plain = PlanOf(false), narrowed = PlanOf(true);
  using Matches = std::vector<std::optional<size_t>>;
  EXPECT_EQ(MatchSteps(*narrowed, *plain), (Matches{0, std::nullopt, std::nullopt, 1}));
  EXPECT_EQ(MatchSteps(*plain, *narrowed), (Matches{0, 3}));
}

}  // namespace
}  // namespace segforge
