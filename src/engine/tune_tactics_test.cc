#include "engine/tune_tactics.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/engine.h"

namespace segforge {
namespace {

// y = x, slowly, unless it is told to be fast.
class CopyKernel final : public Kernel {
 public:
  explicit CopyKernel(std::string tactic = "") : tactic_(std::move(tactic)) {}

  size_t ScratchBytes(std::span<const Shape>, int) const override { return tactic_ == "large" ? 4096 : 64; }

  void Run(const KernelArgs& args) const override {
    if (tactic_ != "fast") std::this_thread::sleep_for(std::chrono::milliseconds(tactic_.empty() ? 2 : 4));
    std::fill_n(args.scratch, ScratchBytes({}, 1), std::byte{1});
    std::copy_n(args.inputs[0].as<float>(), args.output.shape.elems(), args.output.as<float>());
  }

  std::vector<std::string> Tactics(std::span<const Shape>) const override {
    return {"large", "fast", "none"};
  }

  Result<std::unique_ptr<const Kernel>> WithTactic(std::span<const Shape> inputs,
                                                   std::string_view tactic) const override {
    if (tactic == "none") return OutOfMemory("nothing is left");
    if (tactic != "large" && tactic != "fast") return Kernel::WithTactic(inputs, tactic);
    return std::unique_ptr<const Kernel>(std::make_unique<CopyKernel>(std::string(tactic)));
  }

 private:
  std::string tactic_;
};

Backend CopyBackend() {
  return Backend("copy",
                 {{Op::kRelu, "copy", [](const Graph&, const Node&) -> Result<std::unique_ptr<Kernel>> {
                     return std::unique_ptr<Kernel>(std::make_unique<CopyKernel>());
                   }}});
}

// Two equal nodes in a row.
std::unique_ptr<Engine> TwoCopies() {
  Graph graph;
  const NodeId x = graph.AddInput("image", {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 3}});
  const NodeId first = graph.Add(Op::kRelu, "first", {x}).value();
  graph.AddOutput("y", graph.Add(Op::kRelu, "second", {first}).value());
  return Engine::Build(std::move(graph), CopyBackend(), {}).value();
}

struct Prepared {
  explicit Prepared(Engine& engine)
      : plan(engine.PlanFor({1, 4, 4}, 1).value()), session(engine.NewSession(1).value()) {
    EXPECT_TRUE(session->Prepare(plan).ok());
  }
  std::shared_ptr<const Plan> plan;
  std::unique_ptr<Session> session;
};

TEST(TuneTactics, FindsTheFastestOfEachKindOnce) {
  const auto engine = TwoCopies();
  const Prepared prepared(*engine);
  TimingCache cache("here");
  TuneReport report;
  const auto tactics = TuneTactics(*prepared.plan, *prepared.session, cache, report);
  ASSERT_TRUE(tactics.ok()) << tactics.status().message();
  EXPECT_EQ(*tactics, (std::vector<std::string>{"fast", "fast"}));
  EXPECT_EQ(report.steps, 2);
  EXPECT_EQ(report.timed, 1);
  EXPECT_EQ(report.known, 0);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(TuneTactics, BelievesTheCache) {
  const auto engine = TwoCopies();
  const Prepared prepared(*engine);
  TimingCache cache("here");
  TuneReport first;
  ASSERT_TRUE(TuneTactics(*prepared.plan, *prepared.session, cache, first).ok());
  TuneReport report;
  const auto again = TuneTactics(*prepared.plan, *prepared.session, cache, report);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, (std::vector<std::string>{"fast", "fast"}));
  EXPECT_EQ(report.timed, 0);
  EXPECT_EQ(report.known, 1);
}

TEST(TuneTactics, PlansRunWhatTheEngineIsTold) {
  const auto engine = TwoCopies();
  EXPECT_EQ(engine->UseTactics({1, 4, 4}, {"fast"}).message(),
            "tactics for 1x4x4: expected 2, one for each step, got 1");
  const auto before = engine->PlanFor({1, 4, 4}, 1).value();
  EXPECT_TRUE(before->steps[0].tactic.empty());
  ASSERT_TRUE(engine->UseTactics({1, 4, 4}, {"large", "gone since"}).ok());
  const auto plan = engine->PlanFor({1, 4, 4}, 1).value();
  EXPECT_EQ(plan->steps[0].tactic, "large");
  EXPECT_EQ(plan->steps[0].scratch_bytes, 4096U);
  EXPECT_TRUE(plan->steps[1].tactic.empty());  // the kernel's own choice
  EXPECT_TRUE(engine->PlanFor({1, 4, 5}, 1).value()->steps[0].tactic.empty());

  const auto session = engine->NewSession(1).value();
  ASSERT_TRUE(session->Prepare(plan).ok());
  for (float& value : session->input().span<float>()) value = 7;
  ASSERT_TRUE(session->Execute().ok());
  for (const float value : session->output(0).value().span<float>()) EXPECT_EQ(value, 7);
}

TEST(TuneTactics, APlanWithoutMemoryForATacticFails) {
  const auto engine = TwoCopies();
  ASSERT_TRUE(engine->UseTactics({1, 4, 4}, {"none", ""}).ok());
  EXPECT_EQ(engine->PlanFor({1, 4, 4}, 1).status().code(), StatusCode::kOutOfMemory);
}

}  // namespace
}  // namespace segforge
