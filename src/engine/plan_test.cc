#include "engine/plan.h"

#include <gtest/gtest.h>

namespace segforge {
namespace {

const ValueType kImage = {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 16}};

std::shared_ptr<const Program> MustCompile(const Graph& graph, const Backend& backend = MakeRefBackend()) {
  auto program = Compile(graph, backend);
  EXPECT_TRUE(program.ok()) << program.status().message();
  return program.value();
}

std::shared_ptr<const Plan> MustPlan(const Graph& graph, const InputSize& size,
                                     const Backend& backend = MakeRefBackend()) {
  auto plan = MakePlan(MustCompile(graph, backend), size, 1);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return plan.value();
}

NodeId AddZeros(Graph& graph, const std::string& name, Shape shape) {
  Tensor tensor(DType::kF32, shape);
  std::ranges::fill(tensor.span<float>(), 0.0f);
  return graph.AddConstant(name, std::move(tensor));
}

constexpr size_t kBytes = 2 * 4 * 8 * 16 * 4;  // of kImage at 2 x 4 x 8
constexpr InputSize kSize = {2, 4, 8};

TEST(Plan, UnaryStepsRunInPlaceButNotOverTheInput) {
  Graph graph;
  NodeId x = graph.AddInput("x", kImage);
  for (const char* name : {"a", "b", "c", "d"}) x = graph.Add(Op::kRelu, name, {x}).value();
  graph.AddOutput("y", x);
  const auto plan = MustPlan(graph, kSize);
  ASSERT_EQ(plan->steps.size(), 4u);
  EXPECT_EQ(plan->arena_bytes, 2 * kBytes);
  EXPECT_NE(plan->steps[0].output.offset_bytes, plan->inputs[0].offset_bytes);
  EXPECT_EQ(plan->steps[3].output.offset_bytes, plan->steps[0].output.offset_bytes);
}

TEST(Plan, DoesNotOverwriteWhatIsReadLater) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId a = graph.Add(Op::kRelu, "a", {x}).value();
  const NodeId b = graph.Add(Op::kGelu, "b", {a}).value();
  graph.AddOutput("y", graph.Add(Op::kAdd, "c", {a, b}).value());
  const auto plan = MustPlan(graph, kSize);
  EXPECT_NE(plan->steps[1].output.offset_bytes, plan->steps[0].output.offset_bytes);
  EXPECT_EQ(plan->arena_bytes, 3 * kBytes);
}

TEST(Plan, KeepsOutputsThatAreReadToo) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId a = graph.Add(Op::kRelu, "a", {x}).value();
  const NodeId b = graph.Add(Op::kGelu, "b", {a}).value();
  graph.AddOutput("a", a);
  graph.AddOutput("x", x);
  graph.AddOutput("b", b);
  const auto plan = MustPlan(graph, kSize);
  EXPECT_EQ(plan->arena_bytes, 3 * kBytes);
  EXPECT_EQ(plan->outputs[1].offset_bytes, plan->inputs[0].offset_bytes);
}

// Overwrites its first input and no other.
class FirstOnly : public Kernel {
 public:
  bool MayOverwrite(size_t index) const override { return index == 0; }
  void Run(const KernelArgs&) const override {}
};

Result<std::unique_ptr<Kernel>> MakeFirstOnly(const Graph&, const Node&) {
  return std::unique_ptr<Kernel>(std::make_unique<FirstOnly>());
}

TEST(Plan, AnInputReadTwiceIsOverwrittenOnlyWhenBothReadsAllowIt) {
  const Backend backend("test", {{Op::kAdd, "add", MakeFirstOnly}, {Op::kRelu, "relu", MakeFirstOnly}});
  Graph graph;
  const NodeId a = graph.Add(Op::kRelu, "a", {graph.AddInput("x", kImage)}).value();
  graph.AddOutput("y", graph.Add(Op::kAdd, "twice", {a, a}).value());
  const auto plan = MustPlan(graph, kSize, backend);
  EXPECT_NE(plan->steps[1].output.offset_bytes, plan->steps[0].output.offset_bytes);
}

TEST(Plan, CountsScratchAndMacs) {
  Graph graph;
  const NodeId q = graph.AddInput("q", kImage);
  const NodeId kv = graph.AddInput("kv", {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 32}});
  graph.AddOutput("y", graph.Add(Op::kAttention, "attention", {q, kv}, AttentionAttrs{2, 1}).value());
  const auto plan = MustPlan(graph, kSize);
  EXPECT_EQ(plan->steps[0].macs, 2 * 2 * 32 * 32 * 16);
  EXPECT_GE(plan->steps[0].scratch_bytes, 32 * sizeof(double));
  EXPECT_GE(plan->arena_bytes, 4 * kBytes + plan->steps[0].scratch_bytes);
  EXPECT_EQ(plan->arena_bytes, plan->peak_bytes);
}

TEST(Plan, RefusesSizesThatAreTooSmallOrTooLarge) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId w = AddZeros(graph, "w", {16, 8, 8, 16});
  const NodeId b = AddZeros(graph, "b", {16});
  graph.AddOutput("y", graph.Add(Op::kPatchLinear, "sr", {x, w, b}, Conv2dAttrs{8, 0}).value());
  const auto program = MustCompile(graph);
  EXPECT_TRUE(MakePlan(program, {1, 8, 8}, 1).ok());
  EXPECT_EQ(MakePlan(program, {1, 7, 8}, 1).status().message(),
            "an input of 7x8 is too small: [N, floor(H/8), floor(W/8), 16] would be empty");
  for (const InputSize size : {InputSize{0, 8, 8}, InputSize{1, -8, 8}, InputSize{1, int64_t{1} << 62, 8},
                               InputSize{int64_t{1} << 40, int64_t{1} << 40, int64_t{1} << 40}}) {
    EXPECT_EQ(MakePlan(program, size, 1).status().code(), StatusCode::kInvalidInput);
  }
}

TEST(Program, NamesWhatTheBackendLacks) {
  Graph graph;
  graph.AddOutput("y", graph.Add(Op::kRelu, "stage1.relu", {graph.AddInput("x", kImage)}).value());
  const auto program = Compile(graph, Backend("tiny", {}));
  EXPECT_EQ(program.status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(program.status().message(), "stage1.relu: backend tiny has no kernel for Relu");
}

TEST(Program, RefusesAConstantOutput) {
  Graph graph;
  graph.AddInput("x", kImage);
  graph.AddOutput("y", AddZeros(graph, "c", {3}));
  EXPECT_EQ(Compile(graph, MakeRefBackend()).status().message(), "output \"y\" is a constant");
}

}  // namespace
}  // namespace segforge
