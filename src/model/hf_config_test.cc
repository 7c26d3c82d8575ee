#include "model/hf_config.h"

#include <gmock/gmock.h>

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(std::string_view json) {
  const auto config = ParseHfConfig(json);
  return config.ok() ? "" : config.status().message();
}

ModelConfig FoundB0() {
  ModelConfig found;
  const std::array<int64_t, 4> widths = {32, 64, 160, 256};
  for (size_t i = 0; i < 4; ++i) {
    found.stages[i].width = widths[i];
    found.stages[i].depth = 2;
    found.stages[i].ffn_width = 4 * widths[i];
  }
  found.head_width = 256;
  found.classes = 2;
  return found;
}

std::string ContradictionOf(std::string_view json) {
  const auto config = ParseHfConfig(json);
  return config.ok() ? CheckAgrees(*config, FoundB0()).message() : config.status().message();
}

TEST(ParseHfConfig, ReadsWhatTheWeightsCannotTell) {
  const auto config = ParseHfConfig(R"({"model_type": "segformer", "hidden_act": "gelu",
      "num_attention_heads": [1, 2, 5, 8], "sr_ratios": [8, 4, 2, 1], "mlp_ratios": [4, 4, 4, 4],
      "id2label": {"0": "road", "1": "line\nbreak", "10": "k", "2": "c", "3": "d", "4": "e", "5": "f",
                   "6": "g", "7": "h", "8": "i", "9": "j"}})");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_THAT(*config->num_attention_heads, ElementsAre(1, 2, 5, 8));
  EXPECT_THAT(*config->sr_ratios, ElementsAre(8, 4, 2, 1));
  EXPECT_FALSE(config->depths.has_value());
  EXPECT_THAT(config->class_names,
              ElementsAre("road", "line?break", "c", "d", "e", "f", "g", "h", "i", "j", "k"));
}

TEST(ParseHfConfig, RefusesWhatItDoesNotCompute) {
  EXPECT_THAT(ErrorOf(R"({"hidden_act": "relu"})"), HasSubstr(R"(hidden_act: expected "gelu", got "relu")"));
  EXPECT_THAT(ErrorOf(R"({"model_type": "bert"})"), HasSubstr(R"(expected "segformer", got "bert")"));
  EXPECT_THAT(ErrorOf(R"({"patch_sizes": [4, 2, 2, 2]})"), HasSubstr("expected [7,3,3,3], got [4,2,2,2]"));
  EXPECT_THAT(ErrorOf(R"({"strides": [2, 2, 2, 2]})"), HasSubstr("strides"));
  EXPECT_THAT(ErrorOf(R"({"num_channels": 4})"), HasSubstr("num_channels: expected 3, got 4"));
}

TEST(ParseHfConfig, RefusesWrongTypes) {
  EXPECT_NE(ErrorOf("[1, 2]"), "");
  EXPECT_NE(ErrorOf("{\"depths\": "), "");
  for (const char* value : {"2", "[2, 2, 2]", "[2, 2, 2, 2.5]", "[2, 2, 2, \"2\"]", "[2, 2, 2, 0]",
                            "[2, 2, 2, -1]", "[2, 2, 2, 1e300]", "[2, 2, 2, 99999999999999999999]"}) {
    EXPECT_THAT(ErrorOf(fmt::format(R"({{"depths": {}}})", value)),
                HasSubstr("depths: expected 4 positive numbers, got"));
  }
  EXPECT_THAT(ErrorOf(R"({"id2label": ["a"]})"), HasSubstr("id2label: expected an object"));
  EXPECT_THAT(ErrorOf(R"({"id2label": {"0": "a", "2": "b"}})"), HasSubstr("none for class 1"));
  EXPECT_THAT(ErrorOf(R"({"decoder_hidden_size": "wide"})"), HasSubstr("expected a number"));
}

TEST(CheckAgrees, NamesWhatContradictsTheWeights) {
  EXPECT_EQ(ContradictionOf(R"({"depths": [2, 2, 2, 2], "hidden_sizes": [32, 64, 160, 256],
      "mlp_ratios": [4, 4, 4, 4], "decoder_hidden_size": 256, "id2label": {"0": "a", "1": "b"}})"),
            "");
  EXPECT_EQ(ContradictionOf(R"({"depths": [3, 4, 6, 3]})"),
            "config.json contradicts the weights: depths is [3, 4, 6, 3], the weights have [2, 2, 2, 2]");
  EXPECT_THAT(ContradictionOf(R"({"hidden_sizes": [64, 128, 320, 512]})"), HasSubstr("[32, 64, 160, 256]"));
  EXPECT_THAT(ContradictionOf(R"({"mlp_ratios": [8, 8, 4, 4]})"),
              HasSubstr("[256, 512, 640, 1024], the weights have [128, 256, 640, 1024]"));
  EXPECT_THAT(ContradictionOf(R"({"decoder_hidden_size": 768})"), HasSubstr("768, the weights have 256"));
  EXPECT_THAT(ContradictionOf(R"({"id2label": {"0": "a"}})"), HasSubstr("classes is 1, the weights have 2"));
}

TEST(IsSegformerConfig, TellsOtherFiles) {
  EXPECT_TRUE(IsSegformerConfig(R"({"model_type": "segformer"})"));
  EXPECT_FALSE(IsSegformerConfig(R"({"model_type": "bert"})"));
  EXPECT_FALSE(IsSegformerConfig("{}"));
  EXPECT_FALSE(IsSegformerConfig("not json"));
}

}  // namespace
}  // namespace segforge
