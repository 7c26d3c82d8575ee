#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "engine/cpu_session.h"

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
  CpuSession session(CpuUpsampleArgmax, 2);
  ASSERT_TRUE(session.Prepare(engine->PlanFor({1, 1, 2}, 2).value()).ok());
  FillInput(session);  // pixels (-0.5, 0, 0.5) and (1, 1.5, 2)
  for (int run = 0; run < 3; ++run) {
    ASSERT_TRUE(session.Execute().ok());
    const ConstTensorView y = session.output(0).value();
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
      CpuSession session(CpuUpsampleArgmax, 1);
      for (int run = 0; run < 50; ++run) {
        const InputSize size = {1, 1 + (caller + run) % 20, 2};
        if (!session.Prepare(engine->PlanFor(size, 1).value()).ok()) ++wrong;
        FillInput(session);
        if (!session.Execute().ok()) ++wrong;
        if (session.output(0).value().as<float>()[1] != 9.0f) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Engine, PlansOutliveIt) {
  auto engine = SmallEngine();
  CpuSession session(CpuUpsampleArgmax, 1);
  ASSERT_TRUE(session.Prepare(engine->PlanFor({1, 1, 2}, 1).value()).ok());
  engine.reset();
  FillInput(session);
  ASSERT_TRUE(session.Execute().ok());
  EXPECT_EQ(session.output(0).value().as<float>()[1], 9.0f);
}

class Nothing : public Kernel {
  void Run(const KernelArgs&) const override {}
};

Result<std::unique_ptr<Kernel>> MakeNothing(const Graph&, const Node&) {
  return std::unique_ptr<Kernel>(std::make_unique<Nothing>());
}

TEST(Engine, KeepsNoWeightsThatNoKernelHolds) {
  const Backend backend("test", {{Op::kLinear, "linear", MakeNothing}, {Op::kRelu, "relu", MakeNothing}});
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

// A backend that says that it computes in fp16.
Backend NarrowBackend() {
  BackendTraits traits;
  traits.precisions = {Precision::kFp32, Precision::kFp16};
  return Backend("narrow",
                 {{Op::kLinear, "linear", MakeNothing},
                  {Op::kRelu, "relu", MakeNothing},
                  {Op::kCast, "cast", MakeNothing}},
                 std::move(traits));
}

Result<std::unique_ptr<Engine>> NarrowEngine(std::vector<std::string> fp32_layers) {
  EngineOptions options;
  options.precision = Precision::kFp16;
  options.fp32_layers = std::move(fp32_layers);
  return Engine::Build(SmallGraph(), NarrowBackend(), std::move(options));
}

TEST(Engine, BuildsForANarrowPrecision) {
  const auto engine = NarrowEngine({});
  ASSERT_TRUE(engine.ok()) << engine.status().message();
  const auto plan = (*engine)->PlanFor({1, 8, 16}, 1).value();
  EXPECT_EQ(plan->inputs[0].dtype, DType::kF16);
  EXPECT_EQ(plan->outputs[0].dtype, DType::kF32);
  std::vector<DType> types;
  for (const Step& step : plan->steps) types.push_back(step.output.dtype);
  EXPECT_EQ(types,
            (std::vector{DType::kF16, DType::kF16, DType::kF32}));  // linear, relu, a Cast of the output
  // input and linear together, of 2 bytes; or relu of 2 bytes with the input and the output of 4
  EXPECT_EQ(plan->peak_bytes, static_cast<size_t>(8 * 16 * (2 * 3 + 2 + 4)));
}

TEST(Engine, KeepsLayersInFp32) {
  const auto engine = NarrowEngine({"lin*"});
  ASSERT_TRUE(engine.ok()) << engine.status().message();
  const auto plan = (*engine)->PlanFor({1, 8, 16}, 1).value();
  EXPECT_EQ(plan->inputs[0].dtype, DType::kF32);
  EXPECT_EQ(plan->steps[0].output.dtype, DType::kF32);
  EXPECT_EQ(plan->steps[1].name, "linear.f16");
}

TEST(Engine, RefusesAPrecisionThatTheBackendHasNot) {
  EngineOptions options;
  options.precision = Precision::kBf16;
  EXPECT_EQ(Engine::Build(SmallGraph(), MakeCpuBackend(), options).status().message(),
            "cpu: computes in fp32, not in bf16");
  EXPECT_EQ(Engine::Build(SmallGraph(), NarrowBackend(), options).status().message(),
            "narrow: computes in fp32, fp16, not in bf16");
}

TEST(Engine, RefusesLayersThatAreNotThere) {
  EXPECT_EQ(NarrowEngine({"relu", "liner"}).status().message(),
            "no layer is named \"liner\"; `segforge inspect --graph` lists them");
  EXPECT_FALSE(NarrowEngine({"line"}).ok());  // a beginning ends at a dot
  EXPECT_FALSE(NarrowEngine({"image"}).ok());
}

TEST(Session, RefusesAPlanThatDoesNotFitAndKeepsTheOldOne) {
  const auto engine = SmallEngine();
  CpuSession session(CpuUpsampleArgmax, 1);
  ASSERT_TRUE(session.Prepare(engine->PlanFor({1, 1, 2}, 1).value()).ok());
  FillInput(session);
  const auto huge = engine->PlanFor({1000, 30000, 30000}, 1);
  ASSERT_TRUE(huge.ok());
  const Status status = session.Prepare(huge.value());
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_TRUE(status.message().starts_with("the plan for 1000x30000x30000 needs ")) << status.message();
  ASSERT_TRUE(session.Execute().ok());
  EXPECT_EQ(session.output(0).value().as<float>()[1], 9.0f);
}

TEST(Session, TellsOfEachStep) {
  const auto engine = SmallEngine();
  CpuSession session(CpuUpsampleArgmax, 1);
  const auto plan = engine->PlanFor({1, 1, 2}, 1).value();
  ASSERT_TRUE(session.Prepare(plan).ok());
  FillInput(session);
  std::vector<std::string_view> done;
  const Status status = session.Execute([&](size_t step) { done.push_back(plan->steps[step].name); });
  ASSERT_TRUE(status.ok());
  ASSERT_EQ(done.size(), plan->steps.size());
  EXPECT_FALSE(done.empty());
  EXPECT_EQ(session.output(0).value().as<float>()[1], 9.0f);
}

TEST(Session, TellsWhenEachStepWasDone) {
  const auto engine = SmallEngine();
  const std::unique_ptr<Session> session = engine->NewSession(1).value();
  const auto plan = engine->PlanFor({1, 1, 2}, 1).value();
  ASSERT_TRUE(session->Prepare(plan).ok());
  FillInput(*session);
  std::vector<double> ends_us(plan->steps.size(), -1);
  ASSERT_TRUE(session->ExecuteTimed(ends_us).ok());
  EXPECT_GE(ends_us.front(), 0);
  EXPECT_TRUE(std::ranges::is_sorted(ends_us));
  EXPECT_EQ(session->output(0).value().as<float>()[1], 9.0f);
}

// Red pixels give 1 * 255 - 1, black ones 0: two images of a batch, the second of twice the size.
TEST(Session, TakesImagesOfABatchAndGivesTheirLabels) {
  const auto engine = SmallEngine();
  const std::unique_ptr<Session> session = engine->NewSession(2).value();
  ASSERT_TRUE(session->Prepare(engine->PlanFor({2, 1, 2}, 2).value()).ok());
  Preprocessing plain;
  plain.rescale = 1;
  plain.mean = {0, 0, 0};
  plain.std = {1, 1, 1};
  const std::vector<uint8_t> small = {255, 0, 0, 0, 0, 0};
  std::vector<uint8_t> large(2 * 4 * 3);
  for (size_t i = 0; i < large.size(); i += 3) large[i] = 255;
  const std::array<ImageView, 2> images = {{{small.data(), 1, 2, 6}, {large.data(), 2, 4, 12}}};
  const RunResults results = {DType::kU8, true, true};
  ASSERT_TRUE(session->Start(images, plain, results).ok());
  const auto y = session->output(0).value().span<float>();
  EXPECT_EQ(std::vector<float>(y.begin(), y.end()), (std::vector<float>{254, 0, 254, 254}));
  EXPECT_EQ(ImageOf(session->output(0).value(), 1).as<float>(), y.data() + 2);

  Tensor first(DType::kU8, Shape{1, 2}), labels(DType::kU8, Shape{2, 4});
  Tensor first_confidence(DType::kF32, Shape{1, 2}), confidence(DType::kF32, Shape{2, 4});
  std::ranges::fill(labels.span<uint8_t>(), uint8_t{7});
  const std::array<LabelMaps, 2> maps = {
      {{first.view(), first_confidence.view()}, {labels.view(), confidence.view()}}};
  ASSERT_TRUE(session->Finish(maps).ok());
  EXPECT_TRUE(std::ranges::all_of(labels.span<uint8_t>(), [](uint8_t label) { return label == 0; }));
  EXPECT_TRUE(std::ranges::all_of(confidence.span<float>(), [](float value) { return value == 1; }));
}

}  // namespace
}  // namespace segforge
