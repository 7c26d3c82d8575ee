#include "model/weights.h"

#include <gmock/gmock.h>

#include <limits>

#include "model/structure.h"
#include "model/synthetic_checkpoint.h"

namespace segforge {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::MakeCheckpoint;
using testing::Shapes;
using testing::ShapesOf;

Result<ModelWeights> Read(const Checkpoint& checkpoint) {
  SEGFORGE_ASSIGN_OR_RETURN(const FamilyMatch match, FindFamily(checkpoint));
  SEGFORGE_ASSIGN_OR_RETURN(const ModelConfig config, FindStructure(checkpoint, match, std::nullopt));
  return ReadWeights(checkpoint, match, config);
}

std::string ErrorOf(const Checkpoint& checkpoint) {
  const auto weights = Read(checkpoint);
  return weights.ok() ? "" : weights.status().message();
}

NamedTensor& Named(Checkpoint& checkpoint, std::string_view name) {
  for (NamedTensor& tensor : checkpoint.tensors) {
    if (tensor.name == name) return tensor;
  }
  SEGFORGE_CHECK(false);
}

// Rows [first, first + count) of a stored tensor, flat.
std::vector<float> Rows(const Checkpoint& checkpoint, std::string_view name, int64_t first, int64_t count) {
  const ConstTensorView* tensor = checkpoint.Find(name);
  const int64_t row = tensor->shape.elems() / tensor->shape[0];
  const float* begin = tensor->as<float>() + first * row;
  return {begin, begin + count * row};
}

std::vector<float> Values(const Weight& weight) {
  const auto values = weight.tensor->span<float>();
  return {values.begin(), values.end()};
}

TEST(ReadWeights, CutsNvlabsKeysAndValuesApart) {
  const Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kNvlabs, {}), true);
  const ModelWeights weights = Read(checkpoint).value();
  const BlockWeights& block = weights.stages[1].blocks[0];
  const std::string kv = "backbone.block2.0.attn.kv.";
  EXPECT_EQ(Values(block.key.weight), Rows(checkpoint, kv + "weight", 0, 64));
  EXPECT_EQ(Values(block.value.weight), Rows(checkpoint, kv + "weight", 64, 64));
  EXPECT_EQ(Values(block.key.bias), Rows(checkpoint, kv + "bias", 0, 64));
  EXPECT_EQ(Values(block.value.bias), Rows(checkpoint, kv + "bias", 64, 64));
  EXPECT_EQ(block.value.weight.name, "backbone.block2.0.attn.kv.weight[64:128]");
  EXPECT_EQ(block.query.weight.name, "backbone.block2.0.attn.q.weight");
}

TEST(ReadWeights, CutsMmsegInProjectionIntoQueriesKeysAndValues) {
  const Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kMmseg1, {}), true);
  const ModelWeights weights = Read(checkpoint).value();
  const BlockWeights& block = weights.stages[2].blocks[1];
  const std::string in = "backbone.layers.2.1.1.attn.attn.in_proj_";
  EXPECT_EQ(Values(block.query.weight), Rows(checkpoint, in + "weight", 0, 160));
  EXPECT_EQ(Values(block.key.weight), Rows(checkpoint, in + "weight", 160, 160));
  EXPECT_EQ(Values(block.value.weight), Rows(checkpoint, in + "weight", 320, 160));
  EXPECT_EQ(Values(block.value.bias), Rows(checkpoint, in + "bias", 320, 160));
}

TEST(ReadWeights, TakesHuggingFaceLayersFromTheirOwnTensors) {
  const Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kHuggingFace, {}), true);
  const ModelWeights weights = Read(checkpoint).value();
  const BlockWeights& block = weights.stages[0].blocks[1];
  const std::string name = "segformer.encoder.block.0.1.";
  EXPECT_EQ(Values(block.key.weight), Rows(checkpoint, name + "attention.self.key.weight", 0, 32));
  EXPECT_EQ(Values(block.proj.bias), Rows(checkpoint, name + "attention.output.dense.bias", 0, 32));
  EXPECT_EQ(Values(block.fc2.weight), Rows(checkpoint, name + "mlp.dense2.weight", 0, 32));
  EXPECT_EQ(Values(weights.head.fuse_bn.variance),
            Rows(checkpoint, "decode_head.batch_norm.running_var", 0, 256));
}

TEST(ReadWeights, PutsChannelsLast) {
  const Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kNvlabs, {}), true);
  const ModelWeights weights = Read(checkpoint).value();
  const float* conv = checkpoint.Find("backbone.patch_embed1.proj.weight")->as<float>();
  const Tensor& packed = *weights.stages[0].patch_conv.weight.tensor;
  ASSERT_EQ(packed.shape(), (Shape{32, 7, 7, 3}));
  const auto at = [](int64_t out, int64_t in, int64_t y, int64_t x) {
    return ((out * 3 + in) * 7 + y) * 7 + x;
  };
  EXPECT_EQ(packed.span<float>()[((5 * 7 + 2) * 7 + 6) * 3 + 1], conv[at(5, 1, 2, 6)]);
  EXPECT_EQ(packed.span<float>()[((31 * 7 + 6) * 7 + 0) * 3 + 2], conv[at(31, 2, 6, 0)]);

  const float* depthwise = checkpoint.Find("backbone.block1.0.mlp.dwconv.dwconv.weight")->as<float>();
  const Tensor& taps = *weights.stages[0].blocks[0].dwconv.weight.tensor;
  ASSERT_EQ(taps.shape(), (Shape{3, 3, 128}));
  EXPECT_EQ(taps.span<float>()[(1 * 3 + 2) * 128 + 77], depthwise[77 * 9 + 1 * 3 + 2]);
}

TEST(ReadWeights, ConvertsHalfPrecision) {
  Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kNvlabs, {}));
  const std::vector<uint16_t> ones(32, 0x3C00);
  Named(checkpoint, "backbone.norm1.weight").tensor = {ones.data(), DType::kF16, {32}};
  const ModelWeights weights = Read(checkpoint).value();
  EXPECT_EQ(Values(weights.stages[0].norm.weight), std::vector<float>(32, 1.0f));
}

TEST(ReadWeights, ALinearLayerMayBeStoredAsAConvolution) {
  Shapes shapes = ShapesOf(Family::kNvlabs, {});
  shapes["decode_head.linear_pred.weight"] = {19, 256};
  shapes["decode_head.linear_c1.proj.weight"] = {256, 32, 1, 1};
  EXPECT_EQ(ErrorOf(MakeCheckpoint(shapes)), "");
}

TEST(ReadWeights, IgnoresWhatTheModelDoesNotUse) {
  Shapes shapes = ShapesOf(Family::kNvlabs, {});
  shapes["optimizer.state.0.exp_avg"] = {7};
  shapes["ema_backbone_block1_0_norm1_weight"] = {32};
  shapes["auxiliary_head.conv_seg.weight"] = {19, 256, 1, 1};
  EXPECT_EQ(ErrorOf(MakeCheckpoint(shapes)), "");
}

TEST(ReadWeights, AMisshapenTensorIsNamedWithExpectedAndGot) {
  Shapes shapes = ShapesOf(Family::kHuggingFace, {});
  shapes["segformer.encoder.block.0.0.attention.self.sr.weight"] = {32, 32, 4, 4};
  EXPECT_EQ(ErrorOf(MakeCheckpoint(shapes)),
            "tensor \"segformer.encoder.block.0.0.attention.self.sr.weight\": expected shape [32, 32, 8, 8], "
            "got [32, 32, 4, 4] (SegFormer-B0 has sr ratio 8 in stage 1)");
}

TEST(ReadWeights, AllThatIsWrongIsListedOnce) {
  Shapes shapes = ShapesOf(Family::kNvlabs, {});
  shapes.erase("backbone.block1.0.norm2.bias");
  shapes["backbone.block1.1.attn.kv.weight"] = {32, 32};
  shapes["backbone.norm4.weight"] = {255};
  EXPECT_EQ(ErrorOf(MakeCheckpoint(shapes)),
            "missing \"backbone.block1.0.norm2.bias\" [32]; "
            "tensor \"backbone.block1.1.attn.kv.weight\": expected shape [64, 32], got [32, 32]; "
            "tensor \"backbone.norm4.weight\": expected shape [256], got [255]");
}

TEST(ReadWeights, ALongListIsCutAfterTen) {
  Shapes shapes;
  for (const auto& [name, shape] : ShapesOf(Family::kMmseg1, {})) {
    if (!name.starts_with("backbone.layers.3.1.1.ffn") && !name.starts_with("backbone.layers.2.1.0.")) {
      shapes[name] = shape;
    }
  }
  // 18 tensors of one block, and 6 of a feed-forward half.
  EXPECT_THAT(ErrorOf(MakeCheckpoint(shapes)), EndsWith("; and 14 more"));
}

TEST(ReadWeights, AnSrLayerWhereTheModelHasNoneIsRefused) {
  Shapes shapes = ShapesOf(Family::kNvlabs, {});
  shapes["backbone.block4.1.attn.sr.weight"] = {256, 256, 2, 2};
  EXPECT_EQ(ErrorOf(MakeCheckpoint(shapes)),
            "tensor \"backbone.block4.1.attn.sr.weight\": expected none, got shape [256, 256, 2, 2] "
            "(SegFormer-B0 has sr ratio 1 in stage 4)");
}

TEST(ReadWeights, ValuesThatAreNotFiniteAreRefused) {
  for (double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e300}) {
    Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kNvlabs, {}));
    std::vector<double> values(64, 0.5);
    values[63] = bad;
    Named(checkpoint, "backbone.norm2.bias").tensor = {values.data(), DType::kF64, {64}};
    EXPECT_EQ(ErrorOf(checkpoint), "tensor \"backbone.norm2.bias\": not every value is a finite float32");
  }
}

TEST(ReadWeights, ANegativeVarianceIsRefused) {
  Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kHuggingFace, {}));
  std::vector<float> values(256, 1.0f);
  values[7] = -1e-3f;
  Named(checkpoint, "decode_head.batch_norm.running_var").tensor = {values.data(), DType::kF32, {256}};
  EXPECT_THAT(ErrorOf(checkpoint), HasSubstr("running_var\": a variance is negative"));
}

TEST(ReadWeights, IntegersAreNoWeights) {
  Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kNvlabs, {}));
  const std::vector<int64_t> values(32, 1);
  Named(checkpoint, "backbone.norm1.bias").tensor = {values.data(), DType::kI64, {32}};
  EXPECT_EQ(ErrorOf(checkpoint), "tensor \"backbone.norm1.bias\": expected floating-point values, got i64");
}

}  // namespace
}  // namespace segforge
