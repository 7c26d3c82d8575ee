#include "model/family.h"

#include <gmock/gmock.h>

#include "model/synthetic_checkpoint.h"

namespace segforge {
namespace {

using ::testing::HasSubstr;
using testing::MakeCheckpoint;
using testing::Shapes;
using testing::ShapesOf;
using testing::WithPrefix;

constexpr std::array<Family, 3> kFamilies = {Family::kNvlabs, Family::kHuggingFace, Family::kMmseg1};

Shapes Merged(Shapes a, const Shapes& b) {
  a.insert(b.begin(), b.end());
  return a;
}

TEST(FindFamily, KnowsEachFamilyByItsNames) {
  for (Family family : kFamilies) {
    const auto match = FindFamily(MakeCheckpoint(ShapesOf(family, {})));
    ASSERT_TRUE(match.ok()) << match.status().message();
    EXPECT_EQ(match->names->family, family);
    EXPECT_EQ(match->prefix, "");
  }
}

TEST(FindFamily, StripsPrefixes) {
  for (const char* prefix : {"module.", "model.", "state_dict.module.", "ema_model."}) {
    for (Family family : kFamilies) {
      const auto match = FindFamily(MakeCheckpoint(WithPrefix(prefix, ShapesOf(family, {}))));
      ASSERT_TRUE(match.ok()) << match.status().message();
      EXPECT_EQ(match->names->family, family);
      EXPECT_EQ(match->prefix, prefix);
    }
  }
}

TEST(FindFamily, PrefersTheCopyThatIsNoEma) {
  const Shapes plain = ShapesOf(Family::kNvlabs, {});
  for (const char* copy : {"ema_model.", "ema.", "model_ema.module."}) {
    const Shapes both = Merged(WithPrefix("module.model.", plain), WithPrefix(copy, plain));
    const auto match = FindFamily(MakeCheckpoint(both));
    ASSERT_TRUE(match.ok());
    EXPECT_EQ(match->prefix, "module.model.");
  }
}

TEST(FindFamily, ANameThatMerelyEndsAlikeIsNoPrefix) {
  Shapes shapes;
  for (const auto& [name, shape] : ShapesOf(Family::kNvlabs, {})) shapes["my" + name] = shape;
  EXPECT_FALSE(FindFamily(MakeCheckpoint(shapes)).ok());
}

TEST(FindFamily, OneLandmarkIsEnough) {
  Shapes shapes = ShapesOf(Family::kMmseg1, {});
  shapes.erase("backbone.layers.0.0.projection.weight");
  const auto match = FindFamily(MakeCheckpoint(shapes));
  ASSERT_TRUE(match.ok());
  EXPECT_EQ(match->names->family, Family::kMmseg1);
}

TEST(FindFamily, AnEncoderWithoutHeadSaysSo) {
  for (Family family : kFamilies) {
    Shapes encoder, bare;
    for (const auto& [name, shape] : ShapesOf(family, {})) {
      if (name.starts_with("decode_head.")) continue;
      encoder[name] = shape;
      bare[name.substr(name.find('.') + 1)] = shape;  // as the ImageNet checkpoints name it
    }
    bare["head.weight"] = {1000, 256};
    for (const Shapes& shapes : {encoder, bare}) {
      const auto match = FindFamily(MakeCheckpoint(shapes));
      ASSERT_FALSE(match.ok());
      EXPECT_THAT(match.status().message(), HasSubstr("encoder only: no decode head"));
    }
  }
}

TEST(FindFamily, SaysWhatItLookedFor) {
  const auto match = FindFamily(MakeCheckpoint({{"bert.embeddings.weight", {4, 4}}}));
  ASSERT_FALSE(match.ok());
  EXPECT_THAT(match.status().message(), HasSubstr("no SegFormer: none of its 1 tensors"));
  EXPECT_THAT(match.status().message(), HasSubstr("\"backbone.layers.0.0.projection.weight\""));
}

}  // namespace
}  // namespace segforge
