#include "engine/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace segforge {
namespace {

const ValueType kImage = {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 3}};

// y = relu(w . x + b), w = [[1, 2, 3]], b = [-1]
Graph SmallGraph(std::shared_ptr<const Tensor> weights = nullptr) {
  Graph graph;
  if (weights == nullptr) {
    weights = std::make_shared<Tensor>(Tensor::From<float>({1, 3}, std::vector<float>{1, 2, 3}));
  }
  const NodeId x = graph.AddInput("image", kImage);
  const NodeId w = graph.AddConstant("w", std::move(weights));
  const NodeId b = graph.AddConstant("b", Tensor::From<float>({1}, std::vector<float>{-1}));
  const NodeId y = graph.Add(Op::kLinear, "linear", {x, w, b}).value();
  graph.AddOutput("y", graph.Add(Op::kRelu, "relu", {y}).value());
  return graph;
}

std::unique_ptr<Engine> SmallEngine() { return Engine::Build(SmallGraph(), MakeRefBackend(), {}).value(); }

void FillInput(Session& session) {
  float value = -1;
  for (float& element : session.input().span<float>()) element = value += 0.5f;
}

TEST(Engine, RunsAndRunsAgainOnTheSameInput) {
  const auto engine = SmallEngine();
  Session session(2);
  ASSERT_TRUE(session.Prepare(engine->PlanFor({1, 1, 2}, 2).value()).ok());
  FillInput(session);  // pixels (-0.5, 0, 0.5) and (1, 1.5, 2)
  for (int run = 0; run < 3; ++run) {
    session.Execute();
    const ConstTensorView y = session.output(0);
    ASSERT_EQ(y.shape, (Shape{1, 1, 2, 1}));
    EXPECT_EQ(y.as<float>()[0], 0.0f);
    EXPECT_EQ(y.as<float>()[1], 9.0f);
  }
}

TEST(Engine, CachesPlansBySizeAndThreads) {
  const auto engine = SmallEngine();
  const auto plan = engine->PlanFor({1, 4, 4}, 1).value();
  EXPECT_EQ(engine->PlanFor({1, 4, 4}, 1).value(), plan);
  EXPECT_NE(engine->PlanFor({1, 4, 4}, 2).value(), plan);
  EXPECT_NE(engine->PlanFor({1, 4, 5}, 1).value(), plan);
  EXPECT_EQ(engine->PlanFor({1, 4, 4}, 0).value()->threads, AvailableThreads());
}

TEST(Engine, ForgetsThePlanUsedLongestAgo) {
  const auto engine = SmallEngine();
  const auto first = engine->PlanFor({1, 1, 1}, 1).value();
  const auto second = engine->PlanFor({1, 1, 2}, 1).value();
  for (int64_t width = 3; width <= 16; ++width) ASSERT_TRUE(engine->PlanFor({1, 1, width}, 1).ok());
  EXPECT_EQ(engine->PlanFor({1, 1, 1}, 1).value(), first);  // 16 plans, and `second` is the oldest now
  ASSERT_TRUE(engine->PlanFor({1, 1, 17}, 1).ok());
  EXPECT_EQ(engine->PlanFor({1, 1, 1}, 1).value(), first);
  EXPECT_NE(engine->PlanFor({1, 1, 2}, 1).value(), second);
}

TEST(Engine, ServesManyThreadsAtOnce) {
  const auto engine = SmallEngine();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      Session session(1);
      for (int run = 0; run < 50; ++run) {
        const InputSize size = {1, 1 + (caller + run) % 20, 2};
        if (!session.Prepare(engine->PlanFor(size, 1).value()).ok()) ++wrong;
        FillInput(session);
        session.Execute();
        if (session.output(0).as<float>()[1] != 9.0f) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Engine, PlansOutliveIt) {
  auto engine = SmallEngine();
  Session session(1);
  ASSERT_TRUE(session.Prepare(engine->PlanFor({1, 1, 2}, 1).value()).ok());
  engine.reset();
  FillInput(session);
  session.Execute();
  EXPECT_EQ(session.output(0).as<float>()[1], 9.0f);
}

class Nothing : public Kernel {
  void Run(const KernelArgs&) const override {}
};

TEST(Engine, KeepsNoWeightsThatNoKernelHolds) {
  const KernelMaker make = [](const Graph&, const Node&) -> Result<std::unique_ptr<Kernel>> {
    return std::unique_ptr<Kernel>(std::make_unique<Nothing>());
  };
  const Backend backend("test", {{Op::kLinear, "linear", make}, {Op::kRelu, "relu", make}});
  auto weights = std::make_shared<const Tensor>(DType::kF32, Shape{1, 3});
  const std::weak_ptr<const Tensor> watched = weights;
  const auto engine = Engine::Build(SmallGraph(std::move(weights)), backend, {});
  ASSERT_TRUE(engine.ok());
  EXPECT_TRUE(watched.expired());
}

TEST(Engine, RefusesOtherInputs) {
  Graph two = SmallGraph();
  two.AddInput("second", kImage);
  EXPECT_EQ(Engine::Build(std::move(two), MakeRefBackend(), {}).status().message(),
            "expected a graph of one input, got 2");
  Graph flat;
  flat.AddOutput("y", flat.AddInput("tokens", {DType::kF32, {Dim::N(), 64}}));
  EXPECT_EQ(Engine::Build(std::move(flat), MakeRefBackend(), {}).status().message(),
            "input \"tokens\": expected f32[N, H, W, channels], got f32[N, 64]");
}

TEST(Session, RefusesAPlanThatDoesNotFitAndKeepsTheOldOne) {
  const auto engine = SmallEngine();
  Session session(1);
  ASSERT_TRUE(session.Prepare(engine->PlanFor({1, 1, 2}, 1).value()).ok());
  FillInput(session);
  const auto huge = engine->PlanFor({1000, 30000, 30000}, 1);
  ASSERT_TRUE(huge.ok());
  const Status status = session.Prepare(huge.value());
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_TRUE(status.message().starts_with("the plan for 1000x30000x30000 needs ")) << status.message();
  session.Execute();
  EXPECT_EQ(session.output(0).as<float>()[1], 9.0f);
}

TEST(Session, TellsOfEachStep) {
  const auto engine = SmallEngine();
  Session session(1);
  const auto plan = engine->PlanFor({1, 1, 2}, 1).value();
  ASSERT_TRUE(session.Prepare(plan).ok());
  FillInput(session);
  std::vector<std::string_view> done;
  session.Execute([&](size_t step) { done.push_back(plan->steps[step].name); });
  ASSERT_EQ(done.size(), plan->steps.size());
  EXPECT_FALSE(done.empty());
  EXPECT_EQ(session.output(0).as<float>()[1], 9.0f);
}

}  // namespace
}  // namespace segforge
