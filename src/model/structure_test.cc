#include "model/structure.h"

#include <gmock/gmock.h>

#include "model/synthetic_checkpoint.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakeCheckpoint;
using testing::Published;
using testing::Shapes;
using testing::ShapesOf;
using testing::SyntheticModel;

Result<ModelConfig> Find(const Shapes& shapes, const std::optional<HfConfig>& said = std::nullopt) {
  const Checkpoint checkpoint = MakeCheckpoint(shapes);
  SEGFORGE_ASSIGN_OR_RETURN(const FamilyMatch match, FindFamily(checkpoint));
  return FindStructure(checkpoint, match, said);
}

void ExpectStages(const ModelConfig& found, const SyntheticModel& made) {
  EXPECT_EQ(CollectStages(found, &Stage::width), made.widths);
  EXPECT_EQ(CollectStages(found, &Stage::depth), made.depths);
  EXPECT_EQ(CollectStages(found, &Stage::sr_ratio), made.sr);
  EXPECT_THAT(CollectStages(found, &Stage::heads), ElementsAre(1, 2, 5, 8));
  EXPECT_THAT(CollectStages(found, &Stage::patch), ElementsAre(7, 3, 3, 3));
  EXPECT_THAT(CollectStages(found, &Stage::stride), ElementsAre(4, 2, 2, 2));
  for (const Stage& stage : found.stages) EXPECT_EQ(stage.ffn_width, stage.width * made.ffn_ratio);
}

TEST(FindStructure, FindsB0ToB5OfEveryFamilyFromWeightsAlone) {
  for (Family family : {Family::kNvlabs, Family::kHuggingFace, Family::kMmseg1}) {
    for (int variant = 0; variant <= 5; ++variant) {
      SyntheticModel made = Published(variant);
      made.classes = 150 + variant;
      const auto found = Find(ShapesOf(family, made));
      ASSERT_TRUE(found.ok()) << found.status().message();
      EXPECT_EQ(found->variant, fmt::format("B{}", variant));
      EXPECT_EQ(found->family, family);
      EXPECT_EQ(found->head_width, made.head_width);
      EXPECT_EQ(found->classes, made.classes);
      ExpectStages(*found, made);
    }
  }
}

TEST(FindStructure, KnowsEachFamilysEps) {
  const auto eps = [](Family family) {
    const ModelConfig found = Find(ShapesOf(family, {})).value();
    return std::array{found.eps_patch, found.eps_block, found.eps_sr, found.eps_stage};
  };
  EXPECT_THAT(eps(Family::kNvlabs), ElementsAre(1e-5f, 1e-6f, 1e-5f, 1e-6f));
  EXPECT_THAT(eps(Family::kHuggingFace), ElementsAre(1e-5f, 1e-5f, 1e-5f, 1e-5f));
  EXPECT_THAT(eps(Family::kMmseg1), ElementsAre(1e-6f, 1e-6f, 1e-6f, 1e-6f));
}

TEST(FindStructure, ACustomModelIsReadFromItsWeights) {
  const SyntheticModel made = {.widths = {16, 32, 80, 128},
                               .depths = {1, 2, 3, 1},
                               .sr = {4, 2, 1, 1},
                               .ffn_ratio = 2,
                               .head_width = 96,
                               .classes = 3};
  const auto found = Find(ShapesOf(Family::kMmseg1, made));
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->variant, "custom");
  ExpectStages(*found, made);
}

TEST(FindStructure, UnusualWidthsNeedTheConfigsHeads) {
  const Shapes shapes = ShapesOf(Family::kNvlabs, {.widths = {32, 64, 128, 256}});
  const auto alone = Find(shapes);
  ASSERT_FALSE(alone.ok());
  EXPECT_THAT(alone.status().message(), HasSubstr("do not tell the number of attention heads"));

  HfConfig said;
  said.num_attention_heads = {1, 2, 4, 8};
  const auto found = Find(shapes, said);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_THAT(CollectStages(*found, &Stage::heads), ElementsAre(1, 2, 4, 8));
  EXPECT_EQ(found->variant, "custom");

  said.num_attention_heads = {1, 2, 5, 8};
  const auto uneven = Find(shapes, said);
  ASSERT_FALSE(uneven.ok());
  EXPECT_THAT(uneven.status().message(),
              HasSubstr("5 attention heads do not divide the width 128 of stage 3"));
}

TEST(FindStructure, OneMisshapenTensorDoesNotOutvoteTheOthers) {
  Shapes shapes = ShapesOf(Family::kNvlabs, {});
  shapes["backbone.patch_embed2.proj.weight"] = {99, 32, 3, 3};
  shapes["backbone.block2.0.norm1.weight"] = {99};
  shapes["backbone.block2.0.mlp.fc1.weight"] = {99, 64};
  shapes["decode_head.linear_c1.proj.weight"] = {99, 32};
  shapes["decode_head.linear_fuse.conv.weight"] = {};
  const auto found = Find(shapes);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->variant, "B0");
  EXPECT_EQ(found->stages[1].ffn_width, 256);
  EXPECT_EQ(found->head_width, 256);
}

TEST(FindStructure, TheConfigsSrRatiosArePutAboveThePublished) {
  HfConfig said;
  said.sr_ratios = {4, 4, 2, 1};
  const auto found = Find(ShapesOf(Family::kHuggingFace, {.sr = {4, 4, 2, 1}}), said);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->stages[0].sr_ratio, 4);
  EXPECT_EQ(found->variant, "custom");
}

TEST(FindStructure, RefusesWhatHasNoBlocksHeadOrClasses) {
  const auto error_without = [](const std::string& part) {
    Shapes shapes;
    for (const auto& [name, shape] : ShapesOf(Family::kNvlabs, {})) {
      if (name.find(part) == std::string::npos) shapes[name] = shape;
    }
    const auto found = Find(shapes);
    return found.ok() ? "" : found.status().message();
  };
  EXPECT_THAT(error_without("block3."), HasSubstr("no block in stage 3"));
  EXPECT_THAT(error_without("linear_pred"),
              HasSubstr("missing \"decode_head.linear_pred.weight\" [classes, 256, 1, 1]"));
  EXPECT_THAT(error_without("linear_"), HasSubstr("no projection and no fuse layer"));
}

TEST(FindStructure, AMadeUpBlockNumberIsRefused) {
  for (const char* number : {"5000", "99999999999999999999999"}) {
    Shapes shapes = ShapesOf(Family::kNvlabs, {});
    shapes[fmt::format("backbone.block1.{}.norm1.weight", number)] = {32};
    const auto found = Find(shapes);
    ASSERT_FALSE(found.ok());
    EXPECT_THAT(found.status().message(), HasSubstr("at most 1000 blocks"));
  }
}

TEST(FindStructure, TooManyClassesForALabelAreRefused) {
  const auto found = Find(ShapesOf(Family::kNvlabs, {.head_width = 1, .classes = 65537}));
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.status().message(), HasSubstr("65537 classes"));
}

}  // namespace
}  // namespace segforge
