#include "passes/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "passes/rewrite.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

using testing::HasSubstr;

std::map<std::string, int> Rewrites(const std::vector<PassReport>& reports) {
  std::map<std::string, int> rewrites;
  for (const PassReport& report : reports) rewrites[std::string(report.name)] = report.rewrites;
  return rewrites;
}

TEST(Pipeline, LeavesOnlyTheEnginesOpsOfASmallSegformer) {
  for (const bool relu_head : {false, true}) {
    Graph graph = SmallSegformer(relu_head);
    const auto rewrites = Rewrites(RunPasses(graph, {}).value());
    const std::map<std::string, int> expected = {{"fuse-layer-norm", 0},
                                                 {"fuse-gelu", 0},
                                                 {"decompose-layer-norm", 0},
                                                 {"decompose-gelu", 0},
                                                 {"fold-batch-norm", relu_head ? 3 : 1},
                                                 {"fold-head", 1},
                                                 {"fuse-decode-head", 1},
                                                 {"fuse-attention", 2},
                                                 {"merge-key-value", 2},
                                                 {"lower-patch-conv", 1},
                                                 {"fuse-mix-ffn", 2},
                                                 {"fuse-depthwise-gelu", 0},
                                                 {"fuse-epilogue", relu_head ? 4 : 2}};
    EXPECT_EQ(rewrites, expected);
    for (Op gone : {Op::kBatchNorm, Op::kRelu, Op::kGelu, Op::kAdd, Op::kMatMul, Op::kSoftmax, Op::kReshape,
                    Op::kTranspose, Op::kConcat, Op::kResizeBilinear, Op::kDepthwiseConv2d}) {
      EXPECT_EQ(CountOps(graph, gone), 0) << NameOf(gone);
    }
    const std::vector<PassReport> again = RunPasses(graph, {}).value();
    for (const PassReport& report : again) EXPECT_EQ(report.rewrites, 0) << report.name;
  }
}

TEST(Pipeline, DisablesByNameOrAll) {
  Graph graph = SmallSegformer(false);
  const auto rewrites = Rewrites(RunPasses(graph, {.disabled = {"fold-head", "fuse-mix-ffn"}}).value());
  EXPECT_FALSE(rewrites.contains("fold-head"));
  EXPECT_EQ(rewrites.at("fuse-depthwise-gelu"), 2);
  EXPECT_EQ(CountOps(graph, Op::kConcat), 1);

  Graph untouched = SmallSegformer(false);
  const std::string before = Print(untouched);
  EXPECT_TRUE(RunPasses(untouched, {.disabled = {"all"}}).value().empty());
  EXPECT_EQ(Print(untouched), before);
}

TEST(Pipeline, RefusesAnUnknownNameWithTheKnownOnes) {
  Graph graph = SmallSegformer(false);
  const Status status = RunPasses(graph, {.disabled = {"fold-heads"}}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidInput);
  EXPECT_THAT(status.message(), HasSubstr("no pass is named \"fold-heads\""));
  for (const Pass& pass : Pipeline()) EXPECT_THAT(status.message(), HasSubstr(std::string(pass.name)));
}

TEST(Pipeline, MakesOnlyOpsThatAreOffered) {
  Graph graph = SmallSegformer(false);
  const auto offers = [](Op op) { return op != Op::kMixFfn && op != Op::kUpsampleSum; };
  const auto rewrites = Rewrites(RunPasses(graph, {.offers = offers}).value());
  EXPECT_FALSE(rewrites.contains("fuse-mix-ffn"));
  EXPECT_FALSE(rewrites.contains("fold-head"));
  EXPECT_EQ(CountOps(graph, Op::kMixFfn) + CountOps(graph, Op::kUpsampleSum), 0);
  EXPECT_EQ(CountOps(graph, Op::kDepthwiseConvGelu), 2);
}

TEST(Pipeline, ShowsTheGraphBeforeAndAfterEachChange) {
  Graph graph = SmallSegformer(false);
  std::string last = Print(graph);
  int changes = 0;
  const auto on_change = [&](const Pass&, const Graph& before, const Graph& after) {
    EXPECT_EQ(Print(before), last);
    last = Print(after);
    ++changes;
  };
  ASSERT_TRUE(RunPasses(graph, {.on_change = on_change}).ok());
  EXPECT_EQ(changes, 8);
  EXPECT_EQ(Print(graph), last);
}

TEST(CommonName, IsTheDottedPrefix) {
  EXPECT_EQ(CommonName({"stage1.block0.attention.q", "stage1.block0.attention.k"}),
            "stage1.block0.attention");
  EXPECT_EQ(CommonName({"a.query", "a.quarter"}), "a");
  EXPECT_EQ(CommonName({"a.b.c", "a.b"}), "a.b");
  EXPECT_EQ(CommonName({"a.b", "a.b.c"}), "a.b");
  EXPECT_EQ(CommonName({"a.b", "a.bc"}), "a");
  EXPECT_EQ(CommonName({"same", "same"}), "same");
  EXPECT_EQ(CommonName({"left", "right"}), "left");
}

}  // namespace
}  // namespace segforge
